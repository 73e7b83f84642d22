"""The pastiche of one frame, with what is held over a shot."""

from dataclasses import replace

import numpy as np

from brushwork.images import Image, color
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer, check_size, check_strength
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.frames import as_image


class FramePainter:
    """Paints states at one strength.

    Args:
        stylizer: The model.
        strength: As in `Stylizer.stylize`, but the content's own embedding is that of the first frame of a shot: a new
            one for every frame would flicker.
        keep_colors: Whether the colours of the content stay.
        hold: Share of the last frame's statistics in those of the instance norms, from one frame of a shot to the next:
            a moving average. 0 normalises each frame by itself.
        together: How many states may be painted at once. Where each needs the one before they are painted one by one.
    """

    def __init__(
        self, stylizer: Stylizer, *, strength: float = 1.0, keep_colors: bool = False, hold: float = 0.0,
        together: int = 1,
    ) -> None:  # fmt: skip
        check_strength(strength)
        self._hold = hold
        self._stylizer, self._strength, self._keep_colors = stylizer, strength, keep_colors
        needs_last = hold > 0 or (0 < strength < 1 and not stylizer.styles)
        self.together = 1 if needs_last else together

    def paint(self, state: FrameState, last: FrameState | None) -> FrameState:
        """A state with its pastiche, own embedding and statistics; the last one tells what is held."""
        content = as_image(state.pixels)
        check_size("content", content)
        if self._strength == 0:
            return replace(state, pastiche=content)
        own = last.own if last is not None and not state.begins else None
        embedding, share = state.embedding, self._strength
        if share < 1 and not self._stylizer.styles:
            own = self._stylizer.embed(content) if own is None else own
            embedding = self._stylizer.blend([own, embedding], [1 - share, share])
            share = 1 - (1 - share) ** 2
        held = last.statistics if last is not None and not state.begins else None
        pastiche, statistics = self._transfer(content, embedding, held)
        if share < 1:
            pastiche = content + np.float32(share) * (pastiche - content)
        if self._keep_colors:
            pastiche = color.luma(content, pastiche)
        return replace(state, own=own, statistics=statistics, pastiche=pastiche)

    def _transfer(self, content: Image, embedding: Array, held: Array | None) -> tuple[Image, Array | None]:
        """The full pastiche of a content, and the statistics it was made with where they are held."""
        runtime, batch = self._stylizer.runtime, np.ascontiguousarray(content[None])
        height, width = content.shape[:2]
        runtime.expect(height, width, self.together)
        if not self._hold:
            return runtime.transfer(batch, embedding)[0], None
        share = 0.0 if held is None else self._hold
        pastiches, statistics = runtime.transfer_with_statistics(batch, embedding, held, share)
        return pastiches[0], statistics
