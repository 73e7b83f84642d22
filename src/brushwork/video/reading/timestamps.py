"""Timestamps of packets and frames, corrected where those of a file do not increase."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import av

from brushwork.video.reading.source import read_packets

Packet: TypeAlias = Any  # an av.Packet, all of whose times PyAV declares optional

# As in the ffmpeg program: in formats that can be concatenated, a step back by more than the first value or ahead by
# more than the second, in seconds, begins another recording.
STEP_BACK, STEP_AHEAD = 0.1, 10.0
DISCONTINUOUS = ("mpegts", "mpeg")  # formats whose files can be concatenated


@dataclass(frozen=True)
class Discontinuity:
    """Offset in seconds that is added to all times from a byte position of the file."""

    position: int
    offset: Fraction


def find_discontinuities(container: Any) -> list[Discontinuity]:
    """Read all packets of a file that may consist of several recordings, and find where times jump.

    Returns:
        The discontinuities in ascending order; empty for formats that cannot be concatenated.
    """
    if container.format.name not in DISCONTINUOUS:
        return []
    found: list[Discontinuity] = []
    expected: dict[int, Fraction] = {}  # time of the next packet of each stream, in seconds
    offset = Fraction(0)
    for packet in read_packets(container):
        if packet.dts is None or packet.stream.type not in ("video", "audio"):
            continue
        index, when = packet.stream.index, packet.dts * packet.time_base + offset
        latest = max(expected.values(), default=when)
        if when < expected.get(index, when) - STEP_BACK or when > latest + STEP_AHEAD:
            # The stream continues at its expected time; the other streams keep their distance from it.
            offset += expected.get(index, latest) - when
            when = packet.dts * packet.time_base + offset
            found.append(Discontinuity(packet.pos or 0, offset))
        expected[index] = when + (packet.duration or 0) * packet.time_base
    return found


def demux(container: Any, streams: Sequence[Any], discontinuities: Sequence[Discontinuity]) -> Iterator[Packet]:
    """Yield the packets of some streams of an open file with continuous times; the last packet of each is empty."""
    coming = list(discontinuities)
    offset = Fraction(0)
    for packet in read_packets(container, streams):
        while coming and packet.size and packet.pos is not None and packet.pos >= coming[0].position:
            offset = coming.pop(0).offset
        if offset and packet.time_base:
            ticks = round(offset / packet.time_base)
            packet.pts = None if packet.pts is None else packet.pts + ticks
            packet.dts = None if packet.dts is None else packet.dts + ticks
        yield packet


class FrameTimes:
    """Assigns every decoded frame a time in ticks that is later than that of the previous frame.

    Args:
        step: Ticks per frame at the average rate.
        decoding: Whether the packets have only decoding times, as in AVI. The decoder returns one frame per packet in
            display order, so the n-th frame is displayed at the n-th decoding time.
        first: Time of the first frame, where frames at the start have none.
    """

    def __init__(self, step: int, *, decoding: bool = False, first: int = 0) -> None:
        self._step, self._decoding, self._first = step, decoding, first
        self._waiting: deque[int] = deque()
        self._last: int | None = None

    def decoded(self, packet: Packet) -> None:
        """Record the decoding time of a decoded packet."""
        if self._decoding and packet.size and packet.dts is not None:
            self._waiting.append(packet.dts)

    def of(self, frame: av.VideoFrame) -> int:
        """Return the time of the next frame in display order."""
        time = frame.pts
        if self._decoding:
            time = self._waiting.popleft() if self._waiting else None
        if time is None:
            time = self._first if self._last is None else self._last + self._step
        if self._last is not None and time <= self._last:
            time = self._last + 1
        self._last = time
        return time
