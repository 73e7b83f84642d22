"""The size of the brush: a large picture is painted broadly on a reduced copy, and finely at its own size.

A network's strokes are so many pixels wide. On a large picture they are too fine to be seen, and what is seen looks
like a photo in relief. A reduced copy is painted with a brush that is large for it, but its pastiche is soft when it
is enlarged. So the coarse bands come from the one and the fine bands from the other, as in a Laplacian pyramid (Burt
and Adelson 1983); that large and small strokes are best painted at two sizes is from Gatys et al. 2017, *Controlling
perceptual factors*, section 6.
"""

import math
from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np

from brushwork import images
from brushwork.runtime import Array

# The long side, in pixels, of a picture whose brush is stroke 1.
STROKE_SIDE = 1024
STROKES = 0.25, 8.0
AUTO: Literal["auto"] = "auto"
# Rows of the reduced copy that Lanczos sees around a strip: three to reduce, three to enlarge, and one for rounding.
REACH = 7

Stroke: TypeAlias = float | Literal["auto"] | None
Strip: TypeAlias = Callable[[int, int], Array]


def chosen(stroke: Stroke, height: int, width: int) -> float | None:
    """The stroke for a picture of a size; ``auto`` is 1 where it is larger than 1024 pixels, and else its own brush."""
    if stroke == AUTO:
        return 1.0 if max(height, width) > STROKE_SIDE else None
    return stroke


def joined(broad: Array, own: Strip, size: tuple[int, int], grid: int) -> Strip:
    """A pastiche (h, w, 3) of a reduced copy, with what is finer than its pixels from that of the picture's own size.

    Args:
        broad: The pastiche of the copy.
        own: The pastiche of the picture, by rows.
        size: Height and width of the picture.
        grid: What the first of the rows that are asked for must be a multiple of.
    """
    scale = size[0] / len(broad)

    def strip(top: int, bottom: int) -> Array:
        first, last = max(0, int(top / scale) - REACH), min(len(broad), math.ceil(bottom / scale) + REACH)
        above, below = int(first * scale) // grid * grid, min(size[0], math.ceil(last * scale))
        fine = own(above, below)
        box = (0.0, first * scale - above, size[1], last * scale - above)
        change = broad[first:last] - images.resample(fine, (last - first, broad.shape[1]), box)
        box = (0.0, top / scale - first, broad.shape[1], bottom / scale - first)
        pastiche = images.resample(change, (bottom - top, size[1]), box)
        pastiche += fine[top - above : bottom - above]
        return np.clip(pastiche, 0, 1, out=pastiche)

    return strip
