"""Renders sample frames of a clip, and estimates time and size of the whole."""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import dropwhile, islice
from pathlib import Path

import av

from brushwork import images
from brushwork.errors import UserError
from brushwork.styles.sheet import Cell, compose
from brushwork.stylizer import Stylizer
from brushwork.video import pipeline
from brushwork.video.excerpt import Excerpt
from brushwork.video.frame_state import FrameState
from brushwork.video.letterbox import Box, find_box
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import VideoFrame
from brushwork.video.settings import Settings
from brushwork.video.stages import Stages
from brushwork.video.times import format_time
from brushwork.video.writing.codecs import Encoding
from brushwork.video.writing.target import Target
from brushwork.video.writing.video_file import add_video, to_frame

FRAMES = 12
# Every fourth of them is rendered with the frames that follow it, as many as a key of the stabilisation lasts: time and
# size of a run of two frames were half of what they are in a clip, whose encoder looks further ahead.
EVERY, RUN = 4, 12
LOOK_BACK = 4  # seconds before a frame in which the fade that it is part of may have begun
CELL = 480  # long side in pixels of a frame on the sheet
KEY_FRAMES = 96  # assumed distance of key frames: a cut about every four seconds


@dataclass(frozen=True)
class Preview:
    """Estimate for a whole clip.

    Attributes:
        frames: Number of frames; None if unknown.
        rate: Frames per second on this machine.
        size: Size of the target's video stream in bytes; None if it is not a video file.
        notes: Notices for the user, one line each.
    """

    frames: int | None
    rate: float
    size: int | None
    notes: Sequence[str]

    @property
    def line(self) -> str:
        """The estimate as text."""
        if self.frames is None:
            return f"{self.rate:.1f} frames/s; the clip does not state its length"
        took = format_time(self.frames / self.rate)
        size = "" if self.size is None else f", about {max(0.1, self.size / 1e6):.1f} MB without sound"
        return f"{self.frames} frames at {self.rate:.1f} frames/s: about {took}{size}"


def preview(
    name: str, target: Target, sheet: Path, load: Callable[[], Stylizer], settings: Settings, *, overwrite: bool = False
) -> Preview:
    """Render frames from all over a clip and write them as one picture.

    Args:
        name: The clip, see `brushwork.video.reading.opening.open_clip`.
        target: Target of the whole clip, from which sizes are estimated.
        sheet: The picture to write.
        load: Loads the stylizer.
        settings: Settings of the clip.
        overwrite: Whether an existing picture may be replaced.

    Raises:
        UserError: If a file cannot be read or written.
    """
    images.format_of(sheet.suffix)
    if sheet.exists() and not overwrite:
        raise UserError(f"{sheet} exists; use --overwrite to replace it")
    clip, notes = target.open(name)
    excerpt = Excerpt.of(clip, settings.start, settings.end)
    samples = excerpt.samples(FRAMES)
    box = find_box([frame.pixels for frame in samples])
    stages = Stages.of(load(), settings, clip, excerpt.first.pixels, box, notes)
    around = _Surroundings(excerpt, stages, box)
    spent: dict[str, float] = {}
    cells, runs, count = [], [], 0
    close = (samples[-1].pts - samples[0].pts) * clip.time_base < FRAMES  # less than a second apart
    for number, frame in enumerate(samples):
        alone = bool(number % EVERY or (number and not clip.seekable))
        timings: dict[str, float] = {} if alone else spent
        given = around.states(frame, 1 if alone else RUN, timings)
        if number == 0:
            _paint(given[:1], stages, settings, {})  # the first frame of a size compiles the network for it
        states = _paint(given, stages, settings, timings)
        if not alone:
            count += len(states)
            if target.encoding:
                with pipeline.timer(spent, "encode")():
                    runs.append(_packet_sizes(states, clip, target.encoding))
        time = float((states[0].pts - clip.start) * clip.time_base)
        cells.append(Cell(format_time(time, tenths=close), images.fit(states[0].finished, CELL)))
    images.save(compose(cells).marked(), sheet, overwrite=overwrite)
    size = _estimate_size(runs, excerpt.count) if runs and excerpt.count else None
    # All stages share the cores, while each concurrently rendered frame has its own part of them.
    spent["stylise"] /= stages.painter.together
    return Preview(excerpt.count, count / sum(spent.values()), size, notes)


class _Surroundings:
    """Reads frames with those before and after them, which show whether they are part of a fade.

    Args:
        excerpt: The part of the clip that is rendered.
        stages: Its styles.
        box: The part between the bars of a letterboxed clip.
    """

    def __init__(self, excerpt: Excerpt, stages: Stages, box: Box | None) -> None:
        self._excerpt, self._stages, self._box = excerpt, stages, box
        self._all = None if excerpt.clip.seekable else self._unfaded(excerpt.frames(None))

    def states(self, first: VideoFrame, count: int, spent: MutableMapping[str, float]) -> list[FrameState]:
        """Return a frame and those that follow it, without fades, and add the time of decoding those that follow."""
        back = round(LOOK_BACK / self._excerpt.clip.time_base)
        states = self._all or self._unfaded(self._excerpt.since(first.pts - back))
        states = dropwhile(lambda state: state.pts < first.pts, states)
        found = list(islice(states, 1))
        with pipeline.timer(spent, "decode")():
            found += islice(states, count - 1)
        return found

    def _unfaded(self, frames: Iterator[VideoFrame]) -> Iterator[FrameState]:
        clip = self._excerpt.clip
        states = pipeline.with_styles(frames, self._stages.timeline, clip.start, clip.time_base)
        return pipeline.without_fades(states, None, self._box)


def _paint(
    given: Sequence[FrameState], stages: Stages, settings: Settings, spent: MutableMapping[str, float]
) -> list[FrameState]:
    """Return the finished states of consecutive frames, rendered in this thread."""
    states = pipeline.estimate_motion(iter(given), None, settings.needs_motion, pipeline.timer(spent, "motion"))
    if stages.colors is not None:
        states = pipeline.recolor(states, None, stages.colors, pipeline.timer(spent, "colours"))
    painter = stages.painter
    painted = [pipeline.with_plain(painter.paint(state, None), painter) for state in _timed(states, spent)]
    weight = settings.stabilisation_weight
    return list(pipeline.stabilise_frames(iter(painted), None, weight, pipeline.timer(spent, "steady")))


def _timed(states: Iterator[FrameState], spent: MutableMapping[str, float]) -> Iterator[FrameState]:
    """Yield states, and add the time until the next is requested to that of stylisation."""
    timed = pipeline.timer(spent, "stylise")
    for state in states:
        with timed():
            yield state


def _packet_sizes(states: Sequence[FrameState], clip: Clip, encoding: Encoding) -> list[int]:
    """Return the sizes in bytes of the packets of consecutive frames, the first of which is a key frame."""
    with av.open(BytesIO(), "w", format="matroska") as out:
        packets = []
        for number, state in enumerate(states):
            if number == 0:
                stream = add_video(out, clip, encoding, state.finished.shape)
            packets += stream.encode(to_frame(state.finished, state.alpha, number, clip, encoding))
        packets += stream.encode(None)
    return [packet.size for packet in packets]


def _estimate_size(runs: Sequence[Sequence[int]], count: int) -> int:
    """Estimate the size of ``count`` frames in bytes from the packets of runs of frames."""
    whole = sum(run[0] for run in runs) / len(runs)
    following = [size for run in runs for size in run[1:]]
    keys = -(-count // KEY_FRAMES)
    each = sum(following) / len(following) if following else whole
    return round(keys * whole + (count - keys) * each)
