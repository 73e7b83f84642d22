"""Times of a video stream, and whether they are reliable."""

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

import av

from brushwork.video.reading.source import open_source
from brushwork.video.reading.timestamps import Discontinuity, find_discontinuities

EXAMINED = (
    48  # packets whose times show whether the file has presentation times; AVI has none, and FFmpeg makes some up
)
NO_TIMESTAMPS = 0x80  # AVFMT_NOTIMESTAMPS: after a seek, times of such a format are meaningless


@dataclass(frozen=True)
class Timing:
    """Times of a video stream.

    Attributes:
        time_base: Seconds per tick.
        rate: Average number of frames per second.
        step: Ticks per frame at that rate.
        decoding: Whether there are only decoding times.
        seekable: Whether times after a seek are reliable.
        discontinuities: Where times jump.
        duration: Duration of the stream in seconds, if the file states it.
        frames: Number of frames, if the file states it; a file may contain more than it shows (edit lists).
    """

    time_base: Fraction
    rate: Fraction
    step: int
    decoding: bool
    seekable: bool
    discontinuities: tuple[Discontinuity, ...]
    duration: float | None
    frames: int

    @classmethod
    def of(cls, name: str, stream: Any) -> "Timing":
        """Determine the times from the headers and the first packets."""
        container, time_base = stream.container, stream.time_base
        rate = Fraction(stream.average_rate or stream.guessed_rate or 24)
        found = tuple(find_discontinuities(container))
        with open_source(name) as again:
            packets = [packet for packet in islice(again.demux(again.streams[stream.index]), EXAMINED) if packet.size]
        decoding = container.format.name == "avi" or any(packet.pts is None for packet in packets)
        seekable = not (decoding or found or int(container.format.flags) & NO_TIMESTAMPS)
        duration = None if found else _duration(stream)
        step = max(1, round(1 / (rate * time_base)))
        return cls(time_base, rate, step, decoding, seekable, found, duration, stream.frames)

    @property
    def count(self) -> int | None:
        """The number of frames that are shown, where known."""
        expected = round(self.duration * self.rate) if self.duration else None
        return min(self.frames, expected or self.frames) if self.frames else expected

    @property
    def promised(self) -> int:
        """The number of frames that a complete file must have; 0 if its own numbers differ."""
        return self.frames if self.frames == self.count and not self.decoding else 0


def _duration(stream: Any) -> float | None:
    """Return the duration of a stream in seconds, if the file states it; Matroska does so in a tag."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    tag = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if tag:
        return 3600 * int(tag[1]) + 60 * int(tag[2]) + float(tag[3])
    return stream.container.duration / av.time_base if stream.container.duration else None
