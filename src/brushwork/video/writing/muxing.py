"""Pieces of video become one file, with sound, subtitles and chapters copied packet for packet."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av

from brushwork.errors import UserError
from brushwork.video.writing.codecs import Encoding

Packet: TypeAlias = "av.Packet[Any]"
COPIED = ("audio", "subtitle", "data", "attachment")


@dataclass(frozen=True)
class TimeRange:
    """The part of a clip that is taken: its first and last state in seconds, as the file counts them."""

    start: float
    end: float | None
    whole_start: bool  # nothing was cut off at the beginning, so times stay as they are

    @property
    def shift(self) -> float:
        """Seconds by which all times move, so that a part begins at 0."""
        return 0.0 if self.whole_start else -self.start

    def holds(self, seconds: float) -> bool:
        """Whether a state lies in the part."""
        return (self.whole_start or seconds >= self.start) and (self.end is None or seconds < self.end)


def join(
    target: Path, pieces: Sequence[Path], times: Sequence[tuple[int, int]], time_base: Fraction, source: Path | None,
    cut: TimeRange, encoding: Encoding, *, sound: bool = True,
) -> None:  # fmt: skip
    """Writes a video file.

    Args:
        target: Where to; what is there is replaced.
        pieces: Files of one video stream each.
        times: Tick and duration of every frame, in the order they are shown.
        time_base: Seconds a tick.
        source: The clip that sound, subtitles and chapters are copied from.
        cut: The part of it that is taken.
        encoding: How the pieces were written.
        sound: Whether sound is copied.

    Raises:
        av.error.FFmpegError: If the disk takes no more.
    """
    # Bit-exact: without a random number and the writer's version, so that equal pieces make equal files.
    with av.open(str(target), "w", format=encoding.container, options={"fflags": "+bitexact"}) as out:
        with av.open(str(pieces[0])) as first:
            video = out.add_stream_from_template(first.streams.video[0])
        inputs: list[Iterator[tuple[float, int, Packet]]] = [_video(pieces, times, time_base, cut, video)]
        if source is None:
            _mux(out, inputs)
            return
        with av.open(str(source)) as container:
            out.metadata.update({key: value for key, value in container.metadata.items() if key not in _OWN})
            streams = {}
            for stream in copied(container, encoding, sound=sound):
                copy = out.add_stream_from_template(stream)
                copy.metadata.update(stream.metadata)
                copy.disposition = stream.disposition
                streams[stream.index] = copy
            out.set_chapters(_chapters(container, cut))
            inputs.append(_copies(container, streams, cut))
            _mux(out, inputs)


_OWN = ("major_brand", "minor_version", "compatible_brands", "encoder")  # written by the muxer itself


def copied(container: Any, encoding: Encoding, *, sound: bool) -> list[Any]:
    """The streams of a clip that are copied.

    Raises:
        UserError: If the container cannot hold the sound.
    """
    found = []
    with av.open(_Nowhere(), "w", format=encoding.container) as out:
        held = out.supported_codecs
    for stream in container.streams:
        if stream.type not in COPIED or (stream.type == "audio" and not sound):
            continue
        name = stream.codec_context.codec.canonical_name if stream.codec_context is not None else None
        fits = name in held if name else encoding.container == "matroska"
        if fits:
            found.append(stream)
        elif stream.type == "audio":
            raise UserError(
                f"{encoding.container} cannot hold this sound ({name}); name the file .mkv or use --no-sound"
            )
    return found


def left_out(container: Any, encoding: Encoding, *, sound: bool) -> list[str]:
    """A line for each stream that cannot be copied."""
    kept = {stream.index for stream in copied(container, encoding, sound=sound)}
    return [
        f"{encoding.container} cannot hold {stream.type} stream {stream.index}; it is left out (.mkv holds most)"
        for stream in container.streams
        if stream.type in COPIED and stream.type != "audio" and stream.index not in kept
    ]


class _Nowhere:
    """A file that takes everything and keeps nothing."""

    def write(self, data: bytes) -> int:
        return len(data)


def _video(
    pieces: Sequence[Path], times: Sequence[tuple[int, int]], time_base: Fraction, cut: TimeRange, video: Any
) -> Iterator[tuple[float, int, Packet]]:
    """The packets of all pieces, with the times of their frames.

    Decoding times are made anew: those of a piece know nothing of the pieces before. The frames' times in rising
    order, late by as many frames as any frame is ahead of its turn, are never later than the frame itself.
    """
    shift = round(cut.shift / time_base)
    orders = (_order(piece) for piece in pieces)
    late = max(place - turn for order in orders for turn, place in enumerate(order))
    done = 0
    for piece in pieces:
        order = _order(piece)
        turns = {place: turn for turn, place in enumerate(order)}
        with av.open(str(piece)) as container:
            for place, packet in enumerate(packet for packet in container.demux(video=0) if packet.size):
                tick, duration = times[done + turns[place]]
                before = done + place - late
                packet.time_base = time_base
                packet.pts, packet.duration = tick + shift, duration
                # Before the first frame there are none to take times from: steps as long as the first frame.
                packet.dts = (times[before][0] if before >= 0 else times[0][0] + before * times[0][1]) + shift
                packet.stream = video
                yield float(packet.dts * time_base), 0, packet
        done += len(order)


def _order(piece: Path) -> list[int]:
    """Places in the file of the frames of a piece, in the order they are shown."""
    with av.open(str(piece)) as container:
        shown = [packet.pts for packet in container.demux(video=0) if packet.size]
    return sorted(range(len(shown)), key=lambda place: shown[place] or 0)


def _copies(container: Any, streams: dict[int, Any], cut: TimeRange) -> Iterator[tuple[float, int, Packet]]:
    """The packets of a clip that are copied, those of the part that is taken."""
    chosen = [stream for stream in container.streams if stream.index in streams]
    if not chosen:
        return
    for packet in container.demux(chosen):
        when = packet.dts if packet.dts is not None else packet.pts
        if packet.size == 0 or when is None or packet.time_base is None:
            continue
        if not cut.holds(float((when if packet.pts is None else packet.pts) * packet.time_base)):
            continue
        shift = round(cut.shift / packet.time_base)
        if shift:
            packet.pts = None if packet.pts is None else packet.pts + shift
            packet.dts = None if packet.dts is None else packet.dts + shift
        index = packet.stream.index
        packet.stream = streams[index]
        yield float((when + shift) * packet.time_base), index + 1, packet


def _chapters(container: Any, cut: TimeRange) -> list[Any]:
    """The chapters of the part that is taken."""
    found = []
    for chapter in container.chapters():
        base = chapter["time_base"] or Fraction(1, 1000)
        start, end = (float(chapter[side] * base) for side in ("start", "end"))
        first = start if cut.whole_start else max(start, cut.start)
        last = end if cut.end is None else min(end, cut.end)
        if first < last:
            ticks = {"start": round((first + cut.shift) / base), "end": round((last + cut.shift) / base)}
            found.append({**chapter, **ticks})
    return found


def _mux(out: Any, inputs: Sequence[Iterator[tuple[float, int, Packet]]]) -> None:
    """Writes all packets in the order of their times, so that no stream waits for another in memory."""
    for _, _, packet in heapq.merge(*inputs, key=lambda item: item[:2]):
        out.mux(packet)
