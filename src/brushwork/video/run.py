"""Stylises a clip: decoding, motion, stylisation, stabilisation and encoding run concurrently."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from brushwork.errors import UserError
from brushwork.stylizer import Stylizer
from brushwork.video import pipeline
from brushwork.video.excerpt import Excerpt
from brushwork.video.frame_state import FrameState
from brushwork.video.letterbox import SAMPLES, find_box
from brushwork.video.reading.frames import VideoFrame
from brushwork.video.settings import Settings
from brushwork.video.stages import Stages
from brushwork.video.writing.resume import ResumeFolder
from brushwork.video.writing.target import Target
from brushwork.video.writing.writer import Writer

PIECE = 240  # frames per piece, the most that a killed run loses


@dataclass
class VideoProgress:
    """Progress of a run.

    Attributes:
        frames, count: Number of finished frames, and of all frames if known.
        width, height: Size of the pastiche in pixels.
        rate: Frames per second since the start of this run.
        spent: Seconds per stage; stages run concurrently.
        notes: Notices for the user, one line each.
        stopped: Whether the run was interrupted.
        decoded: Frames that this run got from the decoder.
    """

    frames: int
    count: int | None
    width: int
    height: int
    rate: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    stopped: bool = False
    decoded: int = 0

    @property
    def left(self) -> float | None:
        """Seconds left; None if unknown."""
        return max(0, self.count - self.frames) / self.rate if self.count and self.rate else None


@dataclass(frozen=True)
class RunOptions:
    """How a run treats existing files, and how its stylizer was loaded.

    Attributes:
        overwrite: Whether existing files may be replaced.
        resume: Whether to continue an interrupted run; the result equals that of an uninterrupted one.
        model, precision: Arguments that the stylizer was loaded with; a run can only be continued with the same.
        piece: Frames per piece; a killed run continues after the last complete piece.
    """

    overwrite: bool = False
    resume: bool = False
    model: str = ""
    precision: str = "auto"
    piece: int = PIECE


def run(
    name: str, path: Path, load: Callable[[], Stylizer], settings: Settings, options: RunOptions = RunOptions(), *,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[VideoProgress, None, None]:  # fmt: skip
    """Stylise a clip and yield the progress after every frame.

    Args:
        name: The clip, see `open_clip`.
        path: A video file, an animated picture, or a folder or pattern of numbered pictures.
        load: Loads the stylizer.
        settings: Settings of the clip.
        options: Handling of existing files.
        stop: Returns whether to end, called after every frame; the finished frames are then written as a playable file.

    Raises:
        UserError: If the clip or a style cannot be read, the target cannot be written, or there is nothing to resume.
    """
    target = Target(path, settings)
    target.check_not_input(name)
    clip, notes = target.open(name)
    excerpt = Excerpt.of(clip, settings.start, settings.end)
    made_with = {"model": options.model, "precision": options.precision, "piece": options.piece}
    folder = ResumeFolder(target.path, {**made_with, "clip": clip.fingerprint(), **settings.values()})
    writer = target.writer(clip, folder, overwrite=options.overwrite or options.resume)
    point = folder.begin(resume=options.resume, overwrite=options.overwrite)
    if point:
        writer.resume(point.pieces)
    last = point.last if point else None
    progress = VideoProgress(point.frames if point else 0, excerpt.count, clip.width, clip.height, notes=notes)
    try:
        done = _finished_states(load(), settings, excerpt, last, progress)
        output = _Output(writer, folder, excerpt, options.piece)
        with closing(done):
            yield from _write(done, last, output, progress, stop)
    except BaseException:
        with suppress(UserError):
            writer.abort()
        folder.remove_if_useless()
        raise
    notes.extend(clip.damaged)
    yield progress


def _finished_states(
    stylizer: Stylizer, settings: Settings, excerpt: Excerpt, last: FrameState | None, progress: VideoProgress
) -> Generator[FrameState, None, None]:
    """Return the states of all frames after the last one, rendered and stabilised."""
    clip = excerpt.clip
    box = find_box([frame.pixels for frame in excerpt.samples(SAMPLES)])
    if box:
        size = f"{box.right - box.left} x {box.bottom - box.top}"
        progress.notes.append(f"black bars are unchanged; the picture of {size} is rendered")
    stages = Stages.of(stylizer, settings, clip, excerpt.first.pixels, box, progress.notes)
    frames = _counted(excerpt.frames(last), progress)
    states = pipeline.with_styles(frames, stages.timeline, clip.start, clip.time_base)
    states = pipeline.without_fades(states, last, box)
    weight = settings.stabilisation_weight
    return pipeline.run_stages(
        states, last, stages.painter, weight, settings.needs_motion, progress.spent, stages.colors
    )


def _counted(frames: Iterator[VideoFrame], progress: VideoProgress) -> Iterator[VideoFrame]:
    """Yield the frames unchanged, and count them."""
    for frame in frames:
        progress.decoded += 1
        yield frame


@dataclass(frozen=True)
class _Output:
    """Destination of finished frames."""

    writer: Writer
    folder: ResumeFolder
    excerpt: Excerpt
    piece: int

    def end_piece(self, frames: int, last: FrameState) -> None:
        """Close the open piece and record it, if the writer has pieces."""
        pieces = self.writer.end_piece()
        if pieces is not None:
            self.folder.reached(pieces, frames, last)


def _write(
    states: Iterator[FrameState], last: FrameState | None, output: _Output, progress: VideoProgress,
    stop: Callable[[], bool],
) -> Iterator[VideoProgress]:  # fmt: skip
    """Encode the states piece by piece, and then write the target."""
    encoding = pipeline.timer(progress.spent, "encode")
    began, before = time.perf_counter(), progress.frames
    for state in states:
        with encoding():
            output.writer.write(state.finished, state.pts, state.duration, state.alpha)
            progress.frames += 1
            if progress.frames % output.piece == 0:
                output.end_piece(progress.frames, state)
        last = state
        progress.rate = (progress.frames - before) / (time.perf_counter() - began)
        progress.stopped = stop()
        yield progress
        if progress.stopped:
            break
    if not progress.stopped and progress.frames != before + progress.decoded:
        rendered, decoded = progress.frames, before + progress.decoded
        raise UserError(f"{rendered} of {decoded} decoded frames were rendered; the written pieces are kept")
    if last is not None:
        with encoding():
            if not progress.stopped:  # pieces of an interrupted run must end where those of an uninterrupted run end
                output.end_piece(progress.frames, last)
            output.writer.finish(output.excerpt.time_range(last, progress.stopped))
    if not progress.stopped:
        output.folder.remove()
