"""A clip, whatever it is read from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from brushwork.video.reading.frames import ColorInfo, VideoFrame


@dataclass(frozen=True)
class Clip:
    """A clip and how its frames are had.

    Attributes:
        name: What the user called it.
        path: The file from which sound, subtitles and chapters are copied; None where there are none.
        width, height: Of its frames, upright, as they are read.
        time_base: Seconds a tick.
        rate: Frames a second, on average.
        start: Tick of the first frame.
        count: Frames, where known.
        color: What it says of its colours.
        depth: Bits a channel.
        aspect: Width of a pixel in heights, upright.
        read: Frames from a tick on, in order; ``read(clip.start)`` gives all.
        damaged: Grows by a line for each thing that had to be left out.
    """

    name: str
    path: Path | None
    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    start: int
    count: int | None
    read: Callable[[int], Iterator[VideoFrame]]
    color: ColorInfo = field(default_factory=ColorInfo)
    depth: int = 8
    aspect: Fraction = Fraction(1)
    damaged: list[str] = field(default_factory=list)

    def mark(self) -> list[str | int]:
        """What tells it from another clip, or from itself in another size."""
        files = [self.path] if self.path else []
        stamps = [value for file in files for value in (file.stat().st_size, file.stat().st_mtime_ns)]
        return [self.name, self.width, self.height, *stamps]

    def evened(self) -> "Clip":
        """The same clip with even sides: a last column or row of an odd number is left out."""
        height, width = self.height // 2 * 2, self.width // 2 * 2

        def read(tick: int) -> Iterator[VideoFrame]:
            for frame in self.read(tick):
                yield VideoFrame(np.ascontiguousarray(frame.pixels[:height, :width]), frame.pts, frame.duration)

        return self if (height, width) == (self.height, self.width) else replace(
            self, height=height, width=width, read=read
        )  # fmt: skip
