"""Styles recoloured like each shot of a clip: `--keep-colors histogram` over time."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from brushwork.images import Image
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.frames import as_image, seconds
from brushwork.video.timeline import Timeline

SETTLE = 0.5  # seconds in which a change of colours within a shot is down to 1/e
NEAR = 1e-4  # of the target's largest number: closer than this it is reached


class ShotColors:
    """Follows the colours of a clip.

    At the start of a shot the styles take the colours of its first frame. Once a second they look at the clip again,
    and move to what they see gradually, so that a dissolve or a change of light is followed without flicker.

    Args:
        timeline_of: Returns the styles over time, recoloured like a content (H, W, 3).
        crop: Returns what of a content counts.
        start: Tick of the clip's first frame.
        time_base: Seconds per tick.
    """

    def __init__(
        self, timeline_of: Callable[[Image], Timeline], crop: Callable[[Image], Image], start: int, time_base: Fraction
    ) -> None:
        self._timeline_of, self._crop, self._start, self._time_base = timeline_of, crop, start, time_base

    def follow(self, state: FrameState, last: FrameState | None) -> FrameState:
        """Return a state with the embedding of its colours; the last one tells what they were."""
        if last is None or state.begins or last.target is None:
            target = embedding = self._look(state)
        else:
            looks = int(self._seconds(state)) != int(self._seconds(last)) or state.fading
            target = self._look(state) if looks and not state.still else last.target
            embedding = self._towards(target, last.embedding, self._seconds(state) - self._seconds(last))
        # A frame that comes again is painted again while its colours are still on their way.
        still = state.still and last is not None and np.array_equal(embedding, last.embedding)
        return replace(state, embedding=embedding, target=target, style=state.embedding, still=still)

    def _look(self, state: FrameState) -> Image:
        return self._timeline_of(self._crop(as_image(state.pixels))).at(self._seconds(state))

    def _towards(self, target: Image, embedding: Image, elapsed: float) -> Image:
        difference = target - embedding
        if np.abs(difference).max() <= NEAR * np.abs(target).max():
            return target
        return np.asarray(embedding + np.float32(1 - math.exp(-elapsed / SETTLE)) * difference, np.float32)

    def _seconds(self, state: FrameState) -> float:
        return seconds(state.pts - self._start, self._time_base)
