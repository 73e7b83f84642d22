"""Edges of cut-outs that show the ground they were taken from: a dark or light fringe, which a network would paint.

Of such a picture c = a F + (1 - a) M, with alpha a, the colour F that the edge should have, and one colour M of the
ground, the matte. M is found by least squares, where F is taken from the opaque pixels near the edge.
"""

import numpy as np

from brushwork.images.canvas import Rows
from brushwork.images.pull_push import BLOCK, Image, halved, means, sums

# Of alpha that is none of them, colours say least where it is near 0, and the ground where it is near 1.
_FROM, _TO = 0.1, 0.9
_OPAQUE = np.float32(1 - 0.5 / 255)
# An edge is this near to an opaque pixel, as a power of two.
_NEAR = 3
# Fewest pixels of edges that say anything, and the largest part of what else is left of their variance.
_FEWEST, _MOST_LEFT = 32, 0.6
# Least difference between the ground and the colours of edges that can be seen.
_SEEN = 0.08
# Matte colours that rounding explains lie this far outside of [0, 1].
_OUTSIDE = 0.1


def rows_of(width: int) -> int:
    """Return how many rows of a picture of a width make up a strip."""
    return int(BLOCK * max(1, 2**22 // (BLOCK * width)))


def find_matte(pixels: Rows) -> Image | None:
    """Return the colour (3,) of the ground that shows in the edges of a cut-out (H, W, 4); None if none does.

    Other models of the edges, that they have the colours of what is near, or these darker or lighter, must fit worse.
    """
    height, width = pixels.shape[:2]
    fit = _Fit()
    for top in range(0, height, rows := rows_of(width)):
        fit.add(np.asarray(pixels[top : min(top + rows, height)]))
    return fit.matte()


def without_fringe(pixels: Image, matte: Image | None) -> tuple[Image, Image]:
    """Return the image (h, W, 3) of pixels (h, W, 4) without the matte, and how much its colours (h, W) can be trusted.

    That is alpha, but 0 where it is so low that what is left of the colour is mostly rounding.
    """
    image, alpha = pixels[..., :3], pixels[..., 3]
    if matte is None:
        return image, alpha
    edge = (alpha < 1) & (alpha >= _FROM)
    own = (image - (1 - alpha[..., None]) * matte) / np.maximum(alpha, np.float32(_FROM))[..., None]
    return np.where(edge[..., None], np.clip(own, 0, 1), image), np.where(alpha >= _FROM, alpha, np.float32(0))


class _Fit:
    """Sums over the pixels of edges, by channel, from which the models are fitted."""

    def __init__(self) -> None:
        self.count = 0
        self.totals = np.zeros((8, 3))

    def add(self, pixels: Image) -> None:
        """Add the edges of a strip (h, W, 4)."""
        alpha = pixels[..., 3]
        edge = (alpha > _FROM) & (alpha < _TO)
        if not edge.any():
            return
        opaque = sums(pixels[..., :3], (alpha >= _OPAQUE).astype(np.float32))
        near = opaque
        for _ in range(_NEAR):
            near = halved(near)
        side = 2**_NEAR
        edge &= (near[..., 3] > 0).repeat(side, axis=0).repeat(side, axis=1)[: len(alpha), : alpha.shape[1]]
        if not edge.any():
            return
        a, c, f = alpha[edge][:, None].astype(np.float64), pixels[edge][:, :3].astype(np.float64), means(opaque)[edge]
        ground, rest = 1 - a, c - a * f
        terms = (rest**2, ground * rest, ground**2 + 0 * c, (c - f) ** 2, c**2, c * f, f.astype(np.float64) ** 2, f)
        self.totals += np.stack([term.sum(axis=0) for term in terms])
        self.count += len(a)

    def matte(self) -> Image | None:
        """Return the matte, where it explains the edges best."""
        if self.count < _FEWEST:
            return None
        rest2, ground_rest, ground2, near, c2, cf, f2, f = self.totals
        found = ground_rest / ground2
        left = float((rest2 - ground_rest**2 / ground2).sum())
        others = min(float(near.sum()), float((c2 - cf**2 / np.maximum(f2, 1e-12)).sum()))
        differs = float(np.abs(found - f / self.count).max()) > _SEEN
        inside = bool((found > -_OUTSIDE).all() and (found < 1 + _OUTSIDE).all())
        return np.clip(found, 0, 1).astype(np.float32) if differs and inside and left < _MOST_LEFT * others else None
