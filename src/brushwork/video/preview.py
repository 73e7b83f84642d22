"""Renders sample frames of a clip, and estimates time and size of the whole."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path

import av

from brushwork import images
from brushwork.errors import UserError
from brushwork.styles.sheet import Cell, compose
from brushwork.stylizer import Stylizer
from brushwork.video import pipeline
from brushwork.video.excerpt import Excerpt
from brushwork.video.frame_state import FrameState
from brushwork.video.letterbox import find_box
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
    _paint(samples[:1], clip, stages, settings, {})  # the first frame of a size compiles the network for it
    spent: dict[str, float] = {}
    cells, runs, count = [], [], 0
    close = (samples[-1].pts - samples[0].pts) * clip.time_base < FRAMES  # less than a second apart
    for number, frame in enumerate(samples):
        if number % EVERY or (number and not clip.seekable):
            states = _paint([frame], clip, stages, settings, {})
        else:
            states = _paint(_run_from(frame, clip, spent), clip, stages, settings, spent)
            count += len(states)
            if target.encoding:
                with pipeline.timer(spent, "encode")():
                    runs.append(_packet_sizes(states, clip, target.encoding))
        time = float((frame.pts - clip.start) * clip.time_base)
        cells.append(Cell(format_time(time, tenths=close), _shown(states[0])))
    images.save(compose(cells).marked(), sheet, overwrite=overwrite)
    size = _estimate_size(runs, excerpt.count) if runs and excerpt.count else None
    # All stages share the cores, while each concurrently rendered frame has its own part of them.
    spent["stylise"] /= stages.painter.together
    return Preview(excerpt.count, count / sum(spent.values()), size, notes)


def _run_from(first: VideoFrame, clip: Clip, spent: dict[str, float]) -> list[VideoFrame]:
    """Return a frame and those that follow it, and add the time of decoding those."""
    frames = clip.read(first.pts)
    found = list(islice(frames, 1))
    with pipeline.timer(spent, "decode")():
        found += islice(frames, RUN - 1)
    return found


def _paint(
    frames: Sequence[VideoFrame], clip: Clip, stages: Stages, settings: Settings, spent: dict[str, float]
) -> list[FrameState]:
    """Return the finished states of consecutive frames, rendered in this thread."""
    weight = settings.stabilisation_weight
    states: Iterator[FrameState] = pipeline.with_styles(iter(frames), stages.timeline, clip.start, clip.time_base)
    states = pipeline.estimate_motion(states, None, settings.needs_motion, pipeline.timer(spent, "motion"))
    if stages.colors is not None:
        states = pipeline.recolor(states, None, stages.colors, pipeline.timer(spent, "colours"))
    painted = [stages.painter.paint(state, None) for state in _timed(states, spent)]
    return list(pipeline.stabilise_frames(iter(painted), None, weight, pipeline.timer(spent, "steady")))


def _timed(states: Iterator[FrameState], spent: dict[str, float]) -> Iterator[FrameState]:
    """Yield states, and add the time until the next is requested to that of stylisation."""
    timed = pipeline.timer(spent, "stylise")
    for state in states:
        with timed():
            yield state


def _shown(state: FrameState) -> images.Image:
    """Return the pastiche (h, w, 3) of a state in the size for the sheet."""
    assert state.pastiche is not None
    return images.fit(state.pastiche, CELL)


def _packet_sizes(states: Sequence[FrameState], clip: Clip, encoding: Encoding) -> list[int]:
    """Return the sizes in bytes of the packets of consecutive frames, the first of which is a key frame."""
    with av.open(BytesIO(), "w", format="matroska") as out:
        packets = []
        for number, state in enumerate(states):
            assert state.pastiche is not None
            if number == 0:
                stream = add_video(out, clip, encoding, state.pastiche.shape)
            packets += stream.encode(to_frame(state.pastiche, state.alpha, number, clip, encoding))
        packets += stream.encode(None)
    return [packet.size for packet in packets]


def _estimate_size(runs: Sequence[Sequence[int]], count: int) -> int:
    """Estimate the size of ``count`` frames in bytes from the packets of runs of frames."""
    whole = sum(run[0] for run in runs) / len(runs)
    following = [size for run in runs for size in run[1:]]
    keys = -(-count // KEY_FRAMES)
    each = sum(following) / len(following) if following else whole
    return round(keys * whole + (count - keys) * each)
