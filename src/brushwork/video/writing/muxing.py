"""Joins pieces of video into one file, together with the sound, subtitles and chapters of the clip."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
from av.error import InvalidDataError, PatchWelcomeError

from brushwork.errors import UserError
from brushwork.video.reading.clip import DAMAGED, Clip
from brushwork.video.reading.source import open_source, read_packets, readable
from brushwork.video.reading.timestamps import Packet
from brushwork.video.times import TimeRange
from brushwork.video.writing.codecs import Encoding
from brushwork.video.writing.conversion import add_converted, converted_packets
from brushwork.video.writing.copying import copied_packets
from brushwork.video.writing.streams import COVERS, StreamPlan, codec_name
from brushwork.video.writing.timecode import advance

# Decoding time of a packet in seconds, index of its stream, and the packet.
Item: TypeAlias = tuple[float, int, Packet]
OWN = ("major_brand", "minor_version", "compatible_brands", "encoder")  # metadata that muxers write themselves
KEPT = ("title", "language", "handler_name")  # metadata of the video stream that also holds for its pastiche
TIMES_MAY_REPEAT = 0x20000  # AVFMT_TS_NONSTRICT: packets may be decoded at the same tick
DAMAGES = (InvalidDataError, PatchWelcomeError)  # of packets; neither is raised if the file cannot be written
SOUND_LOST = 0.1  # seconds of sound that a file may lack after writing, by rounding


@dataclass(frozen=True)
class EncodedVideo:
    """Pieces of one video stream.

    Attributes:
        pieces: Files with one video stream each.
        times: Tick and duration of every frame, in display order.
        time_base: Seconds per tick.
    """

    pieces: Sequence[Path]
    times: Sequence[tuple[int, int]]
    time_base: Fraction


@dataclass
class Tally:
    """Packets of each stream of a file, and how long they last in seconds."""

    packets: Counter[int] = field(default_factory=Counter)
    seconds: dict[int, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, index: int, seconds: float) -> None:
        """Count a packet of a stream."""
        self.packets[index] += 1
        self.seconds[index] += seconds


def join(
    path: Path, video: EncodedVideo, clip: Clip, plans: Sequence[StreamPlan], span: TimeRange, encoding: Encoding
) -> None:
    """Write a video file and verify that it holds every frame.

    Args:
        path: Where to write; an existing file is replaced.
        video: The rendered frames.
        clip: The clip that was rendered.
        plans: How its other streams are written.
        span: The part of the clip that is written.
        encoding: How the pieces were written.

    Raises:
        UserError: If the clip can no longer be read, or frames or sound are missing from the written file.
        av.error.FFmpegError: If the file cannot be written.
    """
    # Bit-exact: without a random number and the writer's version, so that equal pieces give equal files.
    options = {"fflags": "+bitexact"}
    if encoding.container in ("mp4", "mov"):
        options["movflags"] = "+faststart"  # web players start before they have the whole file
    with av.open(f"file:{path}", "w", format=encoding.container, options=options) as out:
        with av.open(f"file:{video.pieces[0]}") as first:
            target = out.add_stream_from_template(first.streams.video[0], opaque=True)
            if encoding.container in ("mp4", "mov"):  # otherwise ProRes 4444 would get the tag of ProRes 422
                target.codec_context.codec_tag = encoding.codec.tag or first.streams.video[0].codec_context.codec_tag
        if encoding.alpha and encoding.codec.encoder == "libvpx-vp9":
            target.metadata["alpha_mode"] = "1"  # without it players do not look for alpha
        written = Tally()
        if clip.path is None:
            _mux(out, [_video_items(video, span, target)], written, clip.damaged)
        else:
            _mux_with_source(out, target, video, clip, plans, span, written)
    _verify(path, video, written)


def _mux_with_source(
    out: Any, target: Any, video: EncodedVideo, clip: Clip, plans: Sequence[StreamPlan], span: TimeRange,
    written: Tally,
) -> None:  # fmt: skip
    """Write the video with the other streams, metadata and chapters of its clip."""
    with readable(clip.name), open_source(clip.name) as source:
        out.metadata.update({key: value for key, value in source.metadata.items() if key not in OWN})
        kept = source.streams[clip.stream].metadata
        target.metadata.update({key: kept[key] for key in KEPT if key in kept})
        if "timecode" in kept:
            skipped = round((span.start - clip.start * clip.time_base) * clip.rate)
            target.metadata["timecode"] = advance(kept["timecode"], skipped, clip.rate)
        target.disposition = source.streams[clip.stream].disposition
        out.set_chapters(_chapters(source, span))
        copies, conversions = {}, []
        for plan in plans:
            stream = source.streams[plan.index]
            if plan.action == "copy":
                copy = copies[plan.index] = out.add_stream_from_template(stream, opaque=True)
            elif plan.action == "convert":
                copy = add_converted(out, clip.name, stream, plan.encoder)
                conversions.append((plan.index, copy))
            elif plan.action == "attach":
                copy = _attach(out, clip.name, stream)
            else:
                continue
            copy.metadata.update(stream.metadata)
            copy.disposition = stream.disposition
    inputs = [_video_items(video, span, target), copied_packets(clip, copies, span)]
    inputs += [converted_packets(clip, index, copy, span) for index, copy in conversions]
    _mux(out, inputs, written, clip.damaged)


def _attach(out: Any, name: str, stream: Any) -> Any:
    """Add a cover picture to a Matroska file as an attachment, where players look for it."""
    with open_source(name) as source:
        picture = next(bytes(packet) for packet in read_packets(source, source.streams[stream.index]) if packet.size)
    file, kind = COVERS[codec_name(stream)]
    return out.add_attachment(stream.metadata.get("filename", file), kind, picture)


def _video_items(video: EncodedVideo, span: TimeRange, stream: Any) -> Iterator[Item]:
    """Yield the packets of all pieces, with the times of their frames.

    Decoding times are computed anew, as those of a piece ignore the pieces before it. They are the display times in
    ascending order, delayed by the largest reordering of any frame, and so never later than the frame's display time.
    """
    times, base = video.times, video.time_base
    shift = -round(span.origin / base)
    orders = [_display_order(piece) for piece in video.pieces]
    late = max(place - turn for order in orders for turn, place in enumerate(order))
    done = 0
    for piece, order in zip(video.pieces, orders, strict=True):
        turns = {place: turn for turn, place in enumerate(order)}
        with av.open(f"file:{piece}") as container:
            for place, packet in enumerate(packet for packet in container.demux(video=0) if packet.size):
                tick, duration = times[done + turns[place]]
                before = done + place - late
                packet.time_base = base
                packet.pts, packet.duration = tick + shift, duration
                # Before the first frame there are no times to take: steps as long as the first frame.
                packet.dts = (times[before][0] if before >= 0 else times[0][0] + before * times[0][1]) + shift
                packet.stream = stream
                yield float(packet.dts * base), -1, packet
        done += len(order)


def _display_order(piece: Path) -> list[int]:
    """Return the positions of a piece's frames in its file, in display order."""
    with av.open(f"file:{piece}") as container:
        shown = [packet.pts for packet in container.demux(video=0) if packet.size]
    return sorted(range(len(shown)), key=lambda place: shown[place] or 0)


def _chapters(source: Any, span: TimeRange) -> list[Any]:
    """Return the chapters within a range."""
    found = []
    for chapter in source.chapters():
        base = Fraction(chapter["time_base"] or Fraction(1, 1000))
        start, end = (chapter[side] * base for side in ("start", "end"))
        first = start if span.whole_start else max(start, span.start)
        last = end if span.end is None else min(end, span.end)
        if first < last:
            ticks = {"start": round((first - span.origin) / base), "end": round((last - span.origin) / base)}
            found.append({**chapter, **ticks})
    return found


def _mux(out: Any, inputs: Sequence[Iterator[Item]], written: Tally, damaged: list[str]) -> None:
    """Write all packets in the order of their decoding times, so that no stream waits for another in memory.

    Decoding times that do not increase are moved to just after the previous one, or to the same tick if the container
    allows that: TrueHD has more packets than Matroska has ticks, and would lag more and more. Packets of the clip that
    the container refuses as damaged, such as sound of a bad reception in MP4, are left out.
    """
    out.start_encoding()  # from here on the streams have the time bases of the file
    step = 0 if int(out.format.flags) & TIMES_MAY_REPEAT else 1
    latest: dict[int, int] = {}
    for _, _, packet in heapq.merge(*inputs, key=lambda item: item[:2]):
        index, base = packet.stream.index, packet.stream.time_base
        scale = packet.time_base / base
        dts = round((packet.pts if packet.dts is None else packet.dts) * scale)
        if index in latest:
            dts = max(dts, latest[index] + step)
        pts = dts if packet.pts is None else max(dts, round(packet.pts * scale))
        packet.duration = round((packet.duration or 0) * scale)
        packet.time_base, packet.dts, packet.pts = base, dts, pts
        latest[index] = dts
        lasts = float((packet.duration or 0) * packet.time_base)  # a written packet is empty
        try:
            out.mux(packet)
        except DAMAGES:
            if index == 0:  # the pastiche itself
                raise
            if DAMAGED not in damaged:
                damaged.append(DAMAGED)
        else:
            written.add(index, lasts)


def _verify(path: Path, video: EncodedVideo, written: Tally) -> None:
    """Raise `UserError` unless a file holds as many frames, and as much sound, as were written to it.

    Containers may split or join packets of sound, so its duration is what counts.
    """
    found = Tally()
    with av.open(f"file:{path}") as container:
        streams = {stream.index: stream.type for stream in container.streams}
        for packet in container.demux():
            if packet.size:
                found.add(packet.stream.index, float((packet.duration or 0) * packet.time_base))
    if found.packets[0] != len(video.times) or written.packets[0] != len(video.times):
        count = f"{found.packets[0]} of {len(video.times)} frames"
        raise UserError(f"{path} holds {count} after writing; the pieces are kept")
    for index, kind in streams.items():
        there, wanted = found.seconds[index], written.seconds[index]
        if kind == "audio" and found.packets[index] != written.packets[index] and there < wanted - SOUND_LOST:
            raise UserError(f"{path} holds {there:.2f} of {wanted:.2f} seconds of sound; the pieces are kept")
