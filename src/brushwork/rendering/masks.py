"""Reads masks from files: white inside a region, black outside, grey for soft edges."""

from pathlib import Path

import numpy as np

from brushwork import images
from brushwork.errors import UserError
from brushwork.images import Picture
from brushwork.runtime import Array

ALPHA = "alpha"
# Rows of a large mask that are read at once.
_ROWS = 256


def find(mask: str, content: Path | None) -> Path:
    """Return the file of a mask: the given file, or the file with the content's stem in a given folder.

    Raises:
        UserError: If the folder has no mask for this content.
    """
    folder = Path(mask)
    if not folder.is_dir():
        return folder
    stem = content.stem if content else "-"
    fitting = [path for path in images.find(folder) if path.stem == stem]
    if not fitting:
        raise UserError(f"the folder {mask} has no mask named {stem}, such as {stem}.png")
    return fitting[0]


def read(
    mask: str, content: Path | None, alpha: Array | None, size: tuple[int, int], most: int | None = None
) -> tuple[Array, str | None]:
    """Return a mask (h, w) in [0, 1], and a notice if it has another size than the content and will be scaled.

    Args:
        mask: A file, a folder of masks, or ``alpha``.
        content: Path of the content.
        alpha: Alpha (h, w) of the content, for the mask ``alpha``.
        size: Height and width of the content.
        most: Limit of the mask's pixels; a larger mask is read in strips and shrunk, with a notice. None reads the
            whole mask at once.

    Raises:
        UserError: If the mask cannot be read, is black everywhere, or the content has no alpha.
    """
    if mask == ALPHA:
        if alpha is None:
            raise UserError("the mask is alpha, but this picture has no alpha; give a mask file")
        return _checked(alpha, mask), None
    path = find(mask, content)
    if most and (extent := images.measure(path)) and extent.frames == 1 and extent.pixels > most:
        plane = _shrunk(path, max(1, int(max(extent.height, extent.width) * (most / extent.pixels) ** 0.5)))
        height, width = plane.shape
        return _checked(plane, str(path)), f"{path} is shrunk to {width} x {height}, as memory is short"
    plane = of_picture(images.open(path))
    height, width = plane.shape
    notice = None if (height, width) == size else f"{path} is {width} x {height}; scaled to {size[1]} x {size[0]}"
    return _checked(plane, str(path)), notice


def _shrunk(path: Path, long_side: int) -> Array:
    """Read a mask by strips, shrunk to a long side."""
    with images.open_large(path, size=long_side) as large:
        height = large.pixels.shape[0]
        strips = (large.pixels[top : min(top + _ROWS, height)] for top in range(0, height, _ROWS))
        return np.concatenate([strip[..., :3].mean(axis=2) * strip[..., 3:].prod(axis=2) for strip in strips])


def of_picture(picture: Picture) -> Array:
    """Return the mask (h, w) in [0, 1] of a picture: the mean of red, green and blue; 0 where transparent."""
    plane: Array = picture.image.mean(axis=2, dtype=np.float32)
    return plane if picture.alpha is None else plane * picture.alpha


def _checked(plane: Array, name: str) -> Array:
    if not plane.any():
        raise UserError(f"the mask {name} is empty: black everywhere")
    return plane
