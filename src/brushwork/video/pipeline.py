"""The stages between decoder and encoder: style, motion, stylisation and stabilisation.

Each stage is a generator of frame states, and depends on the past only through the previous frame's state. So every
stage can run in its own thread, and an interrupted run can be resumed from the last saved state.
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
from brushwork.video.letterbox import Box, Painter
from brushwork.video.reading.frames import VideoFrame, seconds
from brushwork.video.shot_colors import ShotColors
from brushwork.video.temporal import fades, optical_flow, stabilisation
from brushwork.video.temporal.fades import Fade
from brushwork.video.temporal.stabilisation import Key
from brushwork.video.timeline import Timeline

# While one style fades into another, the previous pastiche has less weight because it shows the old style.
WEIGHT_IN_FADES = 0.5
Timer = Callable[[], AbstractContextManager[None]]


def timer(spent: MutableMapping[str, float], stage: str) -> Timer:
    """Return a thread-safe context manager that adds the seconds spent inside it to ``spent[stage]``."""
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
    """Yield the state of each frame with the style embedding at its time.

    Args:
        frames: Decoded frames.
        timeline: Styles over time, in seconds from the start of the clip.
        start: Tick of the clip's first frame.
        time_base: Seconds per tick.
    """
    for frame in frames:
        embedding = timeline.at(seconds(frame.pts - start, time_base))
        yield FrameState(frame.pixels, frame.pts, frame.duration, embedding, alpha=frame.alpha)


def without_fades(states: Iterator[FrameState], last: FrameState | None, box: Box | None) -> Iterator[FrameState]:
    """Yield states without the fades of their frames to and from a plain colour.

    Args:
        states: States of decoded frames.
        last: The last finished state of an interrupted run, if any.
        box: The part between the bars of a letterboxed clip.
    """
    faded = None if last is None else last.fade
    found = fades.find(states, last, faded, box.crop if box else lambda pixels: pixels)
    return (_without(state, fade) for state, fade in found)


def without_seen_fades(states: Iterator[FrameState]) -> Iterator[FrameState]:
    """Yield states without fades, as far as these are seen without looking ahead."""
    return (_without(state, fade) for state, fade in fades.follow(states))


def _without(state: FrameState, fade: Fade | None) -> FrameState:
    return state if fade is None else replace(state, fade=fade, unfaded=fades.undo(state.pixels, fade))


def run_stages(
    states: Iterator[FrameState], last: FrameState | None, painter: Painter, weight: float, search: bool,
    spent: MutableMapping[str, float], colors: ShotColors | None = None,
) -> Generator[FrameState, None, None]:  # fmt: skip
    """Run all stages, each in its own thread, and yield the finished states in order.

    Args:
        states: States of decoded frames.
        last: The last finished state of an interrupted run, if any.
        painter: Stylises frames.
        weight: Weight of the previous pastiche, see `stabilisation.stabilise`; 0 disables stabilisation.
        search: Whether to estimate motion and scene cuts.
        spent: Seconds per stage, to which the times are added.
        colors: Recolours the styles to match each shot; None to keep their colours.
    """
    states = prefetch(time_decoding(states, timer(spent, "decode")))
    states = prefetch(estimate_motion(states, last, search, timer(spent, "motion")))
    if colors is not None:
        states = prefetch(recolor(states, last, colors, timer(spent, "colours")))
    states = prefetch(stylize_frames(states, last, painter, timer(spent, "stylise")))
    return prefetch(stabilise_frames(states, last, weight, timer(spent, "steady")))


def time_decoding(states: Iterator[FrameState], timed: Timer) -> Iterator[FrameState]:
    """Yield the states unchanged, and measure the time it takes to produce them."""
    while True:
        with timed():
            state = next(states, None)
        if state is None:
            return
        yield state


def estimate_motion(
    states: Iterator[FrameState], last: FrameState | None, search: bool, timed: Timer
) -> Iterator[FrameState]:
    """Add the motion since the previous frame, scene cuts, and whether the frame is a repetition."""
    for state in states:
        with timed():
            if search:
                state = replace(state, reduced=optical_flow.reduce(state.content))
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
    """Add the style recoloured to match the shot."""
    for state in states:
        with timed():
            state = colors.follow(state, last)
        yield state
        last = state


def stylize_frames(
    states: Iterator[FrameState], last: FrameState | None, painter: Painter, timed: Timer
) -> Iterator[FrameState]:
    """Add the pastiches; a repeated frame is not rendered again."""
    if painter.together > 1:
        yield from _stylize_concurrently(states, painter, timed)
        return
    for state in states:
        with timed():
            if state.still and last is not None:
                state = replace(state, own=last.own, statistics=last.statistics)
            else:
                state = painter.paint(state, last)
            state = with_plain(state, painter)
        yield state
        last = state


def _stylize_concurrently(states: Iterator[FrameState], painter: Painter, timed: Timer) -> Iterator[FrameState]:
    """Add the pastiches of independent frames, several at a time, and preserve their order."""

    def paint(state: FrameState) -> FrameState:
        with timed():
            return with_plain(state if state.still else painter.paint(state, None), painter)

    yield from map_ahead(paint, states, workers=painter.together, ahead=painter.together - 1)


def with_plain(state: FrameState, painter: Painter) -> FrameState:
    """Return a state with the pastiche of the plain colour, if its frame fades."""
    return state if state.fade is None else replace(state, plain=painter.paint_plain(state))


def stabilise_frames(
    states: Iterator[FrameState], last: FrameState | None, weight: float, timed: Timer
) -> Iterator[FrameState]:
    """Blend each pastiche with that of a key, warped by the flow; a repeated frame repeats its pastiche."""
    for state in states:
        with timed():
            if state.still and last is not None:
                state = replace(state, pastiche=last.pastiche, key=last.key)
            elif state.pastiche is not None and weight:
                state = _stabilised(state, last, weight)
        yield state
        last = state


def _stabilised(state: FrameState, last: FrameState | None, weight: float) -> FrameState:
    """Return a state with its pastiche stabilised, and with the key for the next frame."""
    assert state.pastiche is not None and state.reduced is not None
    if last is None or last.key is None or state.begins:
        return replace(state, key=Key.begin(state.pastiche, state.reduced))
    key = last.key.follow(state.motion, state.reduced)
    used = weight * WEIGHT_IN_FADES if state.fading else weight
    stable, key = stabilisation.stabilise(state.pastiche, state.reduced, key, used)
    if state.fading:  # an older pastiche shows the style that is leaving even more
        key = Key.begin(stable, state.reduced)
    return replace(state, pastiche=stable, key=key)
