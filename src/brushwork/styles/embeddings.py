"""Prepares style pictures for the style prediction network, and checks embeddings and weights that callers pass."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushwork import images
from brushwork.errors import UserError
from brushwork.images import Image, Rows
from brushwork.rendering import strokes
from brushwork.rendering.settings import check_size
from brushwork.runtime import Array

# The short side of a style is scaled to a fixed size. Without a limit, a very long picture would exceed memory.
LONGEST_STYLE = 32
# Smallest and largest short side in pixels at which styles can be embedded.
STYLE_SIZES = 80, 2048
STEP = 32
# Pixels from which a style picture is shrunk as it is decoded.
LARGE_STYLE = 4_000_000
# Long side of the reduced copy from which a content's colour statistics and embedding are computed.
REDUCED_SIDE = 1024


def style_size_for(painted: int, sizes: Sequence[tuple[int, int]]) -> int:
    """Return the style size in pixels for an output, in steps of 32.

    Args:
        painted: Long side of the output in pixels.
        sizes: Pairs (long side, style size) in ascending order; sizes in between are interpolated over the logarithm of
            the long side, and constant outside the range.
    """
    sides, short = zip(*sizes, strict=True)
    # Steps let photos of a folder whose sizes differ by a few pixels share an embedding.
    return STEP * round(float(np.interp(np.log(painted), np.log(sides), short)) / STEP)


def open_style(path: Path, size: int) -> Image:
    """Return the image (H, W, 3) of a style picture in a file, on white where it is transparent.

    A large one is shrunk as it is decoded, to no less than twice the size at which it is embedded.
    """
    extent = images.measure(path)
    long_side = None
    if extent and extent.pixels > LARGE_STYLE:
        long_side = 2 * size * max(extent.height, extent.width) // min(extent.height, extent.width)
    return images.open(path, size=long_side).on_white


def check_picture(image: Image) -> tuple[int, int]:
    """Return height and width of a style picture (H, W, 3).

    Raises:
        UserError: If it is too small or too narrow.
    """
    height, width = check_size("style", image)
    if max(height, width) > LONGEST_STYLE * min(height, width):
        raise UserError(f"the style is {width} x {height}: more than {LONGEST_STYLE} times as long as wide")
    return height, width


def scale_style(image: Image, size: int) -> Image:
    """Return a style picture (H, W, 3) scaled in proportion to a short side of ``size`` pixels.

    Raises:
        UserError: If it is too small or too narrow.
    """
    height, width = check_picture(image)
    scale = size / min(height, width)
    return images.resize(image, (round(height * scale), round(width * scale)))


def reduced_copy(content: Rows) -> Array:
    """Return the reduced copy (h, w, 3) from which a content's colour statistics and embedding are computed.

    A content too narrow for the style prediction network is cropped to its centre.
    """
    longest = LONGEST_STYLE * min(content.shape[:2])
    if max(content.shape[:2]) > longest:
        rows, columns = (slice(max(0, side - longest) // 2, (side + longest) // 2) for side in content.shape[:2])
        content = content[rows][:, columns]
    height, width = content.shape[:2]
    copy = content[0:height] if max(height, width) <= REDUCED_SIDE else strokes.resized(content, REDUCED_SIDE)
    image: Array = copy[..., :3]
    return image


def as_embedding(embedding: NDArray[Any]) -> Array:
    """Return an embedding of shape (1, D) or (D,) as float32 (1, D).

    Raises:
        UserError: If the array has another shape or dtype, or is not finite.
    """
    rows = np.atleast_2d(embedding)
    if len(rows) != 1 or rows.dtype.kind not in "fiu" or not np.isfinite(rows).all():
        raise UserError(
            f"the style is an array of {embedding.dtype} with shape {embedding.shape}; an image has the shape "
            "(height, width, 3), an embedding the shape (1, D) and finite values"
        )
    return rows.astype(np.float32, copy=False)


def pad_alike(embeddings: Sequence[Array | None], size: int | None) -> list[Array | None]:
    """Return embeddings (1, D), padded with zeros to the length of a deep style if the list contains one.

    A deep style has P further numbers, see `brushwork.networks.deep`; zeros leave a plain style unchanged.

    Args:
        embeddings: Embeddings (1, D) or (1, D + P); None stays None.
        size: D; None if unknown, then nothing is padded.
    """
    longest = max((each.shape[1] for each in embeddings if each is not None), default=0)
    return [
        np.pad(each, ((0, 0), (0, longest - size)))
        if each is not None and size is not None and each.shape[1] == size < longest
        else each
        for each in embeddings
    ]


def plain_parts(embeddings: Sequence[Array]) -> list[Array]:
    """Return embeddings (1, D) of styles of one model, of deep ones (1, D + P) the first D numbers, to compare them."""
    shortest = min((each.shape[1] for each in embeddings), default=0)
    return [each[:, :shortest] for each in embeddings]


def normalized_weights(weights: Sequence[float] | None, count: int) -> NDArray[np.float64]:
    """Return ``count`` weights scaled to sum to 1; equal by default.

    Raises:
        UserError: If their number is not ``count``, one is negative or not finite, or all are 0.
    """
    values = np.asarray([1.0] * count if weights is None else weights, dtype=np.float64)
    if len(values) != count:
        raise UserError(f"{len(values)} weights for {count} styles; give one weight per style")
    if not np.isfinite(values).all() or (values < 0).any() or not values.any():
        raise UserError("weights must be finite and not negative, and at least one must be above 0")
    values = values / values.max()  # the sum of large weights could overflow
    scaled: NDArray[np.float64] = values / values.sum()
    return scaled
