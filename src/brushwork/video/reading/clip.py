"""A clip, whatever it is read from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from brushwork.video.reading.frames import ColorInfo, VideoFrame
from brushwork.video.reading.hdr import HdrInfo
from brushwork.video.reading.timestamps import Discontinuity
from brushwork.video.reading.transparency import on_white


@dataclass(frozen=True)
class Clip:
    """A clip and how its frames are read.

    Attributes:
        name: What the user called it.
        path: The file from which sound, subtitles and chapters are copied; None if there are none.
        width, height: Of its frames as they are read, upright, in pixels.
        time_base: Seconds per tick.
        rate: Frames per second, on average.
        start: Tick of the first frame.
        count: Number of frames, where known.
        read: Yields the frames from a tick on, in order; ``read(clip.start)`` yields all.
        color: What it says of its colours.
        depth: Bits per channel that its pastiche is written with.
        aspect: Width of a pixel divided by its height, upright.
        damaged: Gets a line for each thing that had to be left out.
        origin: Time in seconds, as the file counts, that is the beginning of the clip for all its streams.
        discontinuities: Where the file's times jump.
        stream: Place of the video stream in the file.
        seekable: Whether a frame in the middle can be read without decoding all before it.
        alpha: Whether its frames have transparency.
        hdr: How its frames, which are read tone-mapped, become HDR again; None for SDR.
        keeps_hdr: Whether they do when they are written; `color` then says so.
        notes: What the user should know about how it is read, one line each.
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
        """Return what tells the clip from another one, or from itself in another size or after a change."""
        files = [self.path] if self.path else []
        stamps = [value for file in files for value in (file.stat().st_size, file.stat().st_mtime_ns)]
        return [self.name, self.width, self.height, *stamps]

    def keeping_hdr(self) -> "Clip":
        """Return the clip, which is HDR, such that its pastiche is written in HDR."""
        assert self.hdr is not None
        notes = [note for note in self.notes if note != self.hdr.note]
        return replace(self, color=self.hdr.color, depth=10, keeps_hdr=True, notes=notes)

    def on_white(self) -> "Clip":
        """Return the clip as it looks on white paper, without transparency."""

        def read(tick: int) -> Iterator[VideoFrame]:
            return map(on_white, self.read(tick))

        return replace(self, alpha=False, read=read)

    def with_even_sides(self) -> "Clip":
        """Return the clip with even sides: the last column or row of an odd number is left out."""
        height, width = self.height // 2 * 2, self.width // 2 * 2
        if (height, width) == (self.height, self.width):
            return self

        def read(tick: int) -> Iterator[VideoFrame]:
            for frame in self.read(tick):
                alpha = None if frame.alpha is None else np.ascontiguousarray(frame.alpha[:height, :width])
                pixels = np.ascontiguousarray(frame.pixels[:height, :width])
                yield replace(frame, pixels=pixels, alpha=alpha)

        return replace(self, height=height, width=width, read=read)
