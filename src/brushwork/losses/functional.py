"""The loss terms, as pure functions. Each gives one number per sample, so that single styles can be compared.

Features may be half precision; every difference and every sum is taken in float32 (float64 stays float64).
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

GRID = 4  # pixels: what one feature of the network's lowest resolution covers
TILE = 32  # pixels over which grids are averaged


def _precise(values: Tensor) -> Tensor:
    return values.to(torch.promote_types(values.dtype, torch.float32))


def _mean_square(values: Tensor) -> Tensor:
    """Mean over all but the first dimension: (B, ...) -> (B,)."""
    return values.square().flatten(1).mean(dim=1)


def gram_matrix(features: Tensor, scale: Tensor | None = None) -> Tensor:
    """Gram matrices (B, C, C) of features (B, C, H, W), in float32 at least.

    ``G[i, j] = sum over positions p of F[i, p] F[j, p] / (H W)``: a mean over positions, not divided by the channels
    (Gatys et al. 2016, eq. 3; scaled as in Ghiasi et al. 2017, eq. 4), hence comparable between sizes.

    Args:
        features: (B, C, H, W).
        scale: Numbers (B,) or (1,) that the matrices are divided by. The features are divided by their root before the
            product, so that it is of order 1 and may be taken in bfloat16; without a scale it is taken in float32.
    """
    positions = features.shape[-2] * features.shape[-1]
    with torch.autocast(features.device.type, enabled=False):
        if scale is None:
            rows = _precise(features).flatten(2)  # (B, C, H W)
            return self_product(rows) / positions
        divisor = (positions * scale.to(torch.promote_types(scale.dtype, torch.float32))).sqrt()
        rows = features.flatten(2) * (1 / divisor)[:, None, None].to(features.dtype)
        return _precise(self_product(rows))


class _SelfProduct(torch.autograd.Function):
    """``X X^T``, whose gradient is one product, ``(D + D^T) X``; autograd by itself would take two."""

    @staticmethod
    def forward(context: Any, rows: Tensor) -> Tensor:
        context.save_for_backward(rows)
        return rows @ rows.mT

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        (rows,) = context.saved_tensors
        product: Tensor = (gradients[0] + gradients[0].mT) @ rows
        return product


def self_product(rows: Tensor) -> Tensor:
    """Products (B, C, C) of rows (B, C, N) with their own transpose, in their own precision."""
    product: Tensor = _SelfProduct.apply(rows)  # type: ignore[no-untyped-call]  # torch's stubs
    return product


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference (B,) of features (B, C, H, W) and the content's (B, C, H, W).

    ``mean over (c, p) of (F - F_content)^2`` (Johnson et al. 2016, eq. 2; Ghiasi et al. 2017, eq. 2).
    """
    return _mean_square(_precise(features) - _precise(target))


def style_loss(gram: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference (B,) of Gram matrices (B, C, C) and the style's, (B, C, C) or (1, C, C).

    ``mean over (i, j) of (G - G_style)^2`` (Gatys et al. 2016, eq. 4; as a mean in the published Ghiasi et al. 2017).
    """
    return _mean_square(gram - target)


def normalised_style_loss(gram: Tensor, target: Tensor) -> Tensor:
    """The style loss (B,) as a share of the mean square of the style's own Gram matrix, (B, C, C) or (1, C, C).

    ``mean (G - G_style)^2 / mean G_style^2``. A departure from the papers: raw losses span four decades between
    styles, so that a few styles of high contrast would own the gradient. 0 is the style, 1 a Gram matrix of zeros.
    """
    smallest = torch.finfo(target.dtype).tiny  # two Gram matrices of zeros differ by 0, not by 0 / 0
    return style_loss(gram, target) / _mean_square(target).clamp_min(smallest)


def root_mean_square(gram: Tensor) -> Tensor:
    """Roots (B,) of the mean squares of Gram matrices (B, C, C); at least the smallest number of their kind."""
    # Two Gram matrices of zeros differ by 0, not by 0 / 0.
    return _mean_square(gram).clamp_min(torch.finfo(gram.dtype).tiny).sqrt()


def log_style_loss(normalised: Tensor, floor: float = 0.02) -> Tensor:
    """Logarithm (B,) of normalised style losses (B,), ``log(x + floor)``.

    A departure from the papers. Summed over layers it is the logarithm of their geometric mean, which is how style is
    scored; it weighs every layer and style alike, where the sum of the losses themselves is dominated by the largest.
    A layer that is closer to its style than the floor hardly counts any more.
    """
    return (normalised + floor).log()


def total_variation(images: Tensor) -> Tensor:
    """Total variation (B,) of images (B, C, H, W) in [0, 1] with sides of at least 2.

    ``(mean of (x[h + 1, w] - x[h, w])^2 + mean of (x[h, w + 1] - x[h, w])^2) / 2``, each mean over its own number of
    differences (Ghiasi et al. 2017, as published; Johnson et al. 2016 sum the same squares).
    """
    images = _precise(images)
    return (_mean_square(images.diff(dim=-2)) + _mean_square(images.diff(dim=-1))) / 2


def grid_power(images: Tensor) -> Tensor:
    """Power (B,) of grids of period 2 and 4 pixels in images (B, C, H, W) in [0, 1] with sides of at least 32.

    The project's own. Two up-samplings by 2 leave a grid that starts at the corner, so it is what remains when the
    4 x 4 blocks of a tile of 32 x 32 pixels are averaged; texture and strokes do not remain, nor does a smooth ramp,
    whose blocks are levelled first. The power is the mean over tiles of the variance within the mean block.
    """
    images = _precise(images)
    height, width = (side // TILE * TILE for side in images.shape[-2:])
    # Less the mean of four pixels by four around each: a ramp is level then, and a grid of period 4 stays as it was.
    around = F.avg_pool2d(F.pad(images, (1, 2, 1, 2), mode="replicate"), GRID, stride=1)
    blocks = F.pixel_unshuffle((images - around)[..., :height, :width], GRID).unflatten(1, (-1, GRID**2))
    mean_block = F.avg_pool3d(blocks, (1, TILE // GRID, TILE // GRID))
    return mean_block.var(dim=2, correction=0).mean(dim=(1, 2, 3))
