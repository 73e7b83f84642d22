"""Pictures of any size, painted tile by tile as if at once.

Only the instance norms depend on the whole picture. So their statistics are taken once, and tiles with enough overlap
are rendered with those held fixed: they fit together without any blending. Where the statistics come from is the mode:

- *fast*: patches from all over the picture, at its own resolution. Reduced copies (thumbnail instance normalisation,
  Chen et al. 2022, "URST") are sharper than the picture, so statistics of them are further off: see
  docs/reports/large-pictures.md.
- *exact*: the whole picture, layer after layer (`brushwork.rendering.exact_statistics`); tiled then equals untiled.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from brushwork import images
from brushwork.images import Rows, color
from brushwork.rendering.exact_statistics import exact_statistics
from brushwork.rendering.regions import Paint
from brushwork.rendering.strokes import STROKE_SIDE, Strip, joined
from brushwork.runtime import SMALLEST_SIDE, Array, Runtime

MODES = ("auto", "never", "fast", "exact")
# A pixel of a pastiche sees 54 pixels of its content each way, as long as statistics are held.
HALO = 64
# Features lie 4 pixels apart: tiles that begin elsewhere would see other ones.
GRID = 4
TILE = 768
SMALLEST_TILE = 128
# Statistics of the fast mode: so many pixels of the picture squared, in patches of so many squared. Fewer pixels, or
# larger patches and so fewer of them, bring the pastiche further from the exact one.
SAMPLE, PATCH = 1920, 128
# Share of the time of the exact mode in which it measures.
MEASURING = 0.6

Progress: TypeAlias = Callable[[float], None]


def paint(
    runtime: Runtime,
    content: Rows,
    style: Paint,
    target: Rows,
    *,
    mode: str = "never",
    tile: int = TILE,
    stroke: float | None = None,
    keep_luma: bool = False,
    sample: int = SAMPLE,
    progress: Progress = lambda share: None,
) -> None:
    """Paints a content onto a target, both (H, W, 3), or (H, W, 4) with an alpha that is kept.

    Args:
        runtime: What plays the model.
        content: Rows in [0, 1]; an array, or a canvas larger than memory.
        style: What it is painted with.
        target: What takes the pastiche.
        mode: ``never`` paints all at once, ``fast`` and ``exact`` in tiles.
        tile: Side of a tile, without its overlap; a multiple of 4.
        stroke: Size of the brush, relative to the picture: it is painted at 1024 / stroke pixels of its long side, and
            the pastiche scaled to its own size; what is finer than that comes from a pastiche of its own size (see
            `brushwork.rendering.strokes`). None paints at the picture's own size alone.
        keep_luma: Whether the content's colours are kept, see `brushwork.images.color.luma`.
        sample: Side of the square that the fast mode's patches fill.
        progress: Told the share that is done, 0 to 1.
    """
    height, width = content.shape[:2]
    broad = None if stroke is None else _broad(runtime, content, style, stroke)
    before = 0.0
    if broad is not None and len(broad) >= height:
        strip: Strip = _scaled(broad, height, width)
    else:
        before = MEASURING if mode == "exact" else 0.0
        strip = _own(runtime, content, style, mode, tile, sample, lambda share: progress(share * before))
        strip = strip if broad is None else joined(broad, strip, (height, width), GRID)
    for top in range(0, height, tile):
        bottom = min(top + tile, height)
        original = content[top:bottom]
        pixels, alpha = original[..., :3], original[..., 3:]
        pastiche = strip(top, bottom)
        if keep_luma:
            pastiche = color.luma(pixels, pastiche)
        pastiche = style.blend(pixels, pastiche, (height, width), top, bottom)
        target[top:bottom] = np.concatenate((pastiche, alpha), axis=2) if alpha.shape[2] else pastiche
        progress(before + (1 - before) * bottom / height)


def _broad(runtime: Runtime, content: Rows, style: Paint, stroke: float) -> Array:
    """The pastiche (h, w, 3) of a copy on which a brush of the network's size has the size of the stroke."""
    image = resized(content, STROKE_SIDE / stroke)[..., :3]
    return render(runtime, image, style, image.shape[:2], slice(0, len(image)))


def _own(
    runtime: Runtime, content: Rows, style: Paint, mode: str, tile: int, sample: int, progress: Progress
) -> Strip:  # fmt: skip
    """The pastiche at the content's own size, by rows: all at once, or in tiles."""
    height, width = content.shape[:2]
    if mode == "never":
        pastiche = render(runtime, content[0:height][..., :3], style, (height, width), slice(0, height))
        return lambda top, bottom: pastiche[top:bottom]
    if mode == "exact":
        statistics = exact_statistics(runtime, content, style, tile, progress)
    else:
        statistics = measure(runtime, content, style, sample)
    return _tiled(runtime, content, style, statistics, tile)


def _scaled(pastiche: Array, height: int, width: int) -> Strip:
    """A pastiche scaled to a size, by rows."""
    return lambda top, bottom: images.resize_rows(pastiche, (height, width), top, bottom)


def resized(content: Rows, side: float) -> Array:
    """A copy (h, w, C) of a content whose long side has so many pixels, read by strips where it is larger."""
    height, width = content.shape[:2]
    scale = side / max(height, width)
    factor = max(1, int(1 / scale))
    small = np.concatenate(
        [_shrunk(content[top : min(top + factor * GRID, height)], factor) for top in range(0, height, factor * GRID)]
    )
    return images.resize(small, (max(SMALLEST_SIDE, round(height * scale)), max(SMALLEST_SIDE, round(width * scale))))


def _shrunk(rows: Array, factor: int) -> Array:
    """Rows (h, W, 3) averaged over squares of so many pixels; those at the end may be narrower."""
    if factor == 1:
        return rows
    for axis in (0, 1):
        starts = np.arange(0, rows.shape[axis], factor)
        counts = np.diff(np.append(starts, rows.shape[axis])).astype(np.float32)
        sums = np.add.reduceat(rows, starts, axis=axis)
        rows = np.divide(sums, counts.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1)), dtype=np.float32)
    return rows


def render(
    runtime: Runtime,
    image: Array,
    style: Paint,
    size: tuple[int, int],
    rows: slice,
    columns: slice | None = None,
    statistics: Array | None = None,
) -> Array:
    """The pastiche of a part (h, w, 3) of a picture of a size (H, W): some rows and columns, all where none are given.

    With statistics (1, N) they are held, else the part's own are taken.
    """
    batch = np.ascontiguousarray(image[None], dtype=np.float32)
    weights = style.weights(size, rows.start, rows.stop)
    hold = 0.0 if statistics is None else 1.0
    if weights is None and statistics is None:
        pastiche = runtime.transfer(batch, style.embeddings)
    elif weights is None:
        pastiche, _ = runtime.transfer_with_statistics(batch, style.embeddings, statistics, hold)
    else:
        masks = np.ascontiguousarray(weights[None] if columns is None else weights[None, :, columns])
        pastiche, _ = runtime.transfer_with_statistics(batch, style.embeddings[None], statistics, hold, masks)
    part: Array = pastiche[0]
    return part


def measure(runtime: Runtime, content: Rows, style: Paint, side: int = SAMPLE) -> Array:
    """Statistics (1, N) of a content's instance norms, from patches of it that fill a square of so many pixels.

    Smaller contents are taken whole, and their statistics are exact.
    """
    height, width = content.shape[:2]
    rows, columns = (_patches(length, side) for length in (height, width))
    sample, masks = [], []
    for start in rows.tolist():
        stop = min(start + PATCH, height)
        strip = content[start:stop][..., :3]
        sample.append(strip[:, _joined(columns, width)])
        weights = style.weights((height, width), start, stop)
        if weights is not None:
            masks.append(weights[:, _joined(columns, width)])
    batch = np.ascontiguousarray(np.concatenate(sample)[None], np.float32)
    if not masks:
        return runtime.transfer_with_statistics(batch, style.embeddings)[1]
    weights = np.ascontiguousarray(np.concatenate(masks)[None])
    return runtime.transfer_with_statistics(batch, style.embeddings[None], masks=weights)[1]


def _patches(length: int, side: int) -> NDArray[np.int64]:
    """Where patches begin along a side: evenly over it, or one after the other where all of it has room."""
    if length <= side:
        return np.arange(0, length, PATCH)
    starts: NDArray[np.int64] = np.linspace(0, length - PATCH, side // PATCH).astype(np.int64)
    return starts


def _joined(starts: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Indices of all pixels of the patches along a side."""
    indices = (starts[:, None] + np.arange(PATCH)).ravel()
    return indices[indices < length]


def _tiled(runtime: Runtime, content: Rows, style: Paint, statistics: Array, tile: int) -> Strip:
    """The pastiche by strips of rows, each made of tiles that overlap by what a pixel sees."""
    height, width = content.shape[:2]

    def strip(top: int, bottom: int) -> Array:
        above, below = max(0, top - HALO), min(height, bottom + HALO)
        rows = content[above:below][..., :3]
        pastiche = np.empty((bottom - top, width, 3), np.float32)
        for left in range(0, width, tile):
            right = min(left + tile, width)
            seen = slice(max(0, left - HALO), min(width, right + HALO))
            part = render(runtime, rows[:, seen], style, (height, width), slice(above, below), seen, statistics)
            inside = slice(left - seen.start, right - seen.start)
            pastiche[:, left:right] = part[top - above : bottom - above, inside]
        return pastiche

    return strip
