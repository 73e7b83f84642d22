"""Controls the size of the brush: a large image is rendered on a reduced copy for broad strokes and at full size.

The strokes of a network have a fixed width in pixels. On a large image they are too fine to be visible, and the result
looks like an embossed photo. On a reduced copy the strokes are large, but the enlarged pastiche is blurred. Therefore
the coarse bands are taken from the copy and the fine bands from the full size, as in a Laplacian pyramid (Burt and
Adelson 1983). Rendering large and small strokes at two sizes follows Gatys et al. 2017, *Controlling perceptual
factors*, section 6.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from brushwork import images
from brushwork.images import Rows
from brushwork.rendering.settings import AUTO, GRID, OWN, Stroke
from brushwork.runtime import SMALLEST_SIDE, Array

# Long side in pixels of an image on which the network's brush is stroke 1.
STROKE_SIDE = 1024
# Rows of the reduced copy that Lanczos needs around a strip: three to reduce, three to enlarge, one for rounding.
REACH = 7

Strip: TypeAlias = Callable[[int, int], Array]


def copy_side(stroke: Stroke, height: int, width: int) -> float | None:
    """Return the long side in pixels of the copy on which the network's brush has the size of the stroke.

    None if the image is rendered at its own size only: ``own``, or ``auto`` for images up to 1024 pixels.
    """
    if stroke == OWN or (stroke == AUTO and max(height, width) <= STROKE_SIDE):
        return None
    return STROKE_SIDE / (1.0 if isinstance(stroke, str) else stroke)


def joined(broad: Array, own: Strip, size: tuple[int, int]) -> Strip:
    """Combine the coarse bands of a reduced copy's pastiche (h, w, 3) with the fine bands of the full-size pastiche.

    Args:
        broad: Pastiche of the copy.
        own: Pastiche of the image, by rows.
        size: Height and width of the image.
    """
    scale = size[0] / len(broad)

    def strip(top: int, bottom: int) -> Array:
        first, last = max(0, int(top / scale) - REACH), min(len(broad), math.ceil(bottom / scale) + REACH)
        above, below = int(first * scale) // GRID * GRID, min(size[0], math.ceil(last * scale))
        fine = own(above, below)
        box = (0.0, first * scale - above, size[1], last * scale - above)
        change = broad[first:last] - images.resample(fine, (last - first, broad.shape[1]), box)
        box = (0.0, top / scale - first, broad.shape[1], bottom / scale - first)
        pastiche = images.resample(change, (bottom - top, size[1]), box)
        pastiche += fine[top - above : bottom - above]
        return np.clip(pastiche, 0, 1, out=pastiche)

    return strip


def scaled(pastiche: Array, height: int, width: int) -> Strip:
    """Return a function that computes rows of a pastiche scaled to a size."""
    return lambda top, bottom: images.resize_rows(pastiche, (height, width), top, bottom)


def resized(content: Rows, side: float) -> Array:
    """Return a copy (h, w, C) of a content with a long side of ``side`` pixels; a larger content is read in strips."""
    height, width = content.shape[:2]
    scale = side / max(height, width)
    factor = max(1, int(1 / scale))
    small = np.concatenate(
        [_shrunk(content[top : min(top + factor * GRID, height)], factor) for top in range(0, height, factor * GRID)]
    )
    return images.resize(small, (max(SMALLEST_SIDE, round(height * scale)), max(SMALLEST_SIDE, round(width * scale))))


def _shrunk(rows: Array, factor: int) -> Array:
    """Average rows (h, W, 3) over squares of ``factor`` pixels; the last squares may be narrower."""
    if factor == 1:
        return rows
    for axis in (0, 1):
        starts = np.arange(0, rows.shape[axis], factor)
        counts = np.diff(np.append(starts, rows.shape[axis])).astype(np.float32)
        sums = np.add.reduceat(rows, starts, axis=axis)
        rows = np.divide(sums, counts.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1)), dtype=np.float32)
    return rows
