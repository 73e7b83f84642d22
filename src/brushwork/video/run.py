"""A clip becomes its pastiche: decoding, motion, painting, steadying and encoding side by side."""

import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from brushwork.batch.session import Studio
from brushwork.errors import UserError
from brushwork.images import Picture
from brushwork.runtime import SMALLEST_SIDE
from brushwork.stylizer import Stylizer
from brushwork.video import pipeline
from brushwork.video.frame_painter import FramePainter
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import VideoFrame, as_image
from brushwork.video.reading.opening import open_clip
from brushwork.video.settings import Settings
from brushwork.video.timeline import Timeline
from brushwork.video.times import shown
from brushwork.video.writing.muxing import TimeRange
from brushwork.video.writing.resume import ResumeFolder
from brushwork.video.writing.target import Target
from brushwork.video.writing.writer import Writer

PIECE = 240  # frames of a piece: what a killed run loses at most
# Frames painted at once, each by its part of the cores; of frames with more pixels, which take gigabytes, one.
TOGETHER, LARGEST = 2, 2560 * 1440


@dataclass
class VideoProgress:
    """How far a run is.

    Attributes:
        frames, count: Frames done and, where known, frames in all.
        width, height: Of the pastiche.
        rate: Frames a second, since this run began.
        spent: Seconds by stage; stages run side by side.
        notes: What the user should know, a line each.
        stopped: Whether it ended early because it was asked to.
    """

    frames: int
    count: int | None
    width: int
    height: int
    rate: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    stopped: bool = False

    @property
    def left(self) -> float | None:
        """Seconds that are left, where that can be said."""
        return max(0, self.count - self.frames) / self.rate if self.count and self.rate else None


def run(
    name: str, path: Path, load: Callable[[], Stylizer], settings: Settings, *,
    overwrite: bool = False, resume: bool = False, stop: Callable[[], bool] = lambda: False, model: str = "",
    precision: str = "auto", piece: int = PIECE,
) -> Generator[VideoProgress, None, None]:  # fmt: skip
    """Paints a clip and yields how far it is after every frame.

    Args:
        name: What to read, see `open_clip`.
        path: A video file, an animated picture, or a folder or pattern of numbered pictures.
        load: Loads the stylizer.
        settings: How.
        overwrite: Whether what exists is replaced.
        resume: Go on with a run that was stopped or killed; what it gives equals that of an uninterrupted one.
        stop: Asked after every frame whether to end; what is done is then written as a playable file.
        model: What paints: a resumed run must paint with the same.
        precision: What it was loaded with: the same holds.
        piece: Frames after which a killed run can go on.

    Raises:
        UserError: If the clip or a style cannot be read, the target not written, or there is nothing to resume.
    """
    target = Target(path, settings)
    target.check_not(name)
    clip = open_clip(name, size=settings.size, fps=settings.fps)
    notes = target.check_fits(clip)
    clip = clip.evened() if target.even else clip
    if min(clip.width, clip.height) < SMALLEST_SIDE:
        raise UserError(f"{name} is {clip.width} x {clip.height}; both sides must be at least {SMALLEST_SIDE}")
    part = _Part.of(clip, settings)
    with_what = {"model": model, "precision": precision, "piece": piece, "clip": clip.mark()}
    parts = ResumeFolder(target.path, {**with_what, **settings.values()})
    writer = target.writer(clip, parts, overwrite=overwrite or resume)
    reached = parts.begin(resume=resume, overwrite=overwrite)
    if reached:
        writer.resume(reached.pieces)
    done, last = (reached.frames, reached.last) if reached else (0, None)
    try:
        timeline, painter = _prepare(load(), settings, part.first)
        progress = VideoProgress(done, part.count, clip.width, clip.height, notes=notes)
        decoded = pipeline.with_styles(part.frames(last), timeline, clip.start, clip.time_base)
        states = pipeline.run_stages(decoded, last, painter, settings.share, settings.shots, progress.spent)
        with closing(states):
            yield from _write(states, writer, parts, part, progress, stop, piece)
    except BaseException:
        with suppress(UserError):
            writer.abort()
        parts.remove_if_empty()
        raise
    notes.extend(clip.damaged)


@dataclass(frozen=True)
class _Part:
    """The part of a clip that is taken: its first frame and, where it is not the whole rest, the tick of its end."""

    clip: Clip
    first: VideoFrame
    end: int | None
    count: int | None

    @classmethod
    def of(cls, clip: Clip, settings: Settings) -> "_Part":
        def tick(seconds: float) -> int:
            return clip.start + round(seconds / clip.time_base)

        start = tick(settings.start)
        end = None if settings.end is None else tick(settings.end)
        frames = clip.read(start)
        first = next(frames, None)
        if first is None or (end is not None and first.pts >= end):
            raise UserError(f"{clip.name} has no frame from {shown(settings.start)} on")
        count = clip.count
        if count is not None:
            length = count if settings.end is None else min(count, round(settings.end * clip.rate))
            count = max(1, length - round(settings.start * clip.rate))
        return cls(clip, first, end, count)

    def frames(self, last: FrameState | None) -> Iterator[VideoFrame]:
        """Its frames, after the last one that a stopped run has done, each shown until the next one is."""
        held: VideoFrame | None = None
        for frame in self.clip.read(self.first.pts if last is None else last.pts + 1):
            if held is not None:
                yield replace(held, duration=frame.pts - held.pts)
            held = None
            if self.end is not None and frame.pts >= self.end:
                return
            held = frame
        if held is not None:
            yield held

    def cut(self, last: FrameState, stopped: bool) -> TimeRange:
        """What of the clip's sound goes with the frames up to the last one."""
        base: Fraction = self.clip.time_base
        end = last.pts + last.duration if stopped else self.end
        return TimeRange(
            float(self.first.pts * base), None if end is None else float(end * base), self.first.pts == self.clip.start
        )


def _prepare(stylizer: Stylizer, settings: Settings, first: VideoFrame) -> tuple[Timeline, FramePainter]:
    """The styles of a run, each embedded once, and what paints."""
    options = settings.options()
    content = Picture.of(as_image(first.pixels))
    embedding = Studio(stylizer, options).blend(settings.styles, content)
    single = Studio(stylizer, replace(options, weights=None))
    changes = [(when, single.blend((style,), content)) for when, style in settings.changes]
    together = min(TOGETHER, os.cpu_count() or 1) if first.pixels.size <= 3 * LARGEST else 1
    painter = FramePainter(
        stylizer, strength=settings.strength, keep_colors=settings.keep_colors == "luma", hold=settings.hold,
        together=together,
    )  # fmt: skip
    return Timeline(embedding, changes, settings.fade), painter


def _write(
    states: Iterator[FrameState], writer: Writer, parts: ResumeFolder, part: _Part, progress: VideoProgress,
    stop: Callable[[], bool], piece: int,
) -> Iterator[VideoProgress]:  # fmt: skip
    """Encodes the states, piece by piece, and then writes the target."""
    encoding = pipeline.clock(progress.spent, "encode")
    began, before = time.perf_counter(), progress.frames
    last: FrameState | None = None
    for state in states:
        assert state.pastiche is not None
        with encoding():
            writer.write(state.pastiche, state.pts, state.duration)
            progress.frames += 1
            if progress.frames % piece == 0 and (pieces := writer.end_piece()) is not None:
                parts.reached(pieces, progress.frames, state)
        last = state
        progress.rate = (progress.frames - before) / (time.perf_counter() - began)
        progress.stopped = stop()
        yield progress
        if progress.stopped:
            break
    if last is not None:
        with encoding():
            writer.finish(part.cut(last, progress.stopped))
    if progress.stopped:
        parts.left_playable()
    else:
        parts.remove()
