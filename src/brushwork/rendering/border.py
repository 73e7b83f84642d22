"""A mirrored border around a content, rendered with it and cut off afterwards.

The convolutions of a network see mirrored pixels beyond the sides of an image, so its outermost pixels get other
strokes than the rest: a faint frame. With a border around the content, this frame lies in the border.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from brushwork.images import Rows
from brushwork.runtime import Array

# Pixels on every side, as many as the first convolution mirrors; the frame is no wider. A multiple of the grid of the
# network's features (4), so that they stay where they were.
BORDER = 4


def mirrored(read: Callable[[int, int], Array], height: int, top: int, bottom: int) -> Array:
    """Return rows (h, W + 8, C) of an image with its border, from a function that reads rows of the image.

    Args:
        read: Returns rows (h, W, C) from one up to another.
        height: Rows of the image.
        top: First row that is wanted, counted from the top of the border.
        bottom: The row after the last.
    """
    rows = np.pad(np.arange(height), BORDER, mode="reflect")[top:bottom]
    first = int(rows.min())
    inner = read(first, int(rows.max()) + 1)
    columns = np.pad(np.arange(inner.shape[1]), BORDER, mode="reflect")
    return inner[np.ix_(rows - first, columns)]


class BorderedRows:
    """Rows (H + 8, W + 8, C) of a content (H, W, C) and its border. They can only be read."""

    def __init__(self, content: Rows) -> None:
        self._content = content
        height, width, channels = content.shape
        self.shape: tuple[int, ...] = (height + 2 * BORDER, width + 2 * BORDER, channels)

    def __getitem__(self, rows: slice, /) -> Any:
        """Return the rows (h, W + 8, C) of a slice with a start and an end."""
        content = self._content
        return mirrored(lambda top, bottom: content[top:bottom], content.shape[0], rows.start, rows.stop)

    def __setitem__(self, rows: slice, pixels: Any, /) -> None:
        """Raise an error: a border is only read."""
        raise TypeError("rows with a border can only be read")
