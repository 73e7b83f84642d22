"""The live loop: newest frame in, pastiche out, styles switched smoothly, and how late it all is."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from brushwork.images import Image
from brushwork.runtime import Array
from brushwork.video import pipeline
from brushwork.video.frame_painter import FramePainter
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.frames import VideoFrame
from brushwork.video.timeline import smoothstep

FADE = 0.5  # seconds in which one style becomes another
SMOOTH = 0.9  # of the past in the numbers that are shown, so that they can be read


class Palette:
    """Styles to choose from, and the embedding of now: it moves smoothly to the one that was chosen last.

    Args:
        names: Names of the styles.
        embeddings: Embeddings of the styles, (1, D) each, in the same order.
        clock: Seconds.
    """

    def __init__(
        self, names: Sequence[str], embeddings: Sequence[Array], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.names = tuple(names)
        self.chosen = 0
        self._embeddings, self._clock = tuple(embeddings), clock
        self._from, self._since = self._embeddings[0], -FADE

    def choose(self, number: int) -> None:
        """Begins to move to a style, counted from 0; a number that none has changes nothing."""
        if 0 <= number < len(self.names) and number != self.chosen:
            self._from = self.now()
            self._since = self._clock()
            self.chosen = number

    def now(self) -> Array:
        """The embedding (1, D) of this state."""
        fraction = np.float32(smoothstep((self._clock() - self._since) / FADE))
        target = self._embeddings[self.chosen]
        if fraction == 1:
            return target
        return np.asarray(self._from + fraction * (target - self._from), np.float32)


@dataclass(frozen=True, eq=False)
class Shown:
    """A pastiche (H, W, 3) that is on its way to the viewer.

    Attributes:
        pastiche: The picture.
        style: Its name.
        latency: Seconds since the camera gave it.
        rate: Pastiches a second.
    """

    pastiche: Image
    style: str
    latency: float
    rate: float

    @property
    def line(self) -> str:
        """The numbers for a person."""
        return f"{self.style}   {self.rate:.1f} frames/s   {1000 * self.latency:.0f} ms late"


class Screen(Protocol):
    """Where pastiches are seen."""

    def show(self, shown: Shown) -> None:
        """Shows one."""
        ...

    def pressed(self) -> int | None:
        """Number of the style, from 0, whose key was pressed since the last time."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


def live(
    frames: Iterable[VideoFrame], palette: Palette, painter: FramePainter, *, steady: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Shown]:  # fmt: skip
    """Pastiches of frames as they come, each in the style of its state.

    Args:
        frames: What a camera sees; ticks are milliseconds of the clock.
        palette: The styles.
        painter: What paints.
        steady: See `steadying.steady`.
        clock: Seconds.
    """
    spent: dict[str, float] = {}

    def seen() -> Iterator[FrameState]:
        for frame in frames:
            yield FrameState(frame.pixels, frame.pts, frame.duration, palette.now())

    states = pipeline.estimate_motion(seen(), None, steady > 0, pipeline.timer(spent, "motion"))
    states = pipeline.stylize_frames(states, None, painter, pipeline.timer(spent, "stylise"))
    latency = pause = 0.0
    before = clock()
    for state in pipeline.stabilise_frames(states, None, steady, pipeline.timer(spent, "steady")):
        now = clock()
        late, took, before = now - state.pts / 1000, now - before, now
        latency = SMOOTH * latency + (1 - SMOOTH) * late if latency else late
        pause = SMOOTH * pause + (1 - SMOOTH) * took if pause else took
        assert state.pastiche is not None
        yield Shown(state.pastiche, palette.names[palette.chosen], latency, 1 / max(pause, 1e-6))
