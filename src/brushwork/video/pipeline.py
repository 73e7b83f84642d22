"""The stages between decoder and encoder: when and in which style, motion, pastiche, steadying.

Each is a generator of moments, and all that a stage needs of the past is in the moment before. So stages run in
threads of their own, and a run that was stopped goes on from the last moment it wrote.
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

from brushwork.video.frame_painter import Painter
from brushwork.video.frame_state import Moment
from brushwork.video.prefetch import ahead
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


def decoded(frames: Iterator[VideoFrame], timeline: Timeline, start: int, time_base: Fraction) -> Iterator[Moment]:
    """The frames with the embedding of their time."""
    for frame in frames:
        embedding = timeline.at(seconds(frame.pts - start, time_base))
        yield Moment(frame.pixels, frame.pts, frame.duration, embedding)


def line(
    moments: Iterator[Moment], last: Moment | None, painter: Painter, steady: float, shots: bool,
    spent: MutableMapping[str, float],
) -> Generator[Moment, None, None]:  # fmt: skip
    """All stages one after the other, each in a thread of its own.

    Args:
        moments: Decoded moments.
        last: The last moment that is done, where a run goes on.
        painter: What paints.
        steady: Share of the last pastiche, see `stabilisation.steady`; 0 leaves each frame as it was painted.
        shots: Whether it must be known where shots begin.
        spent: Seconds by stage, added to.
    """
    moments = ahead(waited(moments, clock(spent, "decode")))
    moments = ahead(moved(moments, last, shots, clock(spent, "motion")))
    moments = ahead(painted(moments, last, painter, clock(spent, "stylise")))
    return ahead(steadied(moments, last, steady, clock(spent, "steady")))


def waited(moments: Iterator[Moment], timed: Clock) -> Iterator[Moment]:
    """The moments, with the time that making them takes."""
    while True:
        with timed():
            moment = next(moments, None)
        if moment is None:
            return
        yield moment


def moved(moments: Iterator[Moment], last: Moment | None, search: bool, timed: Clock) -> Iterator[Moment]:
    """The moments with what has changed since the one before; motion is looked for only if it is needed."""
    for moment in moments:
        with timed():
            if last is not None:
                same = np.array_equal(moment.pixels, last.pixels)
                still = same and np.array_equal(moment.embedding, last.embedding)
                found = optical_flow.find(moment.pixels, last.pixels) if search and not same else None
                moment = replace(moment, begins=found is not None and found.cut, still=still, motion=found)
        yield moment
        last = moment


def painted(moments: Iterator[Moment], last: Moment | None, painter: Painter, timed: Clock) -> Iterator[Moment]:
    """The moments with their pastiches; a frame that comes once more is not painted once more."""
    if painter.together > 1:
        yield from _painted_together(moments, painter, timed)
        return
    for moment in moments:
        with timed():
            if moment.still and last is not None:
                moment = replace(moment, own=last.own, statistics=last.statistics)
            else:
                moment = painter.paint(moment, last)
        yield moment
        last = moment


def _painted_together(moments: Iterator[Moment], painter: Painter, timed: Clock) -> Iterator[Moment]:
    """The same, some at once, for none needs the one before; they come in their order."""

    def paint(moment: Moment) -> Moment:
        with timed():
            return moment if moment.still else painter.paint(moment, None)

    coming: deque[Future[Moment]] = deque()
    with ThreadPoolExecutor(painter.together) as workers:
        try:
            for moment in moments:
                coming.append(workers.submit(paint, moment))
                if len(coming) == painter.together:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            workers.shutdown(cancel_futures=True)


def steadied(moments: Iterator[Moment], last: Moment | None, steady: float, timed: Clock) -> Iterator[Moment]:
    """The moments with steadied pastiches: where content only moved, the last pastiche moves along."""
    for moment in moments:
        with timed():
            if last is not None and last.pastiche is not None:
                if moment.still:
                    moment = replace(moment, pastiche=last.pastiche)
                elif moment.pastiche is not None and steady and not moment.begins:
                    share = steady if np.array_equal(moment.embedding, last.embedding) else steady * CHANGING
                    moment = replace(
                        moment, pastiche=stabilisation.steady(moment.pastiche, last.pastiche, moment.motion, share)
                    )
        yield moment
        last = moment
