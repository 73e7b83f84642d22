"""Recolours styles to match each shot of a clip: `--keep-colors histogram` over time."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from brushwork.images import Image
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.frames import as_image, seconds
from brushwork.video.timeline import Timeline

SETTLE = 0.5  # time constant in seconds of a colour change within a shot
NEAR = 1e-4  # distance, relative to the target's largest number, at which the target is reached


class ShotColors:
    """Adapts the styles to the colours of a clip.

    At the start of a shot, the styles get the colours of its first frame. Once a second, the colours are measured again
    and approached gradually, which follows dissolves and changes of light without flicker.

    Args:
        timeline_of: Returns the styles over time, recoloured to match a content (H, W, 3).
        crop: Returns the part of a content to measure.
        start: Tick of the clip's first frame.
        time_base: Seconds per tick.
    """

    def __init__(
        self, timeline_of: Callable[[Image], Timeline], crop: Callable[[Image], Image], start: int, time_base: Fraction
    ) -> None:
        self._timeline_of, self._crop, self._start, self._time_base = timeline_of, crop, start, time_base

    def follow(self, state: FrameState, last: FrameState | None) -> FrameState:
        """Return a state with the recoloured embedding, given the previous state."""
        if last is None or state.begins or last.target is None:
            target = embedding = self._look(state)
        else:
            looks = int(self._seconds(state)) != int(self._seconds(last)) or state.fading
            target = self._look(state) if looks and not state.still else last.target
            embedding = self._towards(target, last.embedding, self._seconds(state) - self._seconds(last))
        # A repeated frame is rendered again while the colours are still changing.
        still = state.still and last is not None and np.array_equal(embedding, last.embedding)
        return replace(state, embedding=embedding, target=target, style=state.embedding, still=still)

    def _look(self, state: FrameState) -> Image:
        return self._timeline_of(self._crop(as_image(state.content))).at(self._seconds(state))

    def _towards(self, target: Image, embedding: Image, elapsed: float) -> Image:
        difference = target - embedding
        if np.abs(difference).max() <= NEAR * np.abs(target).max():
            return target
        return np.asarray(embedding + np.float32(1 - math.exp(-elapsed / SETTLE)) * difference, np.float32)

    def _seconds(self, state: FrameState) -> float:
        return seconds(state.pts - self._start, self._time_base)
