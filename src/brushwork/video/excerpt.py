"""Selects the part of a clip that is rendered."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import dropwhile, islice

import numpy as np

from brushwork.errors import UserError
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import VideoFrame
from brushwork.video.times import TimeRange, format_time


@dataclass(frozen=True)
class Excerpt:
    """The frames of a clip between a start and an end.

    Attributes:
        clip: The clip.
        first: Its first frame in the excerpt.
        end: Tick at which the excerpt ends; None for the end of the clip.
        count: Number of frames, if known.
    """

    clip: Clip
    first: VideoFrame
    end: int | None
    count: int | None

    @classmethod
    def of(cls, clip: Clip, start: float, end: float | None) -> "Excerpt":
        """Return the excerpt from a start to an end, in seconds from the clip's first frame.

        Raises:
            UserError: If it contains no frame.
        """
        last_tick = None if end is None else clip.start + round(end / clip.time_base)
        frames = clip.read(clip.start + round(start / clip.time_base))
        first = next(frames, None)
        if first is None or (last_tick is not None and first.pts >= last_tick):
            raise UserError(f"{clip.name} has no frame from {format_time(start)} on")
        count = clip.count
        if count is not None:
            length = count if end is None else min(count, round(end * clip.rate))
            count = max(1, length - round(start * clip.rate))
        return cls(clip, first, last_tick, count)

    def frames(self, last: FrameState | None) -> Iterator[VideoFrame]:
        """Yield the frames after the last finished one, each with the duration until the next frame.

        Raises:
            UserError: If the last finished frame cannot be found in the clip.
        """
        return self._until_end(self.clip.read(self.first.pts) if last is None else self._after(last))

    def since(self, tick: int) -> Iterator[VideoFrame]:
        """Yield the frames from a tick on, each with the duration until the next frame."""
        return self._until_end(self.clip.read(max(tick, self.first.pts)))

    def _until_end(self, frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
        previous: VideoFrame | None = None
        for frame in frames:
            if previous is not None:
                yield replace(previous, duration=frame.pts - previous.pts)
            previous = None
            if self.end is not None and frame.pts >= self.end:
                return
            previous = frame
        if previous is not None:
            yield previous

    def _after(self, last: FrameState) -> Iterator[VideoFrame]:
        """Return the frames after one, which is looked for first: a seek that led elsewhere would lose frames."""
        for begin in (last.pts, self.clip.start):  # after a seek, or else from the start
            frames = dropwhile(lambda frame: frame.pts < last.pts, self.clip.read(begin))
            found = next(frames, None)
            if found is not None and found.pts == last.pts and np.array_equal(found.pixels, last.pixels):
                return frames
        raise UserError(f"{self.clip.name} no longer has the frame at which it was left; start again with --overwrite")

    def samples(self, count: int) -> list[VideoFrame]:
        """Return frames from all over the excerpt, or from its first seconds if seeking is not possible."""
        base = self.clip.time_base
        if self.clip.seekable and self.count:
            steps = [round(number * self.count / count / self.clip.rate / base) for number in range(count)]
            found = {}
            for step in steps:
                frame = next(self.clip.read(self.first.pts + step), None)
                if frame is not None and (self.end is None or frame.pts < self.end):
                    found[frame.pts] = frame
            return list(found.values())
        apart = max(1, round(self.clip.rate))
        return list(islice(self.frames(None), 0, count * apart, apart))

    def time_range(self, last: FrameState, stopped: bool) -> TimeRange:
        """Return the time range of the sound for the frames up to the last one."""
        base = self.clip.time_base
        end = last.pts + last.duration if stopped else self.end
        whole_start = self.first.pts == self.clip.start
        start = self.first.pts * base
        origin = self.clip.origin if whole_start else start
        return TimeRange(start, None if end is None else end * base, origin, whole_start)
