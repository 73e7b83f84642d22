"""Converts the pictures of training code (Pillow, NumPy, torch; one or a batch) to images and back."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image as Pillow

from brushwork import images
from brushwork.errors import UserError
from brushwork.images.levels import quantise
from brushwork.runtime import Array


@dataclass(frozen=True)
class Batch:
    """Pictures of one size.

    Attributes:
        count: Number of pictures, B.
        take: Returns the pictures with P indices as images (P, H, W, 3), float32 in [0, 1].
        put: Returns a copy of the input with images (P, H, W, 3) in [0, 1] at P indices; type, dtype and range are
            those of the input.
    """

    count: int
    take: Callable[[Sequence[int]], Array]
    put: Callable[[Sequence[int], Array], Any]


def as_batch(pixels: Any) -> Batch:
    """Return the pictures of an input.

    Args:
        pixels: A Pillow image; an array (H, W, 3) or (B, H, W, 3) or a tensor (3, H, W) or (B, 3, H, W), of floats in
            [0, 1] or uint8.

    Raises:
        UserError: If it is none of these; the range is checked by `Batch.take`.
    """
    if isinstance(pixels, Pillow.Image):
        return _of_pillow(pixels)
    if is_tensor(pixels):
        return _of_tensor(pixels)
    if not isinstance(pixels, np.ndarray):
        kind = type(pixels).__name__
        raise UserError(f"style augmentation takes Pillow images, NumPy arrays and torch tensors, not {kind}")
    if pixels.ndim not in (3, 4) or pixels.shape[-1] != 3:
        raise UserError(f"the picture is an array of shape {pixels.shape}; give (height, width, 3), or a batch of it")
    return _of_array(pixels)


def is_picture(value: Any) -> bool:
    """Return whether a value is a picture or a batch of pictures for `as_batch`."""
    try:
        as_batch(value)
    except UserError:
        return False
    return True


def is_tensor(pixels: Any) -> bool:
    """Return whether an input is a torch tensor, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(pixels, torch.Tensor)


def _of_pillow(picture: Pillow.Image) -> Batch:
    def put(_: Sequence[int], painted: Array) -> Pillow.Image:
        image = Pillow.fromarray(quantise(painted[0]))
        if picture.mode in ("RGBA", "LA"):
            image.putalpha(picture.getchannel("A"))
        return image if picture.mode not in ("L", "LA", "RGBA") else image.convert(picture.mode)

    return Batch(1, lambda _: images.as_image("the picture", picture)[None], put)


def _of_array(pixels: Any) -> Batch:
    rows = pixels if pixels.ndim == 4 else pixels[None]

    def take(indices: Sequence[int]) -> Array:
        return np.stack([images.as_image("the picture", rows[index]) for index in indices])

    def put(indices: Sequence[int], painted: Array) -> Any:
        changed = rows.copy()
        changed[list(indices)] = quantise(painted) if rows.dtype == np.uint8 else painted
        return changed if pixels.ndim == 4 else changed[0]

    return Batch(len(rows), take, put)


def _of_tensor(pixels: Any) -> Batch:
    """Return the pictures of a tensor on the CPU, whose channels come first."""
    import torch

    if pixels.ndim not in (3, 4) or pixels.shape[-3] != 3:
        raise UserError(f"the picture is a tensor of shape {tuple(pixels.shape)}; give (3, height, width), or a batch")
    if pixels.dtype != torch.uint8 and not pixels.is_floating_point():
        raise UserError(f"the picture is a tensor of {pixels.dtype}; give floats in [0, 1] or uint8")
    batched = pixels.ndim == 4

    def take(indices: Sequence[int]) -> Array:
        rows = (pixels if batched else pixels[None]).detach()[list(indices)].permute(0, 2, 3, 1)
        values = rows.cpu() if rows.dtype == torch.uint8 else rows.float().cpu()
        # np.asarray also converts subclasses such as torchvision's images to plain arrays.
        return np.stack([images.as_image("the picture", image) for image in np.asarray(values)])

    def put(indices: Sequence[int], painted: Array) -> Any:
        values = torch.from_numpy(quantise(painted) if pixels.dtype == torch.uint8 else painted).permute(0, 3, 1, 2)
        changed = pixels.detach().clone()
        rows = changed if batched else changed[None]
        rows[list(indices)] = values.to(pixels.device, pixels.dtype)
        return changed

    return Batch(len(pixels) if batched else 1, take, put)
