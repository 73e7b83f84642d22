"""Distances of structure and of distributions, which are not part of the loss (torch).

They follow CFSD (Chung et al. 2024) and FID (Heusel et al. 2017), which use other layers and weights, so their numbers
cannot be compared with published ones.
"""

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from brushwork.errors import UserError
from brushwork.images import Image
from brushwork.networks.backbones import InceptionV3, load_pretrained

CELLS = 16  # cells on each side, whose similarities are compared
SMALLEST_SIDE = 75  # of a picture for Inception-v3


def structure_distance(features: Tensor, target: Tensor) -> float:
    """Return the difference of the self-similarity of two pictures, 0 to 2.

    Features (1, C, h, w) of relu3_3 are averaged over 16 x 16 cells. The distance is the mean absolute difference of
    the cosine similarities of all pairs of cells between the two pictures. It is 0 for the content itself; a uniform
    change of colours and textures has little effect.

    Args:
        features: Features of the pastiche.
        target: Features of the content.
    """
    return float((_similarity(features) - _similarity(target)).abs().mean())


def _similarity(features: Tensor) -> Tensor:
    cells = F.adaptive_avg_pool2d(features.float(), CELLS).flatten(2)  # (1, C, 256)
    unit = F.normalize(cells - cells.mean(dim=2, keepdim=True), dim=1)
    return unit.mT @ unit


class MixedFeatures:
    """Pooled features of Inception-v3's block Mixed_6e.

    Args:
        weights: File of the ImageNet weights, see docs/guide/training.md.

    Raises:
        UserError: If the weights cannot be read or do not fit.
    """

    def __init__(self, weights: Path) -> None:
        self._network = InceptionV3().eval()
        try:
            load_pretrained(self._network, weights)
        except (OSError, ValueError) as error:
            raise UserError(f"cannot read {weights}: {error}") from None

    @torch.no_grad()
    def __call__(self, image: Image) -> Tensor:
        """Return the features (768,) of an image (H, W, 3) in [0, 1]."""
        batch = torch.tensor(image, dtype=torch.float32).permute(2, 0, 1)[None]
        features: Tensor = self._network(batch).mean(dim=(2, 3))[0]
        return features


def mixed_6e_distance(ours: Iterable[Tensor], theirs: Iterable[Tensor]) -> float:
    """Return the Frechet distance of two sets of features (D,): ``|m - n|^2 + tr(S + T - 2 (S T)^(1/2))``.

    It compares normal distributions with the means and covariances of the features. For fewer than several thousand
    pictures it is biased upwards, and more so for fewer pictures: compare only sets of the same size.

    Raises:
        ValueError: If a set has fewer than two features.
    """
    one, other = torch.stack(list(ours)).double(), torch.stack(list(theirs)).double()
    if min(len(one), len(other)) < 2:
        raise ValueError("a covariance needs two pictures")
    first, second = torch.cov(one.T), torch.cov(other.T)
    values, vectors = torch.linalg.eigh(first)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    product = torch.linalg.eigvalsh(root @ second @ root).clamp_min(0).sqrt().sum()
    distance = (one.mean(dim=0) - other.mean(dim=0)).square().sum()
    return float(distance + first.trace() + second.trace() - 2 * product)
