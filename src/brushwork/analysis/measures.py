"""Losses of pastiches pair by pair, for experiments that compare networks at small sizes (torch)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

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
NOTHING = 1e-9


@dataclass(frozen=True)
class Losses:
    """Losses of N pastiches, (N,) each.

    Attributes:
        content: Mean squared difference at relu3_3, raw.
        style: Sum over the four layers of the normalised style losses.
        share: Geometric mean over the layers of the style loss as a fraction of that of the untouched content.
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
def loss() -> PerceptualLoss:
    """Return the loss network, loaded once."""
    return PerceptualLoss()


@torch.no_grad()
def judge(pastiches: Tensor, contents: Tensor, styles: Tensor) -> Losses:
    """Return the losses of pastiches (N, 3, S, S) of contents (N, 3, S, S) in styles (N, 3, T, T), all in [0, 1]."""
    features, rows = loss().features, []
    for pastiche, content, style in zip(pastiches.split(1), contents.split(1), styles.split(1), strict=True):
        ours, plain, target = (features(image, STYLE_LAYERS) for image in (pastiche, content, style))
        layers, left = [], []
        for layer in STYLE_LAYERS:
            gram, untouched, wanted = (gram_matrix(each[layer]) for each in (ours, plain, target))
            layers.append(normalised_style_loss(gram, wanted).item())
            left.append((style_loss(gram, wanted).item() + NOTHING) / (style_loss(untouched, wanted).item() + NOTHING))
        similarity = ssim(*(image[0].permute(1, 2, 0).numpy() for image in (pastiche, content)))
        rows.append(
            (
                content_loss(ours[CONTENT_LAYER], plain[CONTENT_LAYER]).item(),
                sum(layers),
                geometric_mean(left),
                similarity,
            )
        )
    return Losses(*np.asarray(rows, dtype=np.float64).T)


@torch.no_grad()
def paint(network: PasticheNetwork, contents: Tensor, embeddings: Tensor) -> Tensor:
    """Return the pastiches (N, 3, S, S) of contents (N, 3, S, S) with embeddings (N, D), one by one."""
    pairs = zip(contents.split(1), embeddings.split(1), strict=True)
    return torch.cat([network(content, embedding) for content, embedding in pairs])


@torch.no_grad()
def judge_network(
    network: PasticheNetwork, contents: Tensor, styles: Tensor, pairs: Sequence[tuple[int, int]]
) -> Losses:
    """Return the losses of a network that predicts embeddings, on pairs of the numbers of a content and a style."""
    embeddings = torch.cat([network.embed(style) for style in styles.split(1)])
    of_content, of_style = (torch.tensor(numbers) for numbers in zip(*pairs, strict=True))
    chosen = contents[of_content]
    return judge(paint(network, chosen, embeddings[of_style]), chosen, styles[of_style])


def pair_up(contents: int, styles: int, each: int = 1) -> list[tuple[int, int]]:
    """Return pairs in which every style meets `each` contents, taken in turn."""
    return [((style * each + turn) % contents, style) for style in range(styles) for turn in range(each)]
