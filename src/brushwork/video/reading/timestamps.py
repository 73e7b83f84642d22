"""Timestamps of packets and frames, corrected where those of a file do not increase."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
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
    """Yield the packets of some streams of an open file with continuous times; the last packet of each is empty.

    A packet of sound whose time is far ahead of those that follow it is damaged, and follows the one before.
    """
    return _sound_in_order(_shifted(container, streams, discontinuities))


def _shifted(container: Any, streams: Sequence[Any], discontinuities: Sequence[Discontinuity]) -> Iterator[Packet]:
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


def _sound_in_order(packets: Iterator[Packet]) -> Iterator[Packet]:
    """Yield packets, those of sound with times that are not ahead of the following ones, of which one is read."""
    waiting: dict[int, Packet] = {}
    latest: dict[int, int] = {}
    for packet in packets:
        if packet.stream.type != "audio" or not packet.size or packet.dts is None:
            yield packet
            continue
        index, following = packet.stream.index, packet.dts
        before, waiting[index] = waiting.get(index), packet
        if before is not None:
            if index in latest and is_ahead(latest[index], before.dts, following):
                before.pts = before.dts = min(latest[index] + (before.duration or 1), following)
            latest[index] = before.dts
            yield before
    yield from waiting.values()


def is_ahead(before: int, time: int, following: int) -> bool:
    """Return whether a time is wrong, because the following one lies between it and the one before."""
    return before + 1 < following <= time


class FrameTimes:
    """Finds the time of every decoded frame in ticks, where the file has one.

    Args:
        decoding: Whether the packets have only decoding times, as in AVI. The decoder returns one frame per packet in
            display order, so the n-th frame is displayed at the n-th decoding time.
    """

    def __init__(self, *, decoding: bool = False) -> None:
        self._decoding = decoding
        self._waiting: deque[int] = deque()

    def decoded(self, packet: Packet) -> None:
        """Record the decoding time of a decoded packet."""
        if self._decoding and packet.size and packet.dts is not None:
            self._waiting.append(packet.dts)

    def of(self, frame: av.VideoFrame) -> int | None:
        """Return the time of the next frame in display order."""
        if self._decoding:
            return self._waiting.popleft() if self._waiting else None
        return frame.pts


def rising(
    frames: Iterator[tuple[int | None, av.VideoFrame]], step: int, first: int
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Yield frames with times that rise, one frame later than they are read.

    A frame without a time is shown a step after the one before. So is one whose time is damaged: far ahead of the
    frames that follow, which would otherwise all be shown after it.

    Args:
        frames: Times, where there are any, and frames in display order.
        step: Ticks per frame at the average rate.
        first: Time of the first frame, where frames at the start have none.
    """
    last: int | None = None
    for (time, frame), (following, _) in pairwise(chain(frames, [(None, None)])):
        assert frame is not None
        if last is None:
            last = first if time is None else time
        elif time is None:
            last += step
        elif following is not None and is_ahead(last, time, following):
            last = min(last + step, following - 1)
        else:
            last = max(time, last + 1)
        yield last, frame
