"""Regions of an image with different styles: soft masks, one style per mask, and protected areas."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from brushwork import images
from brushwork.errors import UserError
from brushwork.images import Picture
from brushwork.rendering.border import BORDER, mirrored
from brushwork.runtime import Array

# An embedding (1, D), an image, or the name of a style or picture file; see `Stylizer.embed`.
Style: TypeAlias = NDArray[Any] | Pillow.Image | Picture | str | PathLike[str]


@dataclass(frozen=True, eq=False)
class Region:
    """A part of an image with its own style.

    Attributes:
        mask: Weight (h, w) of the region in each pixel, floats in [0, 1], uint8 or bool; it is scaled to the image.
        style: An embedding (1, D), an image, a name or a path, as for `Stylizer.stylize`.
        strength: 0 keeps the photo, 1 is the full pastiche.
    """

    mask: NDArray[Any]
    style: Style
    strength: float = 1.0


@dataclass(frozen=True, eq=False)
class StyleMap:
    """The styles of an image and their masks, composed once for all frames and tiles.

    Attributes:
        embeddings: Styles (K, D).
        opacities: How much of each style's pastiche is seen over the photo, (K,) in [0, 1].
        masks: Weights (h, w, K) of the styles, which sum to 1 in each pixel; None where one style is everywhere.
        protected: (h, w) in [0, 1]; 1 stays the photo. None where nothing is protected.
        own: Embedding (1, D) of the content, where a strength below 1 needed it.
        bordered: Whether the images have a border beside the masks, see `brushwork.rendering.border`.
    """

    embeddings: Array
    opacities: Array
    masks: Array | None = None
    protected: Array | None = None
    own: Array | None = None
    bordered: bool = False

    @property
    def visible(self) -> bool:
        """Whether any part of the pastiche is visible; otherwise the result is the photo."""
        return bool(self.opacities.any())

    def weights(self, size: tuple[int, int], top: int, bottom: int) -> Array | None:
        """Return the masks (h, W, K) in some rows of an image of a size (H, W), that of its border included."""
        if self.masks is None:
            return None
        if not self.bordered:
            return _weights(self.masks, size, top, bottom)
        inner = size[0] - 2 * BORDER, size[1] - 2 * BORDER
        return mirrored(partial(_weights, self.masks, inner), inner[0], top, bottom)

    def blend(self, content: Array, pastiche: Array, size: tuple[int, int], top: int, bottom: int) -> Array:
        """Blend rows of a pastiche (h, W, 3) with those of its content (h, W, 3) by opacity and protection."""
        weights = self.weights(size, top, bottom)
        opacity: Array = self.opacities[0] if weights is None else (weights @ self.opacities)[..., None]
        if self.protected is not None:
            opacity = opacity * (1 - images.resize_rows(self.protected, size, top, bottom)[..., None])
        if np.all(opacity == 1):
            return pastiche
        # Where the pastiche has no weight, the photo stays bit for bit.
        return content + opacity * (pastiche - content)


def _weights(masks: Array, size: tuple[int, int], top: int, bottom: int) -> Array:
    """Return the masks (h, W, K) in some rows of an image of a size (H, W)."""
    rows = images.resize_rows(masks, size, top, bottom)
    scaled: Array = rows / np.maximum(rows.sum(axis=2, keepdims=True), np.float32(1e-6))
    return scaled


def mix_masks(masks: Sequence[NDArray[Any]]) -> Array:
    """Return weights (h, w, K + 1) of K masks, scaled to the size of the largest; they sum to 1 in each pixel.

    The last weight is what the masks leave. Where masks sum to more than 1, they are normalised.

    Raises:
        UserError: If a mask is black everywhere or not a mask.
    """
    checked = [images.as_mask(f"mask {number}", mask) for number, mask in enumerate(masks, 1)]
    for number, mask in enumerate(checked, 1):
        if not mask.any():
            raise UserError(f"mask {number} is empty: black everywhere")
    size = max(checked, key=lambda mask: mask.size).shape
    stacked = np.stack([np.clip(images.resize(mask, size), 0, 1) for mask in checked], axis=2).astype(np.float32)
    stacked /= np.maximum(stacked.sum(axis=2, keepdims=True), 1)
    return np.concatenate((stacked, 1 - stacked.sum(axis=2, keepdims=True)), axis=2)


def combine(
    styles: Sequence[tuple[Array | None, float]],
    own: Array | None,
    masks: Array | None,
    protected: Array | None,
    *,
    table: bool,
) -> StyleMap:
    """Return the style map of embeddings (1, D) and their strengths; an embedding of None keeps the photo.

    Between 0 and 1 the embedding moves from the content's to the style's (identity interpolation, Ghiasi et al. 2017,
    section 3.5), and the opacity of the pastiche is 1 - (1 - strength)^2.

    Args:
        styles: Embedding and strength of each region and finally of the rest.
        own: Embedding (1, D) of the content if a strength is below 1.
        masks: Weights (h, w, K) of the styles.
        protected: Weight (h, w) of the photo.
        table: Whether the embeddings select from a table of styles. The table has no embedding of the content, so the
            strength is then a blend with the photo only.

    Raises:
        UserError: If the embeddings belong to different models.
    """
    strengths = np.asarray([strength for _, strength in styles])
    opacities = (strengths if table else 1 - (1 - strengths) ** 2).astype(np.float32)
    known = [each for each in (own, *(embedding for embedding, _ in styles)) if each is not None]
    if len({each.shape for each in known}) > 1:
        raise UserError(
            f"the styles belong to different models: {' and '.join(str(each.shape[1]) for each in known)} numbers"
        )
    # In the layers, the photo is represented by its own embedding, or by any if nothing of the pastiche is visible.
    photo = known[0] if known else np.zeros((1, 1), np.float32)
    embeddings = []
    for embedding, strength in styles:
        if embedding is None:
            embeddings.append(photo)
        elif own is None or table or strength == 1:
            embeddings.append(embedding)
        else:
            embeddings.append(own + np.float32(strength) * (embedding - own))
    return StyleMap(np.concatenate(embeddings), opacities, masks, protected, own)
