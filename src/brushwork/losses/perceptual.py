"""The perceptual loss: named terms from features of the loss network, and their weighted total."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from brushwork.losses.functional import (
    content_loss,
    gram_matrix,
    grid_power,
    log_style_loss,
    normalised_style_loss,
    root_mean_square,
    style_loss,
    total_variation,
)
from brushwork.losses.stripes import stripe_power
from brushwork.losses.vgg import STYLE_LAYERS, VGGFeatures

CONTENT_LAYER = "relu3_3"
StyleForm = Literal["squared", "normalised", "log", "statistics"]


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms: ``total = content * content term + style * sum of the style terms + variation * ...``.

    The default is the project's: style terms normalised by the style's own Gram matrix, the same weights for all
    styles, and no total variation, which at its published weight is about a thousandth of the content loss.

    Attributes:
        content: Weight of the content term.
        style: Weight of each layer's style term.
        variation: Weight of the total variation.
        grid: Weight of the power of grids of period 2 and 4 pixels, which upsampling leaves (`grid_power`).
        stripes: Weight of the power of regular stripes where the content is plain (`stripe_power`).
        style_form: ``squared``, the mean squared difference of the Gram matrices, as published; ``normalised``, that
            divided by the mean square of the style's own Gram matrix; ``log``, the logarithm of the normalised form
            plus a floor; ``statistics``, the loss of `brushwork.losses.adain`.
        log_floor: The floor of ``log``, above 0: a layer that is closer than this to its style has little effect.

    Raises:
        ValueError: If a value is out of its range.
    """

    content: float = 1 / 4e4
    style: float = 5.0
    variation: float = 0.0
    grid: float = 0.0
    stripes: float = 0.0
    style_form: StyleForm = "normalised"
    log_floor: float = 0.02

    @property
    def uses_network(self) -> bool:
        """Whether the loss network is needed: content or style has a weight."""
        return bool(self.content or self.style)

    def __post_init__(self) -> None:
        for name in ("content", "style", "variation", "grid", "stripes"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 0 or more")
        if not 0 < self.log_floor < math.inf:
            raise ValueError(f"log_floor is {self.log_floor}; it must be more than 0")
        if self.style_form not in get_args(StyleForm):
            raise ValueError(f"style_form is {self.style_form!r}, not one of {', '.join(get_args(StyleForm))}")


GHIASI2017 = LossWeights(
    content=1.0, style=0.5e-3, variation=1e4, style_form="squared"
)  # as published in magenta/magenta


class PerceptualLoss(nn.Module):
    """Compares pastiches with content and style (Johnson et al. 2016; Ghiasi et al. 2017, section 2).

    `content_target` and `style_target` compute everything that does not depend on the pastiche, without gradients, and
    only once for pictures that stay the same. They are separate passes of the loss network even if sizes agree: the
    content's pass ends at relu3_3, after two thirds of the computation, which saves more than a larger batch.

    Args:
        weights: Weights of the terms.
        features: The loss network; None loads it.
    """

    def __init__(self, weights: LossWeights | None = None, features: VGGFeatures | None = None) -> None:
        super().__init__()
        self.weights = weights or LossWeights()
        self.features = features or VGGFeatures()

    @torch.no_grad()
    def content_target(self, content: Tensor) -> Tensor:
        """Return features (B, 256, H / 4, W / 4) of content images (B, 3, H, W) in [0, 1]."""
        features: Tensor = self.features(content, (CONTENT_LAYER,))[CONTENT_LAYER]
        return features

    @torch.no_grad()
    def style_target(self, style: Tensor) -> dict[str, Tensor]:
        """Return Gram matrices (B, C, C) by layer of style images (B, 3, H, W) in [0, 1], of any size."""
        # Not a call of the module: that may be compiled, which every new size of a style would repeat.
        features = self.features.forward(style, STYLE_LAYERS)
        return {layer: gram_matrix(features[layer]) for layer in STYLE_LAYERS}

    def compare(self, pastiche: Tensor, content_target: Tensor, style_target: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the terms of pastiches (B, 3, H, W) in [0, 1] against targets of B pictures, or of one for all.

        Returns:
            Per sample (B,), in float32: ``content``; ``style/relu1_2`` and so on (normalised also in the form ``log``);
            ``style``, the sum of the style terms in their form; ``variation``; and ``grid``, if it has a weight. They
            are not weighted, so that runs with other weights can be compared; ``total`` is their weighted sum, the loss
            to minimise.
        """
        features = self.features(pastiche, STYLE_LAYERS)
        layers = {layer: self._compare_style(features[layer], style_target[layer]) for layer in STYLE_LAYERS}
        content = content_loss(features[CONTENT_LAYER], content_target)
        weights = self.weights
        styles = torch.stack(list(layers.values()))
        is_log = weights.style_form == "log"
        style = (log_style_loss(styles, weights.log_floor) if is_log else styles).sum(dim=0)
        terms = {"content": content, **{f"style/{layer}": term for layer, term in layers.items()}, "style": style}
        regularisation = self.regularise(pastiche)
        total = weights.content * content + weights.style * style + regularisation.pop("total")
        return {**terms, **regularisation, "total": total}

    def regularise(self, pastiche: Tensor) -> dict[str, Tensor]:
        """Return the terms (B,) that need no loss network: ``variation``, ``grid`` if weighted, and ``total``."""
        variation = total_variation(pastiche)
        if not self.weights.grid:
            return {"variation": variation, "total": self.weights.variation * variation}
        grid = grid_power(pastiche)
        return {
            "variation": variation,
            "grid": grid,
            "total": self.weights.variation * variation + self.weights.grid * grid,
        }

    def add_stripes(self, terms: dict[str, Tensor], pastiche: Tensor, content: Tensor) -> dict[str, Tensor]:
        """Return terms with the term ``stripes`` (B,) of pastiches of contents (B, 3, H, W), if it has a weight."""
        if not self.weights.stripes:
            return terms
        stripes = stripe_power(pastiche, content)
        return {**terms, "stripes": stripes, "total": terms["total"] + self.weights.stripes * stripes}

    def _compare_style(self, features: Tensor, target: Tensor) -> Tensor:
        """Return the style term (B,) of one layer, before the logarithm."""
        if self.weights.style_form == "squared":
            return style_loss(gram_matrix(features), target)
        if features.dtype != torch.bfloat16:
            return normalised_style_loss(gram_matrix(features), target)  # exactly 0 for the style itself
        scale = root_mean_square(target)
        return style_loss(gram_matrix(features, scale), target / scale[:, None, None])

    def forward(self, pastiche: Tensor, content: Tensor, style: Tensor) -> dict[str, Tensor]:
        """Return the terms of pastiches and contents (B, 3, H, W) and styles (B or 1, 3, h, w); see `compare`."""
        terms = self.compare(pastiche, self.content_target(content), self.style_target(style))
        return self.add_stripes(terms, pastiche, content)
