"""How far a pastiche is from its content and from its style, as the loss network sees them (torch).

Raw losses exactly as the published implementation of Ghiasi et al. 2017 defines them, so that numbers can be compared
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

# Below it a raw style loss is nothing: those of real pictures are 1 and more. Two equal pictures share 0 / 0 = 1.
NOTHING = 1e-9


@dataclass(frozen=True)
class Scores:
    """What was measured on one pastiche.

    Attributes:
        content_loss: Mean squared difference from the content at relu3_3, raw.
        style_loss: Layer -> mean squared difference of the Gram matrices from the style's, raw.
        untouched: The same of the content itself, before anything was painted.
        ssim: Structural similarity to the content; 1 is the content.
        artefact: Strongest periodic peak of up-sampling over its surroundings; about 1 in a photo.
        structure: How much the similarity of places differs from the content's, see `structure_distance`.
        border: How much more the outermost pixels differ than in the content; about 1 where nothing is wrong.
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
        """Layer -> what is left of the untouched content's style loss: 1 is the content, 0 the style."""
        return style_shares(self.style_loss, self.untouched)

    @property
    def share(self) -> float:
        """The style share: geometric mean of `shares` over the four layers."""
        return geometric_mean(self.shares.values())


@torch.no_grad()
def score(pastiche: Image, content: Image, style: Image, features: VGGFeatures) -> Scores:
    """Everything that is measured on a pastiche (H, W, 3) of a content (H, W, 3) in a style (h, w, 3), all in [0, 1].

    The pictures go through the loss network one after the other: at 512 x 512 it needs about 0.5 GB.

    Raises:
        ValueError: If pastiche and content differ in size, or a side is below 64 pixels.
    """
    if pastiche.shape != content.shape:
        raise ValueError(f"the pastiche has shape {pastiche.shape}, its content {content.shape}")
    ours, theirs = _see(pastiche, features), _see(content, features)
    target = _grams(_see(style, features))
    losses, untouched = (
        {layer: style_loss(gram, target[layer]).item() for layer, gram in _grams(seen).items()}
        for seen in (ours, theirs)
    )
    return Scores(
        content_loss(ours[CONTENT_LAYER], theirs[CONTENT_LAYER]).item(),
        losses,
        untouched,
        ssim(pastiche, content),
        artefact_score(pastiche),
        border_error(pastiche, content),
        structure_distance(ours[CONTENT_LAYER], theirs[CONTENT_LAYER]),
    )


def style_shares(losses: Mapping[str, float], untouched: Mapping[str, float]) -> dict[str, float]:
    """Layer -> style loss of a pastiche / style loss of its untouched content; raw losses by layer."""
    return {layer: (loss + NOTHING) / (untouched[layer] + NOTHING) for layer, loss in losses.items()}


def geometric_mean(values: Iterable[float]) -> float:
    """Geometric mean of one or more values above 0; the mean for ratios, where twice and half are as far from 1."""
    logs = [math.log(value) for value in values]
    return math.exp(math.fsum(logs) / len(logs))


def _see(image: Image, features: VGGFeatures) -> dict[str, torch.Tensor]:
    """Features (1, C, h, w) by layer, of an image (H, W, 3)."""
    batch = torch.tensor(image, dtype=torch.float32, device=features.mean.device).permute(2, 0, 1)[None]
    return features(batch, STYLE_LAYERS)  # type: ignore[no-any-return]


def _grams(seen: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {layer: gram_matrix(seen[layer]) for layer in STYLE_LAYERS}
