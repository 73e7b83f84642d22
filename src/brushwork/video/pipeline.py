"""The stages between decoder and encoder: when and in which style, motion, pastiche, steadying.

Each is a generator of states, and all that a stage needs of the past is in the state before. So stages run in
threads of their own, and a run that was stopped goes on from the last state it wrote.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from fractions import Fraction

import numpy as np

from brushwork.video.frame_painter import FramePainter
from brushwork.video.frame_state import FrameState
from brushwork.video.prefetch import prefetch
from brushwork.video.reading.frames import VideoFrame, seconds
from brushwork.video.temporal import optical_flow, stabilisation
from brushwork.video.timeline import Timeline

# While a style becomes another, the last pastiche counts for less: it shows what is on its way out.
CHANGING = 0.5
Clock = Callable[[], AbstractContextManager[None]]


def clock(spent: MutableMapping[str, float], part: str) -> Clock:
    """Adds the seconds of a part, each time it is entered, to what was spent."""
    spent.setdefault(part, 0.0)
    lock = threading.Lock()

    @contextmanager
    def timed() -> Iterator[None]:
        start = time.perf_counter()
        yield
        with lock:
            spent[part] += time.perf_counter() - start

    return timed


def with_styles(
    frames: Iterator[VideoFrame], timeline: Timeline, start: int, time_base: Fraction
) -> Iterator[FrameState]:
    """The frames with the embedding of their time."""
    for frame in frames:
        embedding = timeline.at(seconds(frame.pts - start, time_base))
        yield FrameState(frame.pixels, frame.pts, frame.duration, embedding)


def run_stages(
    states: Iterator[FrameState], last: FrameState | None, painter: FramePainter, steady: float, shots: bool,
    spent: MutableMapping[str, float],
) -> Generator[FrameState, None, None]:  # fmt: skip
    """All stages one after the other, each in a thread of its own.

    Args:
        states: Decoded states.
        last: The last state that is done, where a run goes on.
        painter: What paints.
        steady: Share of the last pastiche, see `stabilisation.stabilise`; 0 leaves each frame as it was painted.
        shots: Whether it must be known where shots begin.
        spent: Seconds by stage, added to.
    """
    states = prefetch(time_decoding(states, clock(spent, "decode")))
    states = prefetch(estimate_motion(states, last, shots, clock(spent, "motion")))
    states = prefetch(stylize_frames(states, last, painter, clock(spent, "stylise")))
    return prefetch(stabilise_frames(states, last, steady, clock(spent, "steady")))


def time_decoding(states: Iterator[FrameState], timed: Clock) -> Iterator[FrameState]:
    """The states, with the time that making them takes."""
    while True:
        with timed():
            state = next(states, None)
        if state is None:
            return
        yield state


def estimate_motion(
    states: Iterator[FrameState], last: FrameState | None, search: bool, timed: Clock
) -> Iterator[FrameState]:
    """The states with what has changed since the one before; motion is looked for only if it is needed."""
    for state in states:
        with timed():
            if last is not None:
                same = np.array_equal(state.pixels, last.pixels)
                still = same and np.array_equal(state.embedding, last.embedding)
                found = optical_flow.find(state.pixels, last.pixels) if search and not same else None
                state = replace(state, begins=found is not None and found.cut, still=still, motion=found)
        yield state
        last = state


def stylize_frames(
    states: Iterator[FrameState], last: FrameState | None, painter: FramePainter, timed: Clock
) -> Iterator[FrameState]:
    """The states with their pastiches; a frame that comes once more is not painted once more."""
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


def _stylize_concurrently(states: Iterator[FrameState], painter: FramePainter, timed: Clock) -> Iterator[FrameState]:
    """The same, some at once, for none needs the one before; they come in their order."""

    def paint(state: FrameState) -> FrameState:
        with timed():
            return state if state.still else painter.paint(state, None)

    coming: deque[Future[FrameState]] = deque()
    with ThreadPoolExecutor(painter.together) as workers:
        try:
            for state in states:
                coming.append(workers.submit(paint, state))
                if len(coming) == painter.together:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            workers.shutdown(cancel_futures=True)


def stabilise_frames(
    states: Iterator[FrameState], last: FrameState | None, steady: float, timed: Clock
) -> Iterator[FrameState]:
    """The states with steadied pastiches: where content only moved, the last pastiche moves along."""
    for state in states:
        with timed():
            if last is not None and last.pastiche is not None:
                if state.still:
                    state = replace(state, pastiche=last.pastiche)
                elif state.pastiche is not None and steady and not state.begins:
                    share = steady if np.array_equal(state.embedding, last.embedding) else steady * CHANGING
                    state = replace(
                        state, pastiche=stabilisation.stabilise(state.pastiche, last.pastiche, state.motion, share)
                    )
        yield state
        last = state
