"""The live loop: takes the latest frame, shows its pastiche, fades between styles and measures the latency."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from brushwork.errors import UserError
from brushwork.images import Image
from brushwork.live.fade import Fade
from brushwork.runtime import Array
from brushwork.video import pipeline
from brushwork.video.frame_painter import FramePainter
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.frames import VideoFrame

SMOOTH = 0.9  # weight of earlier values in the displayed numbers, so that they are readable


class Palette:
    """Styles to choose from, and an embedding that fades to that of the chosen style.

    Args:
        names: Names of the styles.
        embeddings: Embeddings of the styles, (1, D) each, in the same order.
        clock: Returns the time in seconds.
    """

    def __init__(
        self, names: Sequence[str], embeddings: Sequence[Array], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.names = tuple(names)
        self.chosen = 0
        self._embeddings = tuple(embeddings)
        self._fade = Fade(self._embeddings[0], clock)

    def choose(self, number: int) -> None:
        """Start to fade to a style, counted from 0; unknown numbers are ignored."""
        if 0 <= number < len(self.names) and number != self.chosen:
            self._fade.to(self._embeddings[number])
            self.chosen = number

    def now(self) -> Array:
        """Return the current embedding (1, D)."""
        return self._fade.now()


@dataclass(frozen=True, eq=False)
class Shown:
    """A pastiche to show.

    Attributes:
        pastiche: (H, W, 3) in [0, 1].
        style: Name of its style.
        latency: Seconds since the camera delivered the frame.
        rate: Pastiches per second.
    """

    pastiche: Image
    style: str
    latency: float
    rate: float

    @property
    def line(self) -> str:
        """Style, rate and latency as one line."""
        return f"{self.style}   {self.rate:.1f} frames/s   {1000 * self.latency:.0f} ms latency"


class Screen(Protocol):
    """Shows pastiches."""

    def show(self, shown: Shown) -> None:
        """Show a pastiche."""
        ...

    def pressed(self) -> int | None:
        """Return the number of the style, from 0, that was chosen since the last call, or None."""
        ...

    def close(self) -> None:
        """Close the screen."""
        ...


def live(
    frames: Iterable[VideoFrame], palette: Palette, painter: FramePainter, *, steady: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Shown]:  # fmt: skip
    """Yield the pastiches of frames as they arrive, each in the current style.

    Args:
        frames: Frames of a camera; ticks are milliseconds of the clock.
        palette: The styles.
        painter: Stylises the frames.
        steady: Weight of the previous pastiche, see `stabilisation.stabilise`.
        clock: Returns the time in seconds.

    Raises:
        UserError: If `steady` is not in [0, 1].
    """
    if not 0 <= steady <= 1:
        raise UserError(f"steady is {steady:g}; it must be between 0 (every frame by itself) and 1")
    spent: dict[str, float] = {}

    def states_of() -> Iterator[FrameState]:
        for frame in frames:
            yield FrameState(frame.pixels, frame.pts, frame.duration, palette.now())

    states = pipeline.without_seen_fades(states_of())
    states = pipeline.estimate_motion(states, None, steady > 0, pipeline.timer(spent, "motion"))
    states = pipeline.stylize_frames(states, None, painter, pipeline.timer(spent, "stylise"))
    latency = pause = 0.0
    before = clock()
    for state in pipeline.stabilise_frames(states, None, steady, pipeline.timer(spent, "steady")):
        now = clock()
        delay, took, before = now - state.pts / 1000, now - before, now
        latency = SMOOTH * latency + (1 - SMOOTH) * delay if latency else delay
        pause = SMOOTH * pause + (1 - SMOOTH) * took if pause else took
        yield Shown(state.finished, palette.names[palette.chosen], latency, 1 / max(pause, 1e-6))
