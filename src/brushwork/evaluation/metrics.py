"""Distances of a pastiche from its content and from its style in the features of the loss network (torch).

Raw losses are exactly those of the published implementation of Ghiasi et al. 2017, so that numbers can be compared
between programs: relu3_3 for the content, Gram matrices of relu1_2, relu2_2, relu3_3 and relu4_3 for the style, average
pooling, RGB * 255 minus the mean colour, no weights.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch

from brushwork.evaluation.artefacts import artefact_score, border_error
from brushwork.evaluation.distances import structure_distance
from brushwork.evaluation.similarity import ssim
from brushwork.images import Image
from brushwork.losses import VGGFeatures, content_loss, gram_matrix, style_loss
from brushwork.losses.perceptual import CONTENT_LAYER
from brushwork.losses.vgg import STYLE_LAYERS

# Raw style losses of real pictures are 1 and more. With this, the style share of two equal pictures, 0 / 0, is 1.
EPSILON = 1e-9


@dataclass(frozen=True)
class Scores:
    """The scores of one pastiche.

    Attributes:
        content_loss: Mean squared difference from the content at relu3_3, raw.
        style_loss: Layer -> mean squared difference of the Gram matrices from the style's, raw.
        untouched: The style loss of the untouched content.
        ssim: Structural similarity to the content; 1 is the content.
        artefact: Strongest grid of upsampling, see `artefact_score`; about 1 for a photo.
        border: Visibility of a frame relative to the content, see `border_error`; about 1 without one.
        structure: Difference of the self-similarity from the content's, see `structure_distance`.
    """

    content_loss: float
    style_loss: Mapping[str, float]
    untouched: Mapping[str, float]
    ssim: float
    artefact: float
    border: float
    structure: float = 0.0

    @property
    def shares(self) -> dict[str, float]:
        """Layer -> remaining fraction of the untouched content's style loss; 1 is the content, 0 the style."""
        return style_shares(self.style_loss, self.untouched)

    @property
    def share(self) -> float:
        """The style share: geometric mean of `shares` over the four layers."""
        return geometric_mean(self.shares.values())


@torch.no_grad()
def score(pastiche: Image, content: Image, style: Image, features: VGGFeatures) -> Scores:
    """Return the scores of a pastiche (H, W, 3) of a content (H, W, 3) in a style (h, w, 3), all in [0, 1].

    The pictures pass the loss network one after the other; at 512 x 512 it needs about 0.5 GB.

    Raises:
        ValueError: If pastiche and content differ in size, or a side is below 64 pixels.
    """
    if pastiche.shape != content.shape:
        raise ValueError(f"the pastiche has shape {pastiche.shape}, its content {content.shape}")
    of_pastiche, of_content = _extract(pastiche, features), _extract(content, features)
    target = _grams(_extract(style, features))
    losses, untouched = (
        {layer: style_loss(gram, target[layer]).item() for layer, gram in _grams(layers).items()}
        for layers in (of_pastiche, of_content)
    )
    return Scores(
        content_loss(of_pastiche[CONTENT_LAYER], of_content[CONTENT_LAYER]).item(),
        losses,
        untouched,
        ssim(pastiche, content),
        artefact_score(pastiche),
        border_error(pastiche, content),
        structure_distance(of_pastiche[CONTENT_LAYER], of_content[CONTENT_LAYER]),
    )


def style_shares(losses: Mapping[str, float], untouched: Mapping[str, float]) -> dict[str, float]:
    """Return layer -> raw style loss of a pastiche divided by that of its untouched content."""
    return {layer: (loss + EPSILON) / (untouched[layer] + EPSILON) for layer, loss in losses.items()}


def geometric_mean(values: Iterable[float]) -> float:
    """Return the geometric mean of one or more values above 0, for ratios: twice and half are equally far from 1."""
    logs = [math.log(value) for value in values]
    return math.exp(math.fsum(logs) / len(logs))


def _extract(image: Image, features: VGGFeatures) -> dict[str, torch.Tensor]:
    """Return features (1, C, h, w) by layer of an image (H, W, 3)."""
    batch = torch.tensor(image, dtype=torch.float32, device=features.mean.device).permute(2, 0, 1)[None]
    return features(batch, STYLE_LAYERS)  # type: ignore[no-any-return]


def _grams(features: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {layer: gram_matrix(features[layer]) for layer in STYLE_LAYERS}
