"""Checks arrays and pictures that callers pass and converts them to images and masks."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from brushwork.errors import UserError
from brushwork.images.picture import Picture
from brushwork.images.resizing import Image

Pixels: TypeAlias = NDArray[Any] | Pillow.Image | Picture
# Tolerance for rounding in a caller's colour conversion; values from 0 to 255 are far outside.
ROUNDING = 1e-3
# Pillow modes that convert to RGB correctly; in other modes, values are clipped at 255.
EIGHT_BIT_MODES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")


def as_image(role: str, pixels: Pixels, *, on_white: bool = False) -> Image:
    """Convert pixels to an image, float32 (H, W, 3) in [0, 1].

    Args:
        role: Name of the pixels in messages, such as ``the content`` or ``the style``.
        pixels: An array (H, W, 3) of floats in [0, 1] or uint8, a Pillow image, or a picture (its first frame). A
            float32 array in [0, 1] is returned without a copy.
        on_white: Whether to put transparent pixels on white instead of using their stored colours.

    Raises:
        UserError: If the pixels are of another kind or out of range.
    """
    if isinstance(pixels, Picture):
        return pixels.on_white if on_white else pixels.image
    if isinstance(pixels, Pillow.Image):
        return _of_pillow(role, pixels, on_white)
    if not isinstance(pixels, np.ndarray):
        raise UserError(f"{role} is of type {type(pixels).__name__}; pass an array (height, width, 3) or an image")
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise UserError(f"{role} is an array of shape {pixels.shape}; an image has the shape (height, width, 3)")
    return _in_unit_range(role, pixels)


def as_mask(role: str, mask: NDArray[Any]) -> Image:
    """Convert a mask (h, w) of floats in [0, 1], uint8 or bool to float32 in [0, 1].

    Raises:
        UserError: If the array has another shape, dtype or range.
    """
    if not isinstance(mask, np.ndarray) or mask.ndim != 2:
        shape = f"an array of shape {mask.shape}" if isinstance(mask, np.ndarray) else f"of type {type(mask).__name__}"
        raise UserError(f"{role} is {shape}; a mask has the shape (height, width)")
    return mask.astype(np.float32) if mask.dtype == bool else _in_unit_range(role, mask)


def _in_unit_range(role: str, values: NDArray[Any]) -> Image:
    """Return values of uint8 or of floats in [0, 1] as float32 in [0, 1]."""
    if values.dtype == np.uint8:
        return _of_8_bits(values)
    if values.dtype.kind != "f":
        raise UserError(f"{role} is an array of {values.dtype}; pass floats in [0, 1] or uint8")
    if values.size == 0:
        raise UserError(f"{role} is empty: an array of shape {values.shape}")
    low, high = float(values.min()), float(values.max())
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):  # also true for NaN
        seen = "contains NaN" if np.isnan([low, high]).any() else f"has values from {low:g} to {high:g}"
        raise UserError(f"{role} {seen}; floats must be in [0, 1], integers from 0 to 255 must be uint8")
    return values.astype(np.float32, copy=False)


def _of_pillow(role: str, image: Pillow.Image, on_white: bool) -> Image:
    """Convert a Pillow image, whose colours are assumed to be sRGB."""
    if image.mode not in EIGHT_BIT_MODES:
        raise UserError(f"{role} is a Pillow image of mode {image.mode}; convert it to RGB or open its file")
    if on_white and image.has_transparency_data:
        transparent = image.convert("RGBA")
        image = Pillow.alpha_composite(Pillow.new("RGBA", image.size, "white"), transparent)
    return _of_8_bits(np.asarray(image.convert("RGB")))


def _of_8_bits(pixels: NDArray[np.uint8]) -> Image:
    image: Image = np.divide(pixels, np.float32(255), dtype=np.float32)
    return image
