"""Arrays and pictures that callers hand over, checked and turned into images and masks."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from brushwork.errors import UserError
from brushwork.images.picture import Image, Picture

Pixels: TypeAlias = NDArray[Any] | Pillow.Image | Picture
# Rounding in somebody's conversion of colours; a picture of 0 to 255 is far beyond it.
ROUNDING = 1e-3
# Modes of Pillow whose conversion to RGB keeps what they show; it cuts off the others' values at 255.
EIGHT_BIT_MODES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")


def as_image(role: str, pixels: Pixels, *, on_white: bool = False) -> Image:
    """Return the image, float32 (H, W, 3) in [0, 1], that a caller means.

    Args:
        role: What the pixels are, for messages: ``the content``, ``the style``.
        pixels: An array (H, W, 3), floats in [0, 1] or uint8; a Pillow image; or a picture, of which the first frame
            is taken. A float32 array in [0, 1] is returned as it is, not copied.
        on_white: Whether transparent pixels are laid on white; else their colours are taken as they are stored.

    Raises:
        UserError: If it is none of these.
    """
    if isinstance(pixels, Picture):
        return pixels.on_white if on_white else pixels.image
    if isinstance(pixels, Pillow.Image):
        return _of_pillow(role, pixels, on_white)
    if not isinstance(pixels, np.ndarray):
        raise UserError(f"{role} is of type {type(pixels).__name__}; give an array (height, width, 3) or an image")
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise UserError(f"{role} is an array of shape {pixels.shape}; an image is (height, width, 3)")
    return _in_unit_range(role, pixels)


def as_mask(role: str, mask: NDArray[Any]) -> Image:
    """Return the mask, float32 (h, w) in [0, 1], that a caller means: floats in [0, 1], uint8 or bool.

    Raises:
        UserError: If it is no such array.
    """
    if not isinstance(mask, np.ndarray) or mask.ndim != 2:
        shape = f"an array of shape {mask.shape}" if isinstance(mask, np.ndarray) else f"of type {type(mask).__name__}"
        raise UserError(f"{role} is {shape}; a mask is (height, width)")
    return mask.astype(np.float32) if mask.dtype == bool else _in_unit_range(role, mask)


def _in_unit_range(role: str, values: NDArray[Any]) -> Image:
    """Return values of uint8 or of floats in [0, 1] as float32 in [0, 1]."""
    if values.dtype == np.uint8:
        return _of_8_bits(values)
    if values.dtype.kind != "f":
        raise UserError(f"{role} is an array of {values.dtype}; give floats in [0, 1] or uint8")
    if values.size == 0:
        raise UserError(f"{role} is empty: an array of shape {values.shape}")
    low, high = float(values.min()), float(values.max())
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):  # NaN is neither
        seen = (
            "holds values that are no numbers" if np.isnan([low, high]).any() else f"reaches from {low:g} to {high:g}"
        )
        raise UserError(f"{role} {seen}; floats must lie in [0, 1], and whole numbers from 0 to 255 be uint8")
    return values.astype(np.float32, copy=False)


def _of_pillow(role: str, image: Pillow.Image, on_white: bool) -> Image:
    """Return the image of one of Pillow's, whose colours are taken to be sRGB."""
    if image.mode not in EIGHT_BIT_MODES:
        raise UserError(f"{role} is a Pillow image of mode {image.mode}; convert it to RGB, or open its file")
    if on_white and image.has_transparency_data:
        transparent = image.convert("RGBA")
        image = Pillow.alpha_composite(Pillow.new("RGBA", image.size, "white"), transparent)
    return _of_8_bits(np.asarray(image.convert("RGB")))


def _of_8_bits(pixels: NDArray[np.uint8]) -> Image:
    image: Image = np.divide(pixels, np.float32(255), dtype=np.float32)
    return image
