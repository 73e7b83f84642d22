"""Copies packets of a clip's streams into a written file."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.stream import Disposition

from brushwork.video.reading.clip import Clip
from brushwork.video.reading.source import open_source, readable
from brushwork.video.reading.timestamps import Packet, demux
from brushwork.video.times import TimeRange

# An edit list excludes packets. Those within this many seconds before the start are sound that decoders need before
# they give the first sample (priming); if there are more, a part of the recording was cut off and stays so.
PRIMING = Fraction(1, 20)


def copied_packets(clip: Clip, copies: dict[int, Any], span: TimeRange) -> Iterator[tuple[float, int, Packet]]:
    """Yield the packets within a range, shifted so that the range's origin is 0.

    Args:
        clip: The clip.
        copies: Index of a stream of the clip -> stream of the written file into which it is copied.
        span: The range.
    """
    if not copies:
        return
    with readable(clip.name), open_source(clip.name) as container:
        chosen = [container.streams[index] for index in copies]
        starts: dict[int, Fraction] = {}
        for packet in demux(container, chosen, clip.discontinuities):
            index = packet.stream.index
            if packet.size and packet.stream.disposition & Disposition.attached_pic:
                packet.stream, packet.pts, packet.dts = copies[index], 0, 0
                yield 0.0, index, packet
                continue
            when = packet.dts if packet.dts is not None else packet.pts
            if not packet.size or when is None:
                continue
            starts.setdefault(index, when * packet.time_base)
            cut_off = packet.is_discard and starts[index] < -PRIMING
            if not cut_off and fit(packet, span):
                packet.stream = copies[index]
                when = packet.dts if packet.dts is not None else packet.pts
                yield float(when * packet.time_base), index, packet


def fit(packet: Packet, span: TimeRange) -> bool:
    """Shift a packet so that the origin of a range is 0, and return whether it lies in the range.

    A subtitle that is shown at the start of the range begins there, and none is shown past its end.
    """
    base = packet.time_base
    pts = packet.pts if packet.pts is not None else packet.dts
    begins = pts * base
    if packet.stream.type == "subtitle" and packet.duration:
        ends = begins + packet.duration * base
        first = begins if span.whole_start else max(begins, span.start)
        last = ends if span.end is None else min(ends, span.end)
        if first >= last:
            return False
        packet.pts = packet.dts = round((first - span.origin) / base)
        packet.duration = round((last - first) / base)
        return True
    if not span.holds(begins):
        return False
    shift = -round(span.origin / base)
    packet.pts = None if packet.pts is None else packet.pts + shift
    packet.dts = None if packet.dts is None else packet.dts + shift
    return True
