"""Renders images of any size tile by tile with the result of a single pass.

Only the instance norms depend on the whole image. So their statistics are measured once and held fixed while tiles with
sufficient overlap are rendered: the tiles fit together without blending. The mode determines the statistics:

- *fast*: patches from all over the image at its resolution. Reduced copies (thumbnail instance normalisation, Chen et
  al. 2022, "URST") are sharper than the image, so their statistics deviate more.
- *exact*: the whole image, layer by layer (`brushwork.rendering.exact_statistics`); tiled then equals untiled.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from brushwork import images
from brushwork.images import Rows
from brushwork.rendering.contrast import Reference
from brushwork.rendering.exact_statistics import exact_statistics
from brushwork.rendering.memory import HALO, PATCH, SAMPLE, Tiling
from brushwork.rendering.regions import StyleMap
from brushwork.rendering.strokes import Strip
from brushwork.runtime import Array, NormInputs, Runtime

Progress: TypeAlias = Callable[[float], None]


@dataclass
class HeldStatistics:
    """Moving average of the instance norms' statistics over the frames of a shot.

    Attributes:
        weight: Weight of the previous frame's statistics, in [0, 1]; 1 keeps them.
        before: Statistics (P, N) of the previous frame: one row per pass, starting with the reduced copy (see
            `brushwork.rendering.strokes`); None at the beginning of a shot.
        used: Statistics (1, N) of each pass of this frame, in order.
    """

    weight: float
    before: Array | None = None
    used: list[Array] = field(default_factory=list)

    @property
    def after(self) -> Array:
        """Return the statistics (P, N) of this frame for the next one."""
        return np.concatenate(self.used)


def render(
    runtime: Runtime,
    image: Array,
    style: StyleMap,
    size: tuple[int, int],
    rows: slice,
    columns: slice | None = None,
    held: HeldStatistics | None = None,
    reference: Reference | None = None,
) -> Array:
    """Return the pastiche of a part (h, w, 3) of an image of size (H, W): some rows and, if given, columns.

    Without held statistics and a reference, the statistics are those of the part itself; with alpha (h, w, 4), those of
    its visible pixels.
    """
    batch = np.ascontiguousarray(image[None, ..., :3], dtype=np.float32)
    seen = images.visible(image)
    weights = style.weights(size, rows.start, rows.stop)
    if weights is None and held is None and reference is None and seen is None:
        pastiche: Array = runtime.transfer(batch, style.embeddings)[0]
        return pastiche
    masks = None
    if weights is not None:
        masks = np.ascontiguousarray(weights[None] if columns is None else weights[None, :, columns])
    before, weight = None, 0.0
    if held is not None and held.before is not None:
        number = len(held.used)
        before, weight = held.before[number : number + 1], held.weight
    if reference is not None:
        before, weight = reference.mix(before, weight)
    embeddings = style.embeddings if masks is None else style.embeddings[None]
    norms = NormInputs(before, weight, masks, None if seen is None else seen[None])
    pastiches, used = runtime.transfer_with_statistics(batch, embeddings, norms)
    if held is not None:
        held.used.append(used)
    part: Array = pastiches[0]
    return part


def render_in_tiles(
    runtime: Runtime,
    content: Rows,
    style: StyleMap,
    tiling: Tiling,
    progress: Progress = lambda fraction: None,
    reference: Reference | None = None,
) -> Strip:
    """Return a function that computes strips of rows of a pastiche from overlapping tiles.

    The statistics are measured before it returns; ``progress`` is called with the fraction completed. Those of a
    reference are mixed in.
    """
    height, width = content.shape[:2]
    if tiling.mode == "exact":
        statistics = exact_statistics(runtime, content, style, tiling.side, progress, reference)
    else:
        statistics = measure(runtime, content, style, tiling.sample, reference)

    def strip(top: int, bottom: int) -> Array:
        above, below = max(0, top - HALO), min(height, bottom + HALO)
        rows = content[above:below][..., :3]
        pastiche = np.empty((bottom - top, width, 3), np.float32)
        for left in range(0, width, tiling.side):
            right = min(left + tiling.side, width)
            seen = slice(max(0, left - HALO), min(width, right + HALO))
            held = HeldStatistics(1.0, statistics)
            part = render(runtime, rows[:, seen], style, (height, width), slice(above, below), seen, held)
            inside = slice(left - seen.start, right - seen.start)
            pastiche[:, left:right] = part[top - above : bottom - above, inside]
        return pastiche

    return strip


def fits(size: tuple[int, int], tiling: Tiling) -> bool:
    """Return whether an image of a size (H, W) is no larger than a tile with its overlap."""
    return size[0] * size[1] <= (tiling.side + 2 * HALO) ** 2


def measure(
    runtime: Runtime, content: Rows, style: StyleMap, side: int = SAMPLE, reference: Reference | None = None
) -> Array:
    """Return statistics (1, N) of a content's instance norms, measured on patches that would fill a square.

    Contents smaller than the square are measured exactly. Statistics of a reference are mixed in.
    """
    height, width = content.shape[:2]
    rows, columns = (_patches(length, side) for length in (height, width))
    sample, masks = [], []
    for start in rows.tolist():
        stop = min(start + PATCH, height)
        strip = content[start:stop]
        sample.append(strip[:, _pixels_of(columns, width)])
        weights = style.weights((height, width), start, stop)
        if weights is not None:
            masks.append(weights[:, _pixels_of(columns, width)])
    pixels = np.concatenate(sample)
    batch = np.ascontiguousarray(pixels[None, ..., :3], np.float32)
    seen = images.visible(pixels)
    given, hold = (None, 0.0) if reference is None else (reference.statistics, reference.weight)
    norms = NormInputs(given, hold, visible=None if seen is None else seen[None])
    if not masks:
        return runtime.transfer_with_statistics(batch, style.embeddings, norms)[1]
    norms = replace(norms, masks=np.ascontiguousarray(np.concatenate(masks)[None]))
    return runtime.transfer_with_statistics(batch, style.embeddings[None], norms)[1]


def _patches(length: int, side: int) -> NDArray[np.int64]:
    """Return where patches begin along a side: spread evenly, or adjacent if they cover all of it."""
    if length <= side:
        return np.arange(0, length, PATCH)
    starts: NDArray[np.int64] = np.linspace(0, length - PATCH, side // PATCH).astype(np.int64)
    return starts


def _pixels_of(starts: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Return the indices of all pixels of the patches along a side."""
    indices = (starts[:, None] + np.arange(PATCH)).ravel()
    return indices[indices < length]
