"""The loss terms as pure functions. Each returns one number per sample, so that single styles can be compared.

Features may be half precision; every difference and every sum is computed in float32 (float64 stays float64).
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

GRID = 4  # pixels, the side of the area that one feature of the network's lowest resolution covers
TILE = 32  # pixels over which grids are averaged


def _precise(values: Tensor) -> Tensor:
    return values.to(torch.promote_types(values.dtype, torch.float32))


def _mean_square(values: Tensor) -> Tensor:
    """Return the mean square (B,) of values (B, ...)."""
    return values.square().mean(dim=tuple(range(1, values.ndim)))  # flattened, channels-last values would be copied


def gram_matrix(features: Tensor, scale: Tensor | None = None) -> Tensor:
    """Return the Gram matrices (B, C, C) of features (B, C, H, W), in float32 or more precise.

    ``G[i, j] = sum over positions p of F[i, p] F[j, p] / (H W)``: a mean over positions, not divided by the channels
    (Gatys et al. 2016, eq. 3; scaled as in Ghiasi et al. 2017, eq. 4), and so comparable between sizes.

    Args:
        features: (B, C, H, W).
        scale: Numbers (B,) or (1,) that the matrices are divided by. The features are divided by their square root
            before the product, which is then of order 1 and can be computed in bfloat16; without a scale it is computed
            in float32.
    """
    positions = features.shape[-2] * features.shape[-1]
    with torch.autocast(features.device.type, enabled=False):
        if scale is None:
            return self_product(_rows(_precise(features))) / positions
        divisor = (positions * scale.to(torch.promote_types(scale.dtype, torch.float32))).sqrt()
        rows = _rows(features) * (1 / divisor)[:, None, None].to(features.dtype)
        return _precise(self_product(rows))


def _rows(features: Tensor) -> Tensor:
    """Return features (B, C, H, W) as rows (B, C, H W): a view, also if they are stored with channels last."""
    return features.permute(0, 2, 3, 1).flatten(1, 2).mT if _stores_channels_last(features) else features.flatten(2)


def _stores_channels_last(features: Tensor) -> bool:
    return features.is_contiguous(memory_format=torch.channels_last) and not features.is_contiguous()


class _SelfProduct(torch.autograd.Function):
    """``X X^T``, whose gradient is one product, ``(D + D^T) X``; autograd alone would compute two.

    The gradient is stored in the order of X: the two orders in one sum cost several times the sum.
    """

    @staticmethod
    def forward(context: Any, rows: Tensor) -> Tensor:
        context.save_for_backward(rows)
        return rows @ rows.mT

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        (rows,) = context.saved_tensors
        both = gradients[0] + gradients[0].mT
        product: Tensor = both @ rows if rows.is_contiguous() else (rows.mT @ both).mT
        return product


def self_product(rows: Tensor) -> Tensor:
    """Return the products (B, C, C) of rows (B, C, N) with their transpose, in the precision of the rows."""
    product: Tensor = _SelfProduct.apply(rows)  # type: ignore[no-untyped-call]  # torch's stubs
    return product


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared difference (B,) of features (B, C, H, W) and the content's (B, C, H, W).

    ``mean over (c, p) of (F - F_content)^2`` (Johnson et al. 2016, eq. 2; Ghiasi et al. 2017, eq. 2).
    """
    return _mean_square(_precise(features) - _precise(target))


def style_loss(gram: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared difference (B,) of Gram matrices (B, C, C) and the style's, (B, C, C) or (1, C, C).

    ``mean over (i, j) of (G - G_style)^2`` (Gatys et al. 2016, eq. 4; as a mean in the published Ghiasi et al. 2017).
    """
    return _mean_square(gram - target)


def normalised_style_loss(gram: Tensor, target: Tensor) -> Tensor:
    """Return the style loss (B,) divided by the mean square of the style's Gram matrix, (B, C, C) or (1, C, C).

    ``mean (G - G_style)^2 / mean G_style^2``. This differs from the papers: raw losses span four decades between
    styles, so that a few styles of high contrast would dominate the gradient. 0 is the style, 1 a Gram matrix of zeros.
    """
    smallest = torch.finfo(target.dtype).tiny  # two Gram matrices of zeros differ by 0, not by 0 / 0
    return style_loss(gram, target) / _mean_square(target).clamp_min(smallest)


def root_mean_square(gram: Tensor) -> Tensor:
    """Return the root mean squares (B,) of Gram matrices (B, C, C), at least the smallest number of their dtype."""
    # Two Gram matrices of zeros differ by 0, not by 0 / 0.
    return _mean_square(gram).clamp_min(torch.finfo(gram.dtype).tiny).sqrt()


def log_style_loss(normalised: Tensor, floor: float = 0.02) -> Tensor:
    """Return the logarithm (B,) of normalised style losses (B,), ``log(x + floor)``.

    This differs from the papers. Its mean over layers is the logarithm of their geometric mean, which is the score of
    style; it weighs all layers and styles equally, whereas the largest dominate the sum of the losses themselves. A
    layer that is closer to its style than the floor has little effect.
    """
    return (normalised + floor).log()


def total_variation(images: Tensor) -> Tensor:
    """Return the total variation (B,) of images (B, C, H, W) in [0, 1] with sides of at least 2.

    ``(mean of (x[h + 1, w] - x[h, w])^2 + mean of (x[h, w + 1] - x[h, w])^2) / 2``, each mean over its own number of
    differences (Ghiasi et al. 2017, as published; Johnson et al. 2016 sum the same squares).
    """
    images = _precise(images)
    return (_mean_square(images.diff(dim=-2)) + _mean_square(images.diff(dim=-1))) / 2


def grid_power(images: Tensor) -> Tensor:
    """Return the power (B,) of grids of period 2 and 4 pixels in images (B, C, H, W) in [0, 1], sides at least 32.

    This term is not from the papers. Two upsamplings by 2 leave a grid that starts at the corner, so it remains when
    the 4 x 4 blocks of a tile of 32 x 32 pixels are averaged; texture and strokes do not, nor does a smooth ramp,
    which is subtracted first. The power is the mean over tiles of the variance within the mean block.
    """
    images = _precise(images)
    height, width = (side // TILE * TILE for side in images.shape[-2:])
    # Subtract the mean of 4 x 4 pixels around each: this levels a ramp and leaves a grid of period 4 unchanged.
    around = F.avg_pool2d(F.pad(images, (1, 2, 1, 2), mode="replicate"), GRID, stride=1)
    blocks = F.pixel_unshuffle((images - around)[..., :height, :width], GRID).unflatten(1, (-1, GRID**2))
    mean_block = F.avg_pool3d(blocks, (1, TILE // GRID, TILE // GRID))
    return mean_block.var(dim=2, correction=0).mean(dim=(1, 2, 3))
