"""A clip from a video file."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.error import EOFError, FFmpegError, InvalidDataError  # noqa: A004
from av.stream import Disposition

from brushwork.errors import UserError
from brushwork.images.picture import fitted
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import ColorInfo, VideoFrame, decode
from brushwork.video.times import shown

# A seek lands on a key frame before the wanted one; frames right after it may lean on what was before.
RUN_UP = 2  # seconds


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Turns what FFmpeg raises into one line that names the file."""
    try:
        yield
    except FFmpegError as error:
        known = {InvalidDataError: "not a video file, or cut short", EOFError: "it holds no frames"}
        reason = known.get(type(error), str(error.strerror))
        raise UserError(f"cannot read {name}: {reason.lower()}") from None


def of_video(name: str, size: int | None) -> Clip:
    """A video file, its long side limited to a size."""
    damaged: list[str] = []
    with readable(name), av.open(name) as container:
        videos = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
        if not videos:
            raise UserError(f"{name} has no video stream; to stylise a picture use brushwork stylize")
        stream = videos[0]
        first = None
        for packet in container.demux(stream):
            first = next(iter(_decoded(packet, [])), None)
            if first is not None:
                break
        if first is None or stream.time_base is None:
            raise UserError(f"{name} has no frame that can be decoded")
        codec, index, time_base = stream.codec_context, stream.index, stream.time_base
        rate = Fraction(stream.average_rate or stream.guessed_rate or 24)
        count = stream.frames or (round(stream.duration * time_base * rate) if stream.duration else None)
        if count is None and container.duration:
            count = round(container.duration * rate / av.time_base)
        rotation = round(first.rotation / 90) * 90 % 360
        stored = fitted(first.height, first.width, size) if size else (first.height, first.width)
        color = ColorInfo(codec.colorspace, codec.color_range, codec.color_primaries, codec.color_trc)
        start = first.pts if first.pts is not None else 0
        depth = first.format.components[0].bits
        aspect = stream.sample_aspect_ratio or Fraction(1)
    step = max(1, round(1 / (rate * time_base)))

    def read(tick: int) -> Iterator[VideoFrame]:
        damaged.clear()
        last = None
        with readable(name), av.open(name) as container:
            stream = container.streams[index]
            assert isinstance(stream, av.VideoStream)
            stream.thread_type = "AUTO"
            if tick > start:
                container.seek(max(start, tick - round(RUN_UP / time_base)), stream=stream)
            number = 0
            for packet in container.demux(stream):
                for frame in _decoded(packet, damaged):
                    pts = frame.pts if frame.pts is not None else number * step
                    number += 1
                    if pts < tick or (last is not None and pts <= last):
                        continue
                    last = pts
                    pixels = decode(frame, color, stored, rotation)
                    yield VideoFrame(pixels, pts, frame.duration or step)
        if count and last is not None and (last - start) * time_base * rate < 0.9 * count - 2:
            ends, promised = (shown(float(value)) for value in ((last - start) * time_base, count / rate))
            damaged.append(f"{name} is cut short: it ends at {ends} of {promised}")

    upright = stored[::-1] if rotation % 180 else stored
    return Clip(
        name, Path(name), upright[1], upright[0], time_base, rate, start, count, read, color, depth,
        1 / aspect if rotation % 180 else aspect, damaged,
    )  # fmt: skip


def _decoded(packet: "av.Packet[av.VideoStream]", damaged: list[str]) -> list[av.VideoFrame]:
    """The frames of a packet; a damaged packet is noted and left out, as players do."""
    try:
        return packet.decode()
    except InvalidDataError:
        if not damaged:
            damaged.append("some packets are damaged and were left out")
        return []
