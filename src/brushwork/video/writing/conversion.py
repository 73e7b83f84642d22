"""Converts sound and text subtitles that a container cannot hold unchanged."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.error import FFmpegError

from brushwork.video.reading.clip import Clip
from brushwork.video.reading.source import open_source, read_packets, readable
from brushwork.video.reading.timestamps import Packet, demux
from brushwork.video.times import TimeRange
from brushwork.video.writing.copying import fit

BIT_RATE = 96_000  # bits per second and channel of AAC and Opus, at which no difference is audible
RATES = {"libopus": (48_000,), "aac": (48_000, 44_100, 96_000, 88_200, 64_000, 32_000, 24_000, 22_050, 16_000, 8_000)}
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}  # the usual ones
MILLISECONDS = Fraction(1, 1000)


def add_converted(out: Any, name: str, stream: Any, encoder: str) -> Any:
    """Add a stream to an open file for a stream of a clip in another codec, and return it.

    Args:
        out: The open file.
        name: The clip.
        stream: The stream of the clip.
        encoder: FFmpeg's name of the encoder.
    """
    if stream.type == "audio":
        added = out.add_stream(encoder, rate=_rate(stream, encoder), layout=layout_for(stream, encoder))
        if encoder in RATES:
            added.bit_rate = BIT_RATE * stream.channels
        return added
    added = out.add_stream(encoder)
    context = added.codec_context
    context.time_base = MILLISECONDS
    context.subtitle_header = _subtitle_header(name, stream.index)
    return added


def layout_for(stream: Any, encoder: str) -> str | None:
    """Return the channel layout in which an encoder takes a sound stream; None if it takes none with as many channels.

    Old formats say how many channels there are and not which, and encoders know only some layouts.
    """
    candidates: list[str] = [stream.layout.name, LAYOUTS.get(stream.channels, "")]
    for name in candidates:
        context: Any = av.CodecContext.create(encoder, "w")
        try:
            context.layout = name
            context.sample_rate, context.format = _rate(stream, encoder), context.codec.audio_formats[0]
            context.open(strict=False)
        except (FFmpegError, ValueError):
            continue
        return name
    return None


def _rate(stream: Any, encoder: str) -> int:
    """Return the sample rate in which a sound stream is encoded: its own if the encoder takes it."""
    taken = RATES.get(encoder, (stream.rate,))
    rate: int = stream.rate if stream.rate in taken else taken[0]
    return rate


def converted_packets(clip: Clip, index: int, target: Any, span: TimeRange) -> Iterator[tuple[float, int, Packet]]:
    """Yield the packets of a stream within a range in another codec, shifted so that the range's origin is 0."""
    with readable(clip.name), open_source(clip.name) as container:
        stream = container.streams[index]
        packets = demux(container, [stream], clip.discontinuities)
        convert = _sound if stream.type == "audio" else _subtitles
        for packet in convert(packets, stream, target, span):
            packet.stream = target
            yield float(packet.dts * packet.time_base), index, packet


def _sound(packets: Iterator[Packet], stream: Any, target: Any, span: TimeRange) -> Iterator[Packet]:
    context = target.codec_context
    context.open(strict=False)
    resampler = av.AudioResampler(context.format, context.layout, context.sample_rate, context.frame_size or None)
    for packet in packets:
        for frame in _decoded(packet):
            if frame.pts is None or not span.holds(frame.pts * frame.time_base):
                continue
            frame.pts -= round(span.origin / frame.time_base)
            for part in resampler.resample(frame):
                yield from context.encode(part)
    for part in resampler.resample(None):
        yield from context.encode(part)
    yield from context.encode(None)


def _subtitles(packets: Iterator[Packet], stream: Any, target: Any, span: TimeRange) -> Iterator[Packet]:
    for packet in packets:
        if not packet.size or packet.pts is None:
            continue
        subtitle = stream.codec_context.decode2(packet)
        if subtitle is None or not len(subtitle) or not fit(packet, span):
            continue
        converted = target.codec_context.encode_subtitle(subtitle)
        converted.time_base = packet.time_base
        converted.pts = converted.dts = packet.pts
        converted.duration = packet.duration
        yield converted


def _decoded(packet: Packet) -> list[Any]:
    try:
        return list(packet.decode())
    except FFmpegError as error:  # a damaged packet becomes a moment of silence, as in players
        if isinstance(error, MemoryError):
            raise
        return []


def _subtitle_header(name: str, index: int) -> bytes | None:
    """Return the header of a subtitle stream, its text styles, which its decoder knows after the first subtitle."""
    with open_source(name) as container:
        stream = container.streams[index]
        for packet in read_packets(container, stream):
            if packet.size and stream.codec_context.decode2(packet) is not None:
                break
        header: bytes | None = stream.codec_context.subtitle_header
        return header
