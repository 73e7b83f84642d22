"""Losses of pastiches pair by pair, for experiments that compare networks at small sizes (torch)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from brushwork.evaluation.metrics import geometric_mean
from brushwork.evaluation.similarity import ssim
from brushwork.losses import PerceptualLoss, content_loss, gram_matrix, normalised_style_loss, style_loss
from brushwork.losses.perceptual import CONTENT_LAYER
from brushwork.losses.vgg import STYLE_LAYERS
from brushwork.networks import PasticheNetwork

Numbers = NDArray[np.float64]
EPSILON = 1e-9


@dataclass(frozen=True)
class Losses:
    """Losses of N pastiches, (N,) each.

    Attributes:
        content: Mean squared difference at relu3_3, not normalised.
        style: Sum of the normalised style losses over the four layers.
        share: Style loss as a fraction of the untouched content's, geometric mean over the layers.
        ssim: Structural similarity to the content.
    """

    content: Numbers
    style: Numbers
    share: Numbers
    ssim: Numbers

    def means(self) -> dict[str, float]:
        """Return the means, geometric for the share."""
        return {
            "content loss": float(self.content.mean()),
            "style loss": float(self.style.mean()),
            "style share": geometric_mean(self.share.tolist()),
            "SSIM": float(self.ssim.mean()),
        }


@cache
def loss_network() -> PerceptualLoss:
    """Return the loss network, loaded once."""
    return PerceptualLoss()


class Target(NamedTuple):
    """The targets of a pastiche.

    Attributes:
        image: The content (1, 3, S, S).
        content: Its features (1, C, h, w).
        style: Gram matrices of the style by layer.
        untouched: Style loss of the untouched content by layer.
    """

    image: Tensor
    content: Tensor
    style: Mapping[str, Tensor]
    untouched: Mapping[str, float]


@torch.no_grad()
def gram_matrices(image: Tensor) -> dict[str, Tensor]:
    """Return the Gram matrices by layer of an image (1, 3, H, W) in [0, 1]."""
    features = loss_network().features(image, STYLE_LAYERS)
    return {layer: gram_matrix(features[layer]) for layer in STYLE_LAYERS}


@torch.no_grad()
def target(content: Tensor, style: Mapping[str, Tensor]) -> Target:
    """Return the targets of pastiches of a content (1, 3, S, S) in a style with Gram matrices by layer."""
    features = loss_network().features(content, STYLE_LAYERS)
    left = {layer: style_loss(gram_matrix(features[layer]), style[layer]).item() for layer in STYLE_LAYERS}
    return Target(content, features[CONTENT_LAYER], style, left)


@torch.no_grad()
def compare(pastiches: Tensor, targets: Iterable[Target]) -> Losses:
    """Return the losses of pastiches (N, 3, S, S) against N targets."""
    rows = []
    for pastiche, wanted in zip(pastiches.split(1), targets, strict=True):
        features = loss_network().features(pastiche, STYLE_LAYERS)
        layers, left = [], []
        for layer in STYLE_LAYERS:
            gram = gram_matrix(features[layer])
            layers.append(normalised_style_loss(gram, wanted.style[layer]).item())
            remaining = style_loss(gram, wanted.style[layer]).item()
            left.append((remaining + EPSILON) / (wanted.untouched[layer] + EPSILON))
        similarity = ssim(*(image[0].permute(1, 2, 0).numpy() for image in (pastiche, wanted.image)))
        content = content_loss(features[CONTENT_LAYER], wanted.content).item()
        rows.append((content, sum(layers), geometric_mean(left), similarity))
    return Losses(*np.asarray(rows, dtype=np.float64).T)


def evaluate(pastiches: Tensor, contents: Tensor, styles: Tensor) -> Losses:
    """Return the losses of pastiches (N, 3, S, S) of contents (N, 3, S, S) in styles (N, 3, T, T), all in [0, 1]."""
    pairs = zip(contents.split(1), styles.split(1), strict=True)
    return compare(pastiches, (target(content, gram_matrices(style)) for content, style in pairs))


@torch.no_grad()
def paint(network: PasticheNetwork, contents: Tensor, embeddings: Tensor) -> Tensor:
    """Return the pastiches (N, 3, S, S) of contents (N, 3, S, S) with embeddings (N, D), one by one."""
    pairs = zip(contents.split(1), embeddings.split(1), strict=True)
    return torch.cat([network(content, embedding) for content, embedding in pairs])


def pair_up(contents: int, styles: int, each: int = 1) -> list[tuple[int, int]]:
    """Return pairs (content, style) in which every style has `each` contents, taken in turn."""
    return [((style * each + turn) % contents, style) for style in range(styles) for turn in range(each)]
