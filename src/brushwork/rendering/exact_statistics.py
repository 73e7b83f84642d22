"""Computes exact statistics of a picture larger than memory by running the network layer by layer.

The features of each layer depend on statistics of the previous layers over the whole picture. So the picture passes
through the network up to the next norm strip by strip, while mean and variance are summed in float64, and then on to
the norm after that. Features at a quarter of the picture's size are stored on disk between two norms. The features of
the three upsampling layers would be 16 times as large, so they are recomputed from the stored ones.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from brushwork import images
from brushwork.images import Canvas, Rows
from brushwork.rendering.contrast import Reference
from brushwork.rendering.regions import StyleMap
from brushwork.rendering.settings import GRID
from brushwork.runtime import CONDITIONAL, RESIDUAL, Array, Runtime, Stage

# Overlap of a tile in features at a quarter of the size; no stage needs more.
MARGIN = 4
# Sizes of the raw features of the upsampling stages and of the encoder, in features at a quarter of the size.
EXPANDED, ENCODED = (2, 4, 4), (4, 2, 1)


def exact_statistics(
    runtime: Runtime,
    content: Rows,
    style: StyleMap,
    tile: int,
    progress: Callable[[float], None] = lambda share: None,
    reference: Reference | None = None,
) -> Array:
    """Return the statistics (1, N) of a content's instance norms, computed in tiles; they equal those of one pass.

    Those of a reference are mixed in, norm by norm. Pixels hidden by alpha are excluded.

    Raises:
        UserError: If the runtime cannot run layer by layer.
        OSError: If the features do not fit on the disk.
    """
    masked = style.masks is not None
    weighted = content.shape[2] == 4 and _shows(content, tile)
    channels = runtime.norms(masked)
    encoder = len(channels) - CONDITIONAL
    height, width = (-(-length // GRID) for length in content.shape[:2])
    statistics = np.zeros((1, 2 * sum(channels)), np.float32)
    wide = channels[encoder]  # channels of the stored features
    with ExitStack() as stack:
        # Two buffers each: a stage reads beyond its tile what the previous stage wrote.
        kept = [stack.enter_context(images.canvas(height, wide, width)) for _ in range(4)]
        raw, features, next_raw, next_features = kept
        for stage in range(len(channels)):
            block = stage - encoder
            run = _Run(runtime.open_stage(stage, masked), content, style, statistics, tile // GRID, weighted)
            if block > 0:
                run.given = {"raw": raw, "features": features}
            if 0 <= block < RESIDUAL:
                run.kept = {"raw": next_raw, **({"features": next_features} if block % 2 == 0 else {})}
            scale = 1 if 0 <= block < RESIDUAL else EXPANDED[block - RESIDUAL] if block > 0 else ENCODED[stage]
            start = 2 * sum(channels[:stage])
            own = statistics[0, start : start + 2 * channels[stage]]
            own[:] = run.measure(height, width, scale)
            if reference is not None:
                given = reference.statistics[0, start : start + own.size]
                own[:] = (1 - reference.weight) * own + reference.weight * given
            if 0 <= block < RESIDUAL:
                raw, next_raw = next_raw, raw
                if block % 2 == 0:
                    features, next_features = next_features, features
            progress((stage + 1) / len(channels))
    return statistics


class _Run:
    """One stage over the whole picture."""

    def __init__(
        self, stage: Stage, content: Rows, style: StyleMap, statistics: Array, tile: int, weighted: bool
    ) -> None:  # fmt: skip
        self.stage = stage
        self.content = content
        self.style = style
        self.statistics = statistics
        self.tile = tile
        self.weighted = weighted
        self.given: Mapping[str, Canvas] = {}
        self.kept: Mapping[str, Canvas] = {}

    def measure(self, height: int, width: int, scale: int) -> NDArray[np.float64]:
        """Return the means, then the population variances, of the stage's raw features of size scale * (h, w)."""
        total: NDArray[np.float64] | float = 0.0
        count = 0.0
        for top in range(0, height, self.tile):
            bottom = min(top + self.tile, height)
            visible = self._visible(top, bottom, width, scale) if self.weighted else None
            strips: dict[str, list[Array]] = {name: [] for name in self.kept}
            for answer, inside in self._tiles(top, bottom, height, width, scale):
                raw = answer["raw"][0][(slice(None), *inside)]
                weights = None
                if visible is not None:
                    weights, visible = visible[: raw.shape[1], : raw.shape[2]], visible[:, raw.shape[2] :]
                total = total + np.transpose([_sums(plane.astype(np.float64), weights) for plane in raw])
                count += raw[0].size if weights is None else float(weights.sum())
                for name, parts in strips.items():
                    parts.append(answer[name][0][(slice(None), *inside)].swapaxes(0, 1))  # (h, C, w)
            for name, parts in strips.items():
                self.kept[name][top:bottom] = np.concatenate(parts, axis=2)
        mean, square = np.asarray(total) / count
        return np.concatenate((mean, np.maximum(square - mean**2, 0)))

    def _visible(self, top: int, bottom: int, width: int, scale: int) -> NDArray[np.float64]:
        """Return the weight of each feature of a strip: the visible fraction of the pixels that it covers."""
        rows = images.is_visible(self.content[top * GRID : min(bottom * GRID, self.content.shape[0])])
        missing = ((0, (bottom - top) * GRID - rows.shape[0]), (0, width * GRID - rows.shape[1]))
        side = GRID // scale
        blocks = np.pad(rows, missing, "edge").reshape((bottom - top) * scale, side, width * scale, side)
        weights: NDArray[np.float64] = blocks.mean(axis=(1, 3))
        return weights

    def _tiles(
        self, top: int, bottom: int, height: int, width: int, scale: int
    ) -> Iterator[tuple[Mapping[str, Array], tuple[slice, slice]]]:
        """Yield the stage's outputs for the tiles of a strip, and the slices of each output that belong to the tile."""
        first, last = max(0, top - MARGIN), min(height, bottom + MARGIN)
        strips = {name: canvas[first:last] for name, canvas in self.given.items()}
        rows = None if strips else self.content[first * GRID : last * GRID][..., :3]
        size = (self.content.shape[0], self.content.shape[1])
        weights = self.style.weights(size, first * GRID, min(last * GRID, size[0]))
        for left in range(0, width, self.tile):
            right = min(left + self.tile, width)
            begin, end = max(0, left - MARGIN), min(width, right + MARGIN)
            seen = slice(begin * GRID, end * GRID)
            given: dict[str, Array] = {"statistics": self.statistics}
            for name, strip in strips.items():
                given[name] = np.ascontiguousarray(strip[:, :, begin:end].swapaxes(0, 1)[None])
            if rows is not None:
                given["content"] = np.ascontiguousarray(rows[None, :, seen])
            given["embedding"] = self.style.embeddings if weights is None else self.style.embeddings[None]
            if weights is not None:
                given["masks"] = np.ascontiguousarray(weights[None, :, seen])
            inside = (
                slice((top - first) * scale, (bottom - first) * scale),
                slice((left - begin) * scale, (right - begin) * scale),
            )
            yield self.stage(given), inside


def _sums(plane: NDArray[np.float64], weights: NDArray[np.float64] | None) -> tuple[float, float]:
    """Return the weighted sums of one channel's features (h, w) and of their squares; all channels need much memory."""
    weighted = plane if weights is None else plane * weights
    return float(weighted.sum()), float(np.vdot(weighted, plane))


def _shows(content: Rows, rows: int) -> bool:
    """Return whether any pixel of a content (H, W, 4) is visible; ``rows`` rows are read at a time."""
    height = content.shape[0]
    return any(images.is_visible(content[top : min(top + rows, height)]).any() for top in range(0, height, rows))
