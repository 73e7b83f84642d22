"""Renders sample frames of a clip, and estimates time and size of the whole."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path

import av

from brushwork import images
from brushwork.errors import UserError
from brushwork.images.levels import quantise
from brushwork.styles.sheet import Cell, compose
from brushwork.stylizer import Stylizer
from brushwork.video import pipeline
from brushwork.video.excerpt import Excerpt
from brushwork.video.frame_state import FrameState
from brushwork.video.letterbox import find_box
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import VideoFrame, encode
from brushwork.video.settings import Settings
from brushwork.video.stages import Stages
from brushwork.video.times import format_time
from brushwork.video.writing.codecs import Encoding
from brushwork.video.writing.target import Target
from brushwork.video.writing.video_file import add_video

FRAMES = 12
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
    pairs = _pairs(excerpt)
    box = find_box([pair[0].pixels for pair in pairs])
    stages = Stages.of(load(), settings, clip, excerpt.first.pixels, box, notes)
    spent: dict[str, float] = {}
    _paint(pairs[0], clip, stages, settings, {})  # the first frame of a size compiles the network for it
    painted = [_paint(pair, clip, stages, settings, spent) for pair in pairs]
    cells = [
        Cell(format_time(float((states[0].pts - clip.start) * clip.time_base)), _shown(states[0])) for states in painted
    ]
    images.save(compose(cells).marked(), sheet, overwrite=overwrite)
    count = sum(len(states) for states in painted)
    size = None
    if target.encoding and excerpt.count:
        with pipeline.timer(spent, "encode")():
            size = _bytes(painted, clip, target.encoding, excerpt.count)
    # All stages share the cores, while each concurrently rendered frame has its own part of them.
    spent["stylise"] /= stages.painter.together
    return Preview(excerpt.count, count / sum(spent.values()), size, notes)


def _pairs(excerpt: Excerpt) -> list[list[VideoFrame]]:
    """Return pairs of consecutive frames; the second frame shows the effect of stabilisation."""
    samples = excerpt.samples(FRAMES)
    if not excerpt.clip.seekable:
        return [[frame] for frame in samples]
    return [list(islice(excerpt.clip.read(frame.pts), 2)) for frame in samples]


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


def _bytes(painted: Sequence[Sequence[FrameState]], clip: Clip, encoding: Encoding, count: int) -> int | None:
    """Estimate the size of ``count`` frames in bytes from that of a key frame and a following frame."""
    whole, following = [], []
    for states in painted:
        with av.open(BytesIO(), "w", format="matroska") as out:
            stream = add_video(out, clip, encoding, states[0].pixels.shape)
            packets = []
            for number, state in enumerate(states):
                assert state.pastiche is not None
                depth = encoding.depth(clip.depth)
                frame = encode(quantise(state.pastiche, depth), clip.color, encoding.pixels(depth))
                frame.pts, frame.time_base = number, 1 / clip.rate
                packets += stream.encode(frame)
            packets += stream.encode(None)
        whole.append(packets[0].size)
        following += [packet.size for packet in packets[1:]]
    keys = -(-count // KEY_FRAMES)
    each = sum(following) / len(following) if following else sum(whole) / len(whole)
    return round(keys * sum(whole) / len(whole) + (count - keys) * each)
