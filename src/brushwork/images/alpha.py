"""Fills in the colours of transparent pixels from visible ones.

The hidden pixels of a cut-out have arbitrary colours, often black, which a network would measure and blend into the
edges. `pull_push` fills them, and `fringes` removes the background that still shows in the edges.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushwork.images.canvas import Rows
from brushwork.images.fringes import find_matte, rows_of, without_fringe
from brushwork.images.pull_push import BLOCK, LEVELS, halved, means, sums

Image = NDArray[np.float32]
# Alpha below half an 8-bit level counts as hidden, such as traces of resampling beside an edge.
_INVISIBLE = np.float32(0.5 / 255)


def fill_hidden(image: Image, alpha: Image | None) -> Image:
    """Return an image (H, W, 3) whose hidden pixels have the colours of visible pixels nearby.

    Other pixels are unchanged. An image that is completely visible or hidden is returned without a copy.
    """
    if alpha is None or alpha.min(initial=1) > 0 or not alpha.any():
        return image
    return np.where(alpha[..., None] > 0, image, means(sums(image, alpha)))


def without_ground(image: Image, alpha: Image | None) -> Image:
    """Return an image (H, W, 3) as `fill_hidden` does, but its edges without the ground that shows in them, too."""
    if alpha is None or alpha.min(initial=1) >= 1 or not alpha.any():
        return image
    pixels = np.concatenate([image, alpha[..., None]], axis=2)
    matte = find_matte(pixels)
    return fill_hidden(image, alpha) if matte is None else fill_hidden(*without_fringe(pixels, matte))


def visible(pixels: Image) -> Image | None:
    """Return 1 for visible and 0 for hidden pixels (H, W) of an image with alpha (H, W, 4).

    None if all or no pixels are visible, or for an image (H, W, 3).
    """
    seen = is_visible(pixels)
    return None if seen.all() or not seen.any() else seen.astype(np.float32)


def is_visible(pixels: Image) -> NDArray[np.bool_]:
    """Return whether each pixel of an image (H, W, 3), or with alpha (H, W, 4), is visible: (H, W)."""
    if pixels.shape[2] == 3:
        return np.ones(pixels.shape[:2], bool)
    seen: NDArray[np.bool_] = pixels[..., 3] > _INVISIBLE
    return seen


def restore_hidden(pastiche: Image, image: Image, filled: Image) -> Image:
    """Return a pastiche (H, W, 3) of a filled image, with the original colours in pixels that it did not change."""
    if filled is image or pastiche.shape != image.shape:
        return pastiche
    return np.where((pastiche == filled).all(axis=2, keepdims=True), image, pastiche)


class FilledRows:
    """The rows of a picture (H, W, 4), by strips, as `without_ground` makes them."""

    def __init__(self, rows: Rows) -> None:
        self.shape = rows.shape
        self._rows = rows
        height, width = rows.shape[:2]
        self._coarse = np.zeros((-(-height // BLOCK), -(-width // BLOCK), 4), np.float32)
        self._matte = find_matte(rows)
        strip = rows_of(width)
        for top in range(0, height, strip):
            pixels = rows[top : min(top + strip, height)]
            added = sums(*without_fringe(pixels, self._matte))
            for _ in range(LEVELS):
                added = halved(added)
            self._coarse[top // BLOCK : top // BLOCK + len(added)] = added
        self._means = means(self._coarse) if self._coarse[..., 3].any() else None

    def __getitem__(self, rows: slice) -> Any:
        """Return rows (h, W, 4); the slice must have a start and an end."""
        start, stop, _ = rows.indices(self.shape[0])
        if self._means is None:
            return self._rows[start:stop]
        first, last = start // BLOCK, -(-stop // BLOCK)
        top = first * BLOCK
        pixels = np.array(self._rows[top : min(last * BLOCK, self.shape[0])])
        image, weights = without_fringe(pixels, self._matte)
        if weights.min(initial=1) <= 0:
            around = means(sums(image, weights), self._means[first:last])
            pixels[..., :3] = np.where(weights[..., None] > 0, image, around)
        elif self._matte is not None:
            pixels[..., :3] = image
        return pixels[start - top : stop - top]

    def __setitem__(self, rows: slice, pixels: Any) -> None:
        """Replace rows."""
        self._rows[rows] = pixels


class RestoredRows:
    """Rows (H, W, 4) that receive a pastiche of filled rows in strips and treat it as `restore_hidden` does."""

    def __init__(self, target: Rows, content: Rows, filled: FilledRows) -> None:
        self.shape = target.shape
        self._target, self._content, self._filled = target, content, filled

    def __getitem__(self, rows: slice) -> Any:
        """Return rows (h, W, 4); the slice must have a start and an end."""
        return self._target[rows]

    def __setitem__(self, rows: slice, pixels: Any) -> None:
        """Replace rows."""
        content, filled = self._content[rows], self._filled[rows]
        colour = restore_hidden(pixels[..., :3], content[..., :3], filled[..., :3])
        self._target[rows] = np.concatenate([colour, pixels[..., 3:]], axis=2)
