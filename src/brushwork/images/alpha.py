"""Colours under transparent pixels, taken from those that can be seen.

What a cut-out hides is whatever a program left there, black for one. A network would paint it, measure it, and mix it
into the edge. Pull and push (Gortler et al. 1996, "The Lumigraph", section 3.4) fills it: a hidden pixel takes the mean
of the smallest block of 2, 4, 8 and so on pixels squared that shows anything, weighted by alpha.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushwork.images.canvas import Rows

Image = NDArray[np.float32]
# Alpha that 8 bits cannot show: what resampling leaves beside an edge is hidden, too.
_INVISIBLE = np.float32(0.5 / 255)
# Blocks of this side are formed within a strip, larger ones from all strips: so strips are filled like the whole.
_LEVELS = 5
_BLOCK = 2**_LEVELS


def fill_hidden(image: Image, alpha: Image | None) -> Image:
    """Give an image (H, W, 3) whose pixels of alpha 0 have the colours of what can be seen near them.

    The others stay bit for bit, and so does an image of which nothing or all can be seen, which is not copied.
    """
    if alpha is None or alpha.min(initial=1) > 0 or not alpha.any():
        return image
    return np.where(alpha[..., None] > 0, image, _means(_sums(image, alpha)))


def visible(pixels: Image) -> Image | None:
    """Give which of the pixels (H, W, 4) can be seen, 1 or 0 in (H, W).

    None where all or none can, and for pixels (H, W, 3): nothing is told apart then.
    """
    seen = is_visible(pixels)
    return None if seen.all() or not seen.any() else seen.astype(np.float32)


def is_visible(pixels: Image) -> NDArray[np.bool_]:
    """Whether each of the pixels (H, W, 3) or with alpha (H, W, 4) can be seen: (H, W)."""
    if pixels.shape[2] == 3:
        return np.ones(pixels.shape[:2], bool)
    seen: NDArray[np.bool_] = pixels[..., 3] > _INVISIBLE
    return seen


def restore_hidden(pastiche: Image, image: Image, filled: Image) -> Image:
    """Give a pastiche (H, W, 3) of a filled image, with what it left as it was filled unfilled again."""
    if filled is image or pastiche.shape != image.shape:
        return pastiche
    return np.where((pastiche == filled).all(axis=2, keepdims=True), image, pastiche)


class FilledRows:
    """The rows of a picture (H, W, 4), by strips, as `fill_hidden` makes them."""

    def __init__(self, rows: Rows) -> None:
        self.shape = rows.shape
        self._rows = rows
        height, width = rows.shape[:2]
        self._coarse = np.zeros((-(-height // _BLOCK), -(-width // _BLOCK), 4), np.float32)
        strip = _BLOCK * max(1, 2**22 // (_BLOCK * width))
        for top in range(0, height, strip):
            pixels = rows[top : min(top + strip, height)]
            sums = _sums(pixels[..., :3], pixels[..., 3])
            for _ in range(_LEVELS):
                sums = _halved(sums)
            self._coarse[top // _BLOCK : top // _BLOCK + len(sums)] = sums
        self._means = _means(self._coarse) if self._coarse[..., 3].any() else None

    def __getitem__(self, rows: slice) -> Any:
        """Rows (h, W, 4) of a slice with a start and an end."""
        start, stop, _ = rows.indices(self.shape[0])
        if self._means is None:
            return self._rows[start:stop]
        first, last = start // _BLOCK, -(-stop // _BLOCK)
        top = first * _BLOCK
        pixels = np.array(self._rows[top : min(last * _BLOCK, self.shape[0])])
        image, alpha = pixels[..., :3], pixels[..., 3]
        if alpha.min(initial=1) <= 0:
            means = _means(_sums(image, alpha), self._means[first:last])
            pixels[..., :3] = np.where(alpha[..., None] > 0, image, means)
        return pixels[start - top : stop - top]

    def __setitem__(self, rows: slice, pixels: Any) -> None:
        """Replaces rows."""
        self._rows[rows] = pixels


class RestoredRows:
    """Rows (H, W, 4) that take a pastiche of filled rows, by strips, as `restore_hidden` makes it."""

    def __init__(self, target: Rows, content: Rows, filled: FilledRows) -> None:
        self.shape = target.shape
        self._target, self._content, self._filled = target, content, filled

    def __getitem__(self, rows: slice) -> Any:
        """Rows (h, W, 4) of a slice with a start and an end."""
        return self._target[rows]

    def __setitem__(self, rows: slice, pixels: Any) -> None:
        """Replaces rows."""
        content, filled = self._content[rows], self._filled[rows]
        colour = restore_hidden(pixels[..., :3], content[..., :3], filled[..., :3])
        self._target[rows] = np.concatenate([colour, pixels[..., 3:]], axis=2)


def _sums(image: Image, alpha: Image) -> Image:
    """Give colours multiplied by alpha, and alpha: (h, w, 4)."""
    weight = alpha[..., None]
    return np.concatenate([image * weight, weight], axis=2)


def _halved(sums: Image) -> Image:
    """Add up blocks of 2 x 2; beyond the border is nothing."""
    height, width = sums.shape[:2]
    even = np.pad(sums, ((0, height % 2), (0, width % 2), (0, 0)))
    halved: Image = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return halved


def _means(sums: Image, coarse: Image | None = None, levels: int = _LEVELS) -> Image:
    """Give the mean colours (h, w, 3) of blocks; of those that show nothing, that of the block around them.

    Args:
        sums: Colours multiplied by weights, and weights (h, w, 4).
        coarse: The means of blocks that are 2 ** levels as large; where none are given, blocks grow to the whole.
        levels: See there.
    """
    if coarse is not None and levels == 0:
        return coarse
    visible = sums[..., 3:] > 0
    means = np.divide(sums[..., :3], sums[..., 3:], out=np.zeros_like(sums[..., :3]), where=visible)
    if visible.all() or sums.shape[:2] == (1, 1):
        return means
    around = _means(_halved(sums), coarse, levels - 1)
    enlarged = around.repeat(2, axis=0).repeat(2, axis=1)[: len(sums), : sums.shape[1]]
    return np.where(visible, means, enlarged)
