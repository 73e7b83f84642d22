"""Times of a video stream, and whether they are reliable."""

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

import av

from brushwork.video.reading.source import open_source, read_packets
from brushwork.video.reading.timestamps import Discontinuity, Packet, find_discontinuities

EXAMINED = (
    48  # packets whose times show whether the file has presentation times; AVI has none, and FFmpeg makes some up
)
MATROSKA = "matroska"
MAX_RATE = 240  # frames per second, above which a rate is compared with the times of packets
MAX_UNTIMED = 1000  # packets in which one with a time is looked for
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
        first: Tick of the first frame, if frames at the start have no times.
    """

    time_base: Fraction
    rate: Fraction
    step: int
    decoding: bool
    seekable: bool
    discontinuities: tuple[Discontinuity, ...]
    duration: float | None
    frames: int
    first: int = 0

    @classmethod
    def of(cls, name: str, stream: Any) -> "Timing":
        """Determine the times from the headers and the first packets."""
        container, time_base = stream.container, stream.time_base
        rate = Fraction(stream.average_rate or stream.guessed_rate or 24)
        found = tuple(find_discontinuities(container))
        untimed, packets = _first_packets(name, stream.index)
        timed = [packet for packet in packets if packet.pts is not None]
        if timed and MATROSKA in container.format.name:  # frames are reordered: some without a time follow one with it
            untimed, packets = untimed + len(packets) - len(timed), timed
        rate = _plausible(rate, packets)
        decoding = container.format.name == "avi" or any(packet.pts is None for packet in packets)
        seekable = not (untimed or decoding or found or int(container.format.flags) & NO_TIMESTAMPS)
        duration = None if found or untimed else _duration(stream)
        step = max(1, round(1 / (rate * time_base)))
        first = min(packet.pts for packet in packets) - untimed * step if untimed and not decoding else 0
        return cls(time_base, rate, step, decoding, seekable, found, duration, stream.frames, first)

    @property
    def count(self) -> int | None:
        """The number of frames that are shown, where known."""
        expected = round(self.duration * self.rate) if self.duration else None
        return min(self.frames, expected or self.frames) if self.frames else expected

    @property
    def promised(self) -> int:
        """The number of frames that a complete file must have; 0 if its own numbers differ."""
        return self.frames if self.frames == self.count and not self.decoding else 0


def _first_packets(name: str, index: int) -> tuple[int, list[Packet]]:
    """Return the number of packets at the start of a stream that have no times, and the first ones that may have.

    In Matroska, frames before time 0 have none. Where no packet has any, the number is 0.
    """
    with open_source(name) as container:
        found = (packet for packet in read_packets(container, container.streams[index]) if packet.size)
        start = list(islice(found, EXAMINED))
        timed = next((place for place, packet in enumerate(start) if packet.pts is not None), None)
        if timed is not None:
            start += islice(found, timed)
            return timed, start[timed:]
        for count, packet in enumerate(islice(found, MAX_UNTIMED), len(start)):
            if packet.pts is not None:
                return count, [packet, *islice(found, EXAMINED)]
        return 0, start


def _plausible(rate: Fraction, packets: list[Packet]) -> Fraction:
    """Return a frame rate, or that of the first packets if it is one of the ticks that some encoders write instead."""
    shown = sorted(packet.pts for packet in packets if packet.pts is not None)
    if rate <= MAX_RATE or len(shown) < 2 or shown[-1] == shown[0]:
        return rate
    seen = (len(shown) - 1) / ((shown[-1] - shown[0]) * packets[0].time_base)
    return seen.limit_denominator(1001) if 2 * seen < rate else rate


def _duration(stream: Any) -> float | None:
    """Return the duration of a stream in seconds, if the file states it; Matroska does so in a tag."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    container = stream.container
    tag = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    total = 3600 * int(tag[1]) + 60 * int(tag[2]) + float(tag[3]) if tag else (container.duration or 0) / av.time_base
    if MATROSKA in container.format.name:  # there, durations count from time 0 and not from the first frame
        total -= max(0.0, float((stream.start_time or 0) * stream.time_base))
    return total if total > 0 else None
