"""The perceptual loss: features of the loss network, weighed into named terms and their total."""

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
from brushwork.losses.vgg import STYLE_LAYERS, VGGFeatures

CONTENT_LAYER = "relu3_3"
StyleForm = Literal["squared", "normalised", "log", "statistics"]


@dataclass(frozen=True)
class LossWeights:
    """How the terms add up: ``total = content * content term + style * sum of the style terms + variation * ...``.

    The default is the project's: style terms as shares of the style's own Gram matrix, under one weighting for all
    styles, and no total variation, which at its published weight is about a thousandth of the content loss.

    Attributes:
        content: Weight of the content term.
        style: Weight of each layer's style term.
        variation: Weight of the total variation.
        grid: Weight of the power of grids of period 2 and 4 pixels, which up-sampling leaves (`grid_power`).
        style_form: ``squared``, the mean squared difference of the Gram matrices, as published; ``normalised``, that
            divided by the mean square of the style's own Gram matrix; ``log``, the logarithm of the normalised and a
            floor; ``statistics``, the loss of `brushwork.losses.adain`.
        log_floor: The floor of ``log``, above 0: a layer that is closer than this to its style hardly counts any more.
    """

    content: float = 1 / 4e4
    style: float = 5.0
    variation: float = 0.0
    grid: float = 0.0
    style_form: StyleForm = "normalised"
    log_floor: float = 0.02

    @property
    def uses_network(self) -> bool:
        """Whether the loss network is needed: content or style has a weight."""
        return bool(self.content or self.style)

    def __post_init__(self) -> None:
        for name in ("content", "style", "variation", "grid"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; a weight is 0 or more")
        if not 0 < self.log_floor < math.inf:
            raise ValueError(f"log_floor is {self.log_floor}; it is above 0")
        if self.style_form not in get_args(StyleForm):
            raise ValueError(f"style_form is {self.style_form!r}, not one of {', '.join(get_args(StyleForm))}")


GHIASI2017 = LossWeights(
    content=1.0, style=0.5e-3, variation=1e4, style_form="squared"
)  # as published in magenta/magenta


class PerceptualLoss(nn.Module):
    """Judges pastiches by content and style (Johnson et al. 2016; Ghiasi et al. 2017, section 2).

    What does not depend on the pastiche is computed without gradients by `content_target` and `style_target`, once
    where the pictures stay the same. The two are not joined into one pass of the loss network even where sizes agree:
    the content's ends at relu3_3, after two thirds of the computation, which saves more than a larger batch does.

    Args:
        weights: What each term weighs.
        features: The loss network, if one is there already.
    """

    def __init__(self, weights: LossWeights | None = None, features: VGGFeatures | None = None) -> None:
        super().__init__()
        self.weights = weights or LossWeights()
        self.features = features or VGGFeatures()

    @torch.no_grad()
    def content_target(self, content: Tensor) -> Tensor:
        """Features (B, 256, H / 4, W / 4) of content images (B, 3, H, W) in [0, 1]."""
        return self.features.forward(content, (CONTENT_LAYER,))[CONTENT_LAYER]

    @torch.no_grad()
    def style_target(self, style: Tensor) -> dict[str, Tensor]:
        """Gram matrices (B, C, C) by layer, of style images (B, 3, H, W) in [0, 1] of any size."""
        features = self.features.forward(style, STYLE_LAYERS)
        return {layer: gram_matrix(features[layer]) for layer in STYLE_LAYERS}

    def compare(self, pastiche: Tensor, content_target: Tensor, style_target: dict[str, Tensor]) -> dict[str, Tensor]:
        """The terms of pastiches (B, 3, H, W) in [0, 1] against targets of B pictures, or of one for all.

        Returns:
            Per sample (B,), in float32: ``content``, ``style/relu1_2`` and so on (normalised under the form ``log``,
            too), ``style`` (the sum of the style terms in their form), ``variation`` and, where it
            has a weight, ``grid``, none of them weighted, so that they mean the same under every
            weighting; and their weighted sum ``total``, the one to minimise.
        """
        features = self.features.forward(pastiche, STYLE_LAYERS)
        layers = {layer: self._compare_style(features[layer], style_target[layer]) for layer in STYLE_LAYERS}
        content = content_loss(features[CONTENT_LAYER], content_target)
        weights = self.weights
        styles = torch.stack(list(layers.values()))
        is_log = weights.style_form == "log"
        style = (log_style_loss(styles, weights.log_floor) if is_log else styles).sum(dim=0)
        terms = {"content": content, **{f"style/{layer}": term for layer, term in layers.items()}, "style": style}
        regular = self.regular(pastiche)
        total = weights.content * content + weights.style * style + regular.pop("total")
        return {**terms, **regular, "total": total}

    def regular(self, pastiche: Tensor) -> dict[str, Tensor]:
        """The terms (B,) that need no loss network: ``variation``, ``grid`` where it has a weight, their ``total``."""
        variation = total_variation(pastiche)
        if not self.weights.grid:
            return {"variation": variation, "total": self.weights.variation * variation}
        grid = grid_power(pastiche)
        return {
            "variation": variation,
            "grid": grid,
            "total": self.weights.variation * variation + self.weights.grid * grid,
        }

    def _compare_style(self, features: Tensor, target: Tensor) -> Tensor:
        """The style term (B,) of one layer, not yet its logarithm."""
        if self.weights.style_form == "squared":
            return style_loss(gram_matrix(features), target)
        if features.dtype != torch.bfloat16:
            return normalised_style_loss(gram_matrix(features), target)  # exactly 0 for the style itself
        scale = root_mean_square(target)
        return style_loss(gram_matrix(features, scale), target / scale[:, None, None])

    def forward(self, pastiche: Tensor, content: Tensor, style: Tensor) -> dict[str, Tensor]:
        """The terms (see `compare`) of pastiches (B, 3, H, W), content (B, 3, H, W) and style (B or 1, 3, h, w)."""
        return self.compare(pastiche, self.content_target(content), self.style_target(style))
