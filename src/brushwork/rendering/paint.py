"""Renders one image with a style map: every pastiche of brushwork is made here.

Photos, animations, frames of clips, pictures larger than memory and requests to the server differ only in the object
that holds their rows.
"""

from dataclasses import replace

import numpy as np

from brushwork.images import Rows, color
from brushwork.rendering import strokes, tiles
from brushwork.rendering.border import BORDER, BorderedRows
from brushwork.rendering.contrast import find_reference
from brushwork.rendering.memory import Tiling
from brushwork.rendering.regions import StyleMap
from brushwork.rendering.settings import RenderSettings
from brushwork.rendering.strokes import Strip
from brushwork.rendering.tiles import HeldStatistics, Progress, render
from brushwork.runtime import Array, Runtime

# Fraction of the exact mode's time that it spends on statistics.
MEASURING = 0.6


def paint(
    runtime: Runtime,
    content: Rows,
    style: StyleMap,
    target: Rows,
    settings: RenderSettings,
    tiling: Tiling,
    held: HeldStatistics | None = None,
    progress: Progress = lambda fraction: None,
) -> None:
    """Render a content into a target, both (H, W, 3) in [0, 1], or (H, W, 4) with an alpha that is copied.

    Args:
        runtime: The model.
        content: Rows in [0, 1]: an array, or a canvas larger than memory.
        style: The style map.
        target: Rows that receive the pastiche.
        settings: Colours and stroke; tiles are those of `tiling`.
        tiling: Whether and how it is rendered in tiles.
        held: Statistics of the previous frame; updated with those of this one. None, and tiles, use only the content's.
        progress: Called with the fraction completed, 0 to 1.

    Raises:
        UserError: If the runtime cannot render this.
    """
    height, width = content.shape[:2]
    rows = height if tiling.mode == "never" else tiling.side
    measuring = MEASURING if tiling.mode == "exact" else 0.0
    strip = None
    if style.visible:
        strip = _strip(runtime, content, style, settings, tiling, held, lambda fraction: progress(fraction * measuring))
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        original = content[top:bottom]
        if strip is None:
            target[top:bottom] = original
            continue
        pixels, alpha = original[..., :3], original[..., 3:]
        pastiche = strip(top, bottom)
        if settings.keep_colors == "luma":
            pastiche = color.keep_chroma(pixels, pastiche)
        pastiche = style.blend(pixels, pastiche, (height, width), top, bottom)
        target[top:bottom] = np.concatenate((pastiche, alpha), axis=2) if alpha.shape[2] else pastiche
        progress(measuring + (1 - measuring) * bottom / height)


def _strip(
    runtime: Runtime,
    content: Rows,
    style: StyleMap,
    settings: RenderSettings,
    tiling: Tiling,
    held: HeldStatistics | None,
    progress: Progress,
) -> Strip:
    """Return a function that computes rows of the full pastiche, with coarse bands of a copy if the stroke needs it."""
    height, width = content.shape[:2]
    side = strokes.copy_side(settings.stroke, height, width)
    reference = find_reference(runtime, content, style)
    bordered = replace(style, bordered=True)

    def at_once(image: Rows, passed: HeldStatistics | None) -> Array:
        wide = BorderedRows(image)
        size = wide.shape[0], wide.shape[1]
        whole = render(runtime, wide[0 : size[0]], bordered, size, slice(0, size[0]), None, passed, reference)
        return whole[BORDER:-BORDER, BORDER:-BORDER]

    def in_tiles(image: Rows) -> Strip:
        part = tiles.render_in_tiles(runtime, BorderedRows(image), bordered, tiling, progress, reference)
        return lambda top, bottom: part(top + BORDER, bottom + BORDER)[:, BORDER:-BORDER]

    broad = None
    if side is not None:
        image = strokes.resized(content, side)
        if tiling.mode == "never":
            broad = at_once(image, held)
        elif tiles.fits(image.shape[:2], tiling):  # through the network that tiles take, so that one lies in memory
            broad = at_once(image, HeldStatistics(0.0))
        else:
            part = in_tiles(image)
            tops = range(0, len(image), tiling.side)
            broad = np.concatenate([part(top, min(top + tiling.side, len(image))) for top in tops])
        if len(broad) >= height:
            return strokes.scaled(broad, height, width)
    if tiling.mode == "never":
        whole = at_once(content, held)
        fine: Strip = lambda top, bottom: whole[top:bottom]  # noqa: E731
    else:
        fine = in_tiles(content)
    return fine if broad is None else strokes.joined(broad, fine, (height, width))
