"""Which style goes where in a picture: soft masks, a style for each, and what stays the photo."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brushwork import images
from brushwork.errors import UserError
from brushwork.runtime import Array


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a picture that takes a style of its own.

    Attributes:
        mask: (h, w) in [0, 1], of any size: how much each pixel belongs to the region; soft edges stay soft.
        embedding: The style, (1, D).
        strength: 0 leaves the photo, 1 is the full pastiche.
    """

    mask: Array
    embedding: Array
    strength: float = 1.0


@dataclass(frozen=True, eq=False)
class Paint:
    """What a picture is painted with.

    Attributes:
        embeddings: Styles (K, D).
        shares: Of each style, how much of its pastiche is seen over the photo, (K,) in [0, 1].
        masks: Weights (h, w, K) of the styles, which sum to 1 in each pixel; None where one style is everywhere.
        protected: (h, w) in [0, 1]; 1 stays the photo. None where nothing is protected.
    """

    embeddings: Array
    shares: Array
    masks: Array | None = None
    protected: Array | None = None

    def weights(self, size: tuple[int, int], top: int, bottom: int) -> Array | None:
        """The masks (h, W, K) in some rows of a picture of a size (H, W)."""
        if self.masks is None:
            return None
        rows = images.resize_rows(self.masks, size, top, bottom)
        scaled: Array = rows / np.maximum(rows.sum(axis=2, keepdims=True), np.float32(1e-6))
        return scaled

    def blend(self, content: Array, pastiche: Array, size: tuple[int, int], top: int, bottom: int) -> Array:
        """A pastiche (h, W, 3) over its content (h, W, 3), as much as is seen of it, in some rows of a picture."""
        weights = self.weights(size, top, bottom)
        share: Array = self.shares[0] if weights is None else (weights @ self.shares)[..., None]
        if self.protected is not None:
            share = share * (1 - images.resize_rows(self.protected, size, top, bottom)[..., None])
        if np.all(share == 1):
            return pastiche
        # Where nothing is seen of it the photo stays bit for bit.
        return content + share * (pastiche - content)


def mix(masks: Sequence[Array], size: tuple[int, int]) -> Array:
    """Weights (h, w, K + 1) of masks (h, w) fitted to one size: the last is what no mask takes, and all sum to 1.

    Where masks overlap to more than 1 each gets its part of 1.

    Raises:
        UserError: If a mask is empty or no plane.
    """
    fitted = []
    for number, mask in enumerate(masks, 1):
        if mask.ndim != 2:
            raise UserError(f"mask {number} is an array of shape {mask.shape}; a mask is (height, width)")
        if not mask.any():
            raise UserError(f"mask {number} is empty: black everywhere")
        fitted.append(np.clip(images.resize(mask, size), 0, 1))
    stacked = np.stack(fitted, axis=2).astype(np.float32)
    stacked /= np.maximum(stacked.sum(axis=2, keepdims=True), 1)
    return np.concatenate((stacked, 1 - stacked.sum(axis=2, keepdims=True)), axis=2)
