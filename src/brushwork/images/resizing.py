"""Resizing of images: float32 arrays, by Lanczos with anti-aliasing."""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

Image: TypeAlias = NDArray[np.float32]
COPIED_ROWS = 256  # at once


def resize(image: Image, size: tuple[int, ...]) -> Image:
    """Resize an image (H, W, 3) or a plane (H, W), in [0, 1], to `size` = (height, width).

    Uses Lanczos with anti-aliasing in float32 and clips the result to [0, 1]. An image that already has the size is
    returned without a copy.

    Raises:
        ValueError: If a side is below 1.
    """
    height, width = size
    if height < 1 or width < 1:
        raise ValueError(f"an image cannot be resized to {width} x {height}")
    if image.shape[:2] == (height, width):
        return image
    planes = np.moveaxis(np.atleast_3d(image), -1, 0).astype(np.float32, copy=False)  # (C, H, W)
    resized = np.empty((height, width, len(planes)), np.float32)
    for channel, plane in enumerate(planes):
        whole = Pillow.fromarray(np.ascontiguousarray(plane))
        small = whole.resize((width, height), Pillow.Resampling.LANCZOS, reducing_gap=3.0)
        copy_plane(small, resized[..., channel])
    np.clip(resized, 0, 1, out=resized)
    return resized.reshape((height, width, *image.shape[2:]))


def copy_plane(plane: Pillow.Image, target: Image) -> None:
    """Copy a Pillow image of one channel into an array (H, W), in strips.

    Pillow joins the parts of a whole image with the interpreter lock held, so that a server that converts a large
    photo answers nobody for tenths of a second.
    """
    for top in range(0, plane.height, COPIED_ROWS):
        bottom = min(top + COPIED_ROWS, plane.height)
        target[top:bottom] = np.asarray(plane.crop((0, top, plane.width, bottom)))


def fitted(height: int, width: int, long_side: int) -> tuple[int, int]:
    """Return the (height, width) scaled in proportion to a long side of at most `long_side`; never enlarged."""
    scale = min(1.0, long_side / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def middle(image: Image) -> Image:
    """Return the central square of an image (H, W, C), not scaled."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def fit(image: Image, long_side: int) -> Image:
    """Shrink an image (H, W, 3) to a long side of at most `long_side`; a smaller one is returned unchanged."""
    height, width = image.shape[:2]
    return resize(image, fitted(height, width, long_side))


def fit_short(image: Image, short_side: int) -> Image:
    """Shrink an image (H, W, 3) to a short side of at most `short_side`; a smaller one is returned unchanged.

    Intended for style pictures, whose stroke size depends on the short side.
    """
    height, width = image.shape[:2]
    scale = min(1.0, short_side / min(height, width))
    return resize(image, (max(1, round(height * scale)), max(1, round(width * scale))))


def resize_rows(image: Image, size: tuple[int, int], top: int, bottom: int) -> Image:
    """Return the rows from `top` to `bottom` of `resize(image, size)`, for large pictures that are created in strips.

    Takes an image (H, W, 3) or (H, W, K), or a plane (H, W).
    """
    height, width = size
    if image.shape[:2] == size:
        return image[top:bottom]
    scale = image.shape[0] / height
    # Lanczos uses three pixels of the smaller picture on each side, so a strip with this border equals the whole.
    margin = math.ceil(4 / min(scale, 1))
    first, last = max(0, top - margin), min(height, bottom + margin)
    resized = resample(image, (last - first, width), (0.0, first * scale, image.shape[1], last * scale))
    return np.clip(resized[top - first : bottom - first], 0, 1)


def resample(image: Image, size: tuple[int, int], box: tuple[float, float, float, float]) -> Image:
    """Return the part of an image in a box (left, top, right, bottom), resized by Lanczos without clipping.

    Takes an image (H, W, 3) or (H, W, K), or a plane (H, W), with any range of values.
    """
    planes = np.moveaxis(image.reshape(*image.shape[:2], -1), -1, 0).astype(np.float32, copy=False)
    resized = np.empty((*size, len(planes)), np.float32)

    def fill(channel: int) -> None:
        plane = Pillow.fromarray(np.ascontiguousarray(planes[channel]))
        copy_plane(plane.resize(size[::-1], Pillow.Resampling.LANCZOS, box), resized[..., channel])

    with ThreadPoolExecutor(min(len(planes), 4)) as threads:  # Pillow releases the interpreter lock
        list(threads.map(fill, range(len(planes))))
    return resized.reshape((*size, *image.shape[2:]))
