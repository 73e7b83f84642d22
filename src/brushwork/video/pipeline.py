"""The stages between decoder and encoder: style, motion, stylisation and stabilisation.

Each stage is a generator of frame states, and all that a stage needs of the past is in the state of the frame before.
So every stage can run in a thread of its own, and an interrupted run can continue from the last state it saved.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from fractions import Fraction

import numpy as np

from brushwork.prefetch import map_ahead, prefetch
from brushwork.video.frame_state import FrameState
from brushwork.video.letterbox import Painter
from brushwork.video.reading.frames import VideoFrame, seconds
from brushwork.video.shot_colors import ShotColors
from brushwork.video.temporal import optical_flow, stabilisation
from brushwork.video.temporal.stabilisation import Key
from brushwork.video.timeline import Timeline

# While one style fades into another, the previous pastiche counts for less: it shows the style that is leaving.
WEIGHT_IN_FADES = 0.5
Timer = Callable[[], AbstractContextManager[None]]


def timer(spent: MutableMapping[str, float], stage: str) -> Timer:
    """Return a context manager that adds the seconds spent inside it to ``spent[stage]``; threads may share it."""
    spent.setdefault(stage, 0.0)
    lock = threading.Lock()

    @contextmanager
    def timed() -> Iterator[None]:
        start = time.perf_counter()
        yield
        with lock:
            spent[stage] += time.perf_counter() - start

    return timed


def with_styles(
    frames: Iterator[VideoFrame], timeline: Timeline, start: int, time_base: Fraction
) -> Iterator[FrameState]:
    """Yield the state of each frame, with the style embedding of its time.

    Args:
        frames: Decoded frames.
        timeline: The style at each time, in seconds from the start of the clip.
        start: Tick of the clip's first frame.
        time_base: Seconds per tick.
    """
    for frame in frames:
        embedding = timeline.at(seconds(frame.pts - start, time_base))
        yield FrameState(frame.pixels, frame.pts, frame.duration, embedding, alpha=frame.alpha)


def run_stages(
    states: Iterator[FrameState], last: FrameState | None, painter: Painter, weight: float, search: bool,
    spent: MutableMapping[str, float], colors: ShotColors | None = None,
) -> Generator[FrameState, None, None]:  # fmt: skip
    """Run all stages, each in a thread of its own, and yields the finished states in order.

    Args:
        states: States of decoded frames.
        last: The last finished state, where an interrupted run continues.
        painter: Stylises frames.
        weight: Weight of the previous pastiche, see `stabilisation.stabilise`; 0 leaves each frame as it was painted.
        search: Whether motion and scene cuts are needed.
        spent: Seconds per stage; added to.
        colors: Recolours the styles like each shot, where that is wanted.
    """
    states = prefetch(time_decoding(states, timer(spent, "decode")))
    states = prefetch(estimate_motion(states, last, search, timer(spent, "motion")))
    if colors is not None:
        states = prefetch(recolor(states, last, colors, timer(spent, "colours")))
    states = prefetch(stylize_frames(states, last, painter, timer(spent, "stylise")))
    return prefetch(stabilise_frames(states, last, weight, timer(spent, "steady")))


def time_decoding(states: Iterator[FrameState], timed: Timer) -> Iterator[FrameState]:
    """Yield the states unchanged, and measures the time it takes to produce them."""
    while True:
        with timed():
            state = next(states, None)
        if state is None:
            return
        yield state


def estimate_motion(
    states: Iterator[FrameState], last: FrameState | None, search: bool, timed: Timer
) -> Iterator[FrameState]:
    """Add what changed since the previous frame: motion, scene cuts, and whether the frame is a repetition."""
    for state in states:
        with timed():
            if search:
                state = replace(state, reduced=optical_flow.reduce(state.pixels))
            if last is not None:
                same = np.array_equal(state.pixels, last.pixels)
                style = last.embedding if last.style is None else last.style
                fading = not np.array_equal(state.embedding, style)
                motion = None
                if state.reduced is not None and last.reduced is not None and not same:
                    motion = optical_flow.find(state.reduced, last.reduced)
                begins = motion is not None and motion.cut
                state = replace(state, begins=begins, still=same and not fading, fading=fading, motion=motion)
        yield state
        last = state


def recolor(
    states: Iterator[FrameState], last: FrameState | None, colors: ShotColors, timed: Timer
) -> Iterator[FrameState]:
    """Give each frame the style recoloured like its shot."""
    for state in states:
        with timed():
            state = colors.follow(state, last)
        yield state
        last = state


def stylize_frames(
    states: Iterator[FrameState], last: FrameState | None, painter: Painter, timed: Timer
) -> Iterator[FrameState]:
    """Add the pastiches; a repeated frame is not painted again."""
    if painter.together > 1:
        yield from _stylize_concurrently(states, painter, timed)
        return
    for state in states:
        with timed():
            if state.still and last is not None:
                state = replace(state, own=last.own, statistics=last.statistics)
            else:
                state = painter.paint(state, last)
        yield state
        last = state


def _stylize_concurrently(states: Iterator[FrameState], painter: Painter, timed: Timer) -> Iterator[FrameState]:
    """Add the pastiches of frames that do not depend on each other, several at a time, and keeps their order."""

    def paint(state: FrameState) -> FrameState:
        with timed():
            return state if state.still else painter.paint(state, None)

    yield from map_ahead(paint, states, workers=painter.together, ahead=painter.together - 1)


def stabilise_frames(
    states: Iterator[FrameState], last: FrameState | None, weight: float, timed: Timer
) -> Iterator[FrameState]:
    """Blend each pastiche with that of a key, moved along the flow; a repeated frame repeats its pastiche."""
    for state in states:
        with timed():
            if state.still and last is not None:
                state = replace(state, pastiche=last.pastiche, key=last.key)
            elif state.pastiche is not None and weight:
                state = _stabilised(state, last, weight)
        yield state
        last = state


def _stabilised(state: FrameState, last: FrameState | None, weight: float) -> FrameState:
    """Returns a state with its pastiche stabilised, and with the key for the next frame."""
    assert state.pastiche is not None and state.reduced is not None
    if last is None or last.key is None or state.begins:
        return replace(state, key=Key.begin(state.pastiche, state.reduced))
    key = last.key.follow(state.motion, state.reduced)
    used = weight * WEIGHT_IN_FADES if state.fading else weight
    stable, key = stabilisation.stabilise(state.pastiche, state.reduced, key, used)
    if state.fading:  # an older pastiche shows the style that is leaving even more
        key = Key.begin(stable, state.reduced)
    return replace(state, pastiche=stable, key=key)
