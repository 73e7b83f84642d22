"""Renders single frames, with statistics and embeddings that are held over a shot."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from brushwork.images import Image
from brushwork.rendering.memory import Tiling
from brushwork.rendering.regions import Region, StyleMap
from brushwork.rendering.settings import OWN, RenderSettings, check_size, check_strength
from brushwork.rendering.tiles import HeldStatistics
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.frames import Pixels, as_image

# Broad strokes need a second pass over every frame, so by default clips use the network's own strokes.
OWN_STROKE = RenderSettings(stroke=OWN)


class FramePainter:
    """Renders frames as `Stylizer.stylize` renders a photo.

    Args:
        stylizer: The model.
        strength: As in `Stylizer.stylize`, but with the content embedding of the first frame of the shot: one per frame
            would cause flicker.
        regions: As in `Stylizer.stylize`, the same for all frames.
        protect: As in `Stylizer.stylize`, the same for all frames.
        settings: Colours, stroke and tiles; tiling is decided once per frame size.
        hold: Weight of the previous frame's statistics in the moving average of the instance norms' statistics over a
            shot; 0 normalises each frame separately.
        together: Number of frames that may be rendered concurrently, unless each frame depends on the previous one.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        *,
        strength: float = 1.0,
        settings: RenderSettings = OWN_STROKE,
        regions: Sequence[Region] = (),
        protect: Array | None = None,
        hold: float = 0.0,
        together: int = 1,
    ) -> None:
        check_strength(strength)
        self._stylizer, self._strength, self._settings, self._hold = stylizer, strength, settings, hold
        self._regions, self._protect = regions, protect
        self._tilings: dict[tuple[int, int], Tiling] = {}
        self._composed: tuple[Array, StyleMap] | None = None
        self._plain: tuple[Array, Image, Image] | None = None
        strengths = (strength, *(region.strength for region in regions))
        needs_own = min(strengths) < 1 and max(strengths) > 0 and not stylizer.styles
        self.together = 1 if hold > 0 or needs_own else together

    def paint(self, state: FrameState, last: FrameState | None) -> FrameState:
        """Return a state with its pastiche, content embedding and statistics, given the previous state."""
        content = as_image(state.content)
        own, statistics = (None, None) if last is None or state.begins else (last.own, last.statistics)
        style = self._compose(content, state.embedding, own)
        held = HeldStatistics(self._hold, statistics) if self._hold and style.visible else None
        painted = self._render(content, state.alpha, style, held)
        return replace(state, own=style.own, statistics=held.after if held else None, pastiche=painted)

    def paint_plain(self, state: FrameState) -> Image:
        """Return the pastiche (H, W, 3) of the plain colour that a frame fades to, as of a uniform frame."""
        assert state.fade is not None
        content = np.empty(state.pixels.shape, np.float32)
        content[:] = state.fade.color
        last = self._plain
        if last is not None and last[0] is state.embedding and state.alpha is None and np.array_equal(last[1], content):
            return last[2]
        painted = self._render(content, state.alpha, self._new_style(content, state.embedding), None)
        self._plain = state.embedding, content, painted
        return painted

    def _render(self, content: Image, alpha: Pixels | None, style: StyleMap, held: HeldStatistics | None) -> Image:
        """Return the pastiche (H, W, 3) of a content (H, W, 3) with the alpha (H, W) of its frame."""
        height, width = check_size("content", content)
        seen = content if alpha is None else np.dstack((content, as_image(alpha)))
        self._stylizer.runtime.expect(height, width, self.together)
        pastiche = np.empty_like(seen)
        tiling = self._tiling(height, width)
        self._stylizer.paint(seen, style, pastiche, self._settings, tiling=tiling, held=held)
        return np.ascontiguousarray(pastiche[..., :3])

    def _compose(self, content: Image, embedding: Array, own: Array | None) -> StyleMap:
        """Return the style map of a frame; that of the previous frame if neither style nor shot has changed."""
        if self._composed is not None:
            last, style = self._composed
            if last is embedding and style.own is own:
                return style
        style = self._new_style(content, embedding, own)
        self._composed = embedding, style
        return style

    def _new_style(self, content: Image, embedding: Array, own: Array | None = None) -> StyleMap:
        return self._stylizer.compose(
            content, embedding, self._strength, regions=self._regions, protect=self._protect, own=own
        )

    def _tiling(self, height: int, width: int) -> Tiling:
        """Decide whether frames of a size are rendered in tiles; with held statistics they are not."""
        if self._hold:
            return Tiling("never")
        if (height, width) not in self._tilings:
            self._tilings[height, width] = self._stylizer.choose_tiling(
                (height, width), self._settings, bool(self._regions)
            )
        return self._tilings[height, width]
