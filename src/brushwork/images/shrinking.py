"""Pictures scaled strip by strip, from and to a canvas, as `assembly.assemble` scales those in memory."""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from brushwork.images.canvas import Canvas, canvas
from brushwork.images.picture import divide_alpha
from brushwork.images.resizing import Image, resample

# Rows that are made at once.
_ROWS = 64
# Pixels of the larger picture beside a strip that Lanczos sees, for each of the smaller: three, and one for rounding.
_REACH = 4


def shrink(
    parts: Iterable[Image], size: tuple[int, int], extent: tuple[float, float], target: Canvas
) -> None:  # fmt: skip
    """Scale a picture that comes in parts onto a canvas.

    Args:
        parts: Rows (h, W, 3), or (h, W, 4) with alpha, from the top, colours
            multiplied by it.
        size: Their height and width together.
        extent: The same of the picture, where the last row and column stand for less than the others.
        target: Canvas (H, W, 3 or 4) of the wanted size; its colours are not multiplied by alpha.
    """
    height, width, channels = target.shape
    scale = extent[0] / height
    with canvas(*size, channels, "uint16") as whole:
        top = 0
        for part in parts:
            whole[top : top + len(part)] = part[..., :channels]
            top += len(part)
        for top in range(0, height, _ROWS):
            bottom = min(top + _ROWS, height)
            first = max(0, math.floor((top - _REACH) * scale))
            last = min(size[0], math.ceil((bottom + _REACH) * scale))
            box = (0.0, top * scale - first, extent[1], bottom * scale - first)
            rows = np.clip(resample(whole[first:last], (bottom - top, width), box), 0, 1)
            target[top:bottom] = rows if channels == 3 else _divided(rows)


def multiplied(parts: Iterable[Image]) -> Iterator[Image]:
    """Multiply colours by alpha, in place, where rows (h, W, 4) have one."""
    for part in parts:
        if part.shape[2] == 4:
            part[..., :3] *= part[..., 3:]
        yield part


def _divided(rows: Image) -> Image:
    """Divide colours by alpha; what is hidden is filled from these rows."""
    frame = divide_alpha(rows[..., :3], rows[..., 3])
    assert frame.alpha is not None
    return np.concatenate([frame.image, frame.alpha[..., None]], axis=2)
