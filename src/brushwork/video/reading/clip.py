"""Clips, independent of the kind of file they are read from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from brushwork.video.reading.frames import ColorInfo, VideoFrame
from brushwork.video.reading.hdr import HdrInfo
from brushwork.video.reading.timestamps import Discontinuity
from brushwork.video.reading.transparency import on_white

DAMAGED = "some packets are damaged and were left out"  # notice


@dataclass(frozen=True)
class Clip:
    """A clip and a function that reads its frames.

    Attributes:
        name: The user's name for it.
        path: The file from which sound, subtitles and chapters are copied; None if there are none.
        width, height: Size of its frames as read, upright, in pixels.
        time_base: Seconds per tick.
        rate: Average number of frames per second.
        start: Tick of the first frame.
        count: Number of frames, if known.
        read: Yields the frames from a tick on, in order; ``read(clip.start)`` yields all.
        color: Colour information.
        depth: Bits per channel of its pastiche.
        aspect: Ratio of a pixel's width to its height, upright.
        damaged: Receives a line for each damaged part that is skipped.
        origin: Time of the file in seconds at which the clip begins for all its streams.
        discontinuities: Where the file's times jump.
        stream: Index of the video stream in the file.
        seekable: Whether a frame can be read without decoding all previous ones.
        alpha: Whether its frames have transparency.
        hdr: Conversion of its tone-mapped frames back to HDR; None for SDR.
        keeps_hdr: Whether the pastiche is written as HDR; `color` is then that of the HDR.
        notes: Notices for the user about how it is read, one line each.
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
    origin: Fraction = Fraction(0)
    discontinuities: tuple[Discontinuity, ...] = ()
    stream: int = 0
    seekable: bool = True
    alpha: bool = False
    hdr: HdrInfo | None = None
    keeps_hdr: bool = False
    notes: list[str] = field(default_factory=list)

    def fingerprint(self) -> list[str | int]:
        """Return values that identify the clip, its size and the version of its file."""
        files = [self.path] if self.path else []
        stamps = [value for file in files for value in (file.stat().st_size, file.stat().st_mtime_ns)]
        return [self.name, self.width, self.height, *stamps]

    def keeping_hdr(self) -> "Clip":
        """Return the clip, which is HDR, such that its pastiche is written in HDR."""
        assert self.hdr is not None
        notes = [note for note in self.notes if note != self.hdr.note]
        return replace(self, color=self.hdr.color, depth=10, keeps_hdr=True, notes=notes)

    def on_white(self) -> "Clip":
        """Return the clip on a white background, without transparency."""

        def read(tick: int) -> Iterator[VideoFrame]:
            return map(on_white, self.read(tick))

        return replace(self, alpha=False, read=read)

    def with_even_sides(self) -> "Clip":
        """Return the clip with even sides: the last column or row of an odd side is dropped."""
        height, width = self.height // 2 * 2, self.width // 2 * 2
        if (height, width) == (self.height, self.width):
            return self

        def read(tick: int) -> Iterator[VideoFrame]:
            for frame in self.read(tick):
                alpha = None if frame.alpha is None else np.ascontiguousarray(frame.alpha[:height, :width])
                pixels = np.ascontiguousarray(frame.pixels[:height, :width])
                yield replace(frame, pixels=pixels, alpha=alpha)

        return replace(self, height=height, width=width, read=read)
