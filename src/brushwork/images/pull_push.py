"""Pull and push (Gortler et al. 1996, "The Lumigraph", section 3.4): what is missing is filled from what is near.

A pixel without weight takes the mean of the smallest block of 2, 4, 8 and so on pixels squared that has any, weighted.
"""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
# Blocks of this side are formed within a strip, larger ones from all strips: so strips are filled like the whole.
LEVELS = 5
BLOCK = 2**LEVELS


def sums(image: Image, alpha: Image) -> Image:
    """Return colours multiplied by alpha, and alpha: (h, w, 4)."""
    weight = alpha[..., None]
    return np.concatenate([image * weight, weight], axis=2)


def halved(added: Image) -> Image:
    """Add up blocks of 2 x 2; beyond the border is nothing."""
    height, width = added.shape[:2]
    even = np.pad(added, ((0, height % 2), (0, width % 2), (0, 0)))
    smaller: Image = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return smaller


def means(added: Image, coarse: Image | None = None, levels: int = LEVELS) -> Image:
    """Return the mean colours (h, w, 3) of blocks; of those that show nothing, that of the block around them.

    Args:
        added: Colours multiplied by weights, and weights (h, w, 4).
        coarse: The means of blocks that are 2 ** levels as large; if none are given, blocks grow to the whole.
        levels: See there.
    """
    if coarse is not None and levels == 0:
        return coarse
    seen = added[..., 3:] > 0
    own = np.divide(added[..., :3], added[..., 3:], out=np.zeros_like(added[..., :3]), where=seen)
    if seen.all() or added.shape[:2] == (1, 1):
        return own
    around = means(halved(added), coarse, levels - 1)
    return np.where(seen, own, enlarged(around)[: len(added), : added.shape[1]])


def enlarged(image: Image) -> Image:
    """Return an image (h, w, C) whose pixels are repeated in blocks of 2 x 2: (2 h, 2 w, C).

    This copies a view, which NumPy does without the interpreter lock. `numpy.repeat` holds it: a server that fills a
    large photo would answer nobody meanwhile.
    """
    height, width, channels = image.shape
    blocks = np.broadcast_to(image[:, None, :, None], (height, 2, width, 2, channels))
    return blocks.reshape(2 * height, 2 * width, channels)
