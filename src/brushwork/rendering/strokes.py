"""The size of the brush: a large image is painted broadly on a reduced copy, and finely at its own size.

A network's strokes are so many pixels wide. On a large image they are too fine to be seen, and what is seen looks
like a photo in relief. A reduced copy is painted with a brush that is large for it, but its pastiche is soft when it
is enlarged. So the coarse bands come from the one and the fine bands from the other, as in a Laplacian pyramid (Burt
and Adelson 1983); that large and small strokes are best painted at two sizes is from Gatys et al. 2017, *Controlling
perceptual factors*, section 6.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from brushwork import images
from brushwork.images import Rows
from brushwork.rendering.settings import AUTO, GRID, OWN, Stroke
from brushwork.runtime import SMALLEST_SIDE, Array

# The long side, in pixels, of an image whose brush is stroke 1.
STROKE_SIDE = 1024
# Rows of the reduced copy that Lanczos sees around a strip: three to reduce, three to enlarge, and one for rounding.
REACH = 7

Strip: TypeAlias = Callable[[int, int], Array]


def copy_side(stroke: Stroke, height: int, width: int) -> float | None:
    """Return the long side of the copy on which the network's brush has the size of a stroke, in pixels.

    None where the image is painted at its own size alone: ``own``, or ``auto`` where it is no larger than 1024 pixels.
    """
    if stroke == OWN or (stroke == AUTO and max(height, width) <= STROKE_SIDE):
        return None
    return STROKE_SIDE / (1.0 if isinstance(stroke, str) else stroke)


def joined(broad: Array, own: Strip, size: tuple[int, int]) -> Strip:
    """A pastiche (h, w, 3) of a reduced copy, with what is finer than its pixels from that of the image's own size.

    Args:
        broad: The pastiche of the copy.
        own: The pastiche of the image, by rows.
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
    """A pastiche scaled to a size, by rows."""
    return lambda top, bottom: images.resize_rows(pastiche, (height, width), top, bottom)


def resized(content: Rows, side: float) -> Array:
    """A copy (h, w, C) of a content whose long side has so many pixels, read by strips where it is larger."""
    height, width = content.shape[:2]
    scale = side / max(height, width)
    factor = max(1, int(1 / scale))
    small = np.concatenate(
        [_shrunk(content[top : min(top + factor * GRID, height)], factor) for top in range(0, height, factor * GRID)]
    )
    return images.resize(small, (max(SMALLEST_SIDE, round(height * scale)), max(SMALLEST_SIDE, round(width * scale))))


def _shrunk(rows: Array, factor: int) -> Array:
    """Rows (h, W, 3) averaged over squares of so many pixels; those at the end may be narrower."""
    if factor == 1:
        return rows
    for axis in (0, 1):
        starts = np.arange(0, rows.shape[axis], factor)
        counts = np.diff(np.append(starts, rows.shape[axis])).astype(np.float32)
        sums = np.add.reduceat(rows, starts, axis=axis)
        rows = np.divide(sums, counts.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1)), dtype=np.float32)
    return rows
