"""Reads a video file as a clip."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
from av.error import EOFError, FFmpegError, InvalidDataError  # noqa: A004
from av.stream import Disposition

from brushwork.errors import UserError
from brushwork.images.picture import fitted
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import ColorInfo, Orientation, VideoFrame, decode
from brushwork.video.reading.hdr import SDR, HdrInfo
from brushwork.video.reading.timestamps import Discontinuity, FrameTimes, demux, find_discontinuities
from brushwork.video.times import format_time

# A seek lands on a key frame before the wanted one; frames right after it may refer to frames before it.
RUN_UP = 2  # seconds
EXAMINED = (
    48  # packets whose times show whether the file has presentation times; AVI has none, and FFmpeg makes some up
)
NO_TIMESTAMPS = 0x80  # AVFMT_NOTIMESTAMPS: after a seek, times of such a format mean nothing


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Turns FFmpeg's errors into one line that names the file."""
    try:
        yield
    except FFmpegError as error:
        known = {InvalidDataError: "not a video file, or cut short", EOFError: "it holds no frames"}
        reason = known.get(type(error), str(error.strerror))
        raise UserError(f"cannot read {name}: {reason.lower()}") from None


def open_source(name: str | Path) -> Any:
    """Opens a file of this machine: a name such as ``12:30.mp4`` must not be taken for a protocol."""
    return av.open(f"file:{name}")


@dataclass(frozen=True)
class Timing:
    """What is known of a video stream's times.

    Attributes:
        time_base: Seconds per tick.
        rate: Frames per second, on average.
        step: Ticks per frame at that rate.
        decoding: Whether there are only decoding times.
        seekable: Whether times after a seek can be relied on.
        discontinuities: Where times jump.
        duration: Seconds of the stream, where the file says so.
    """

    time_base: Fraction
    rate: Fraction
    step: int
    decoding: bool
    seekable: bool
    discontinuities: tuple[Discontinuity, ...]
    duration: float | None

    @classmethod
    def of(cls, name: str, stream: Any) -> "Timing":
        """Reads the headers and the first packets."""
        container, time_base = stream.container, stream.time_base
        rate = Fraction(stream.average_rate or stream.guessed_rate or 24)
        found = tuple(find_discontinuities(container))
        with open_source(name) as again:
            packets = [packet for packet in islice(again.demux(again.streams[stream.index]), EXAMINED) if packet.size]
        decoding = container.format.name == "avi" or any(packet.pts is None for packet in packets)
        seekable = not (decoding or found or int(container.format.flags) & NO_TIMESTAMPS)
        duration = None if found else _duration(stream)
        step = max(1, round(1 / (rate * time_base)))
        return cls(time_base, rate, step, decoding, seekable, found, duration)

    def count(self, frames: int) -> int | None:
        """Returns the number of frames, where known; a file may hold more than it shows (edit lists)."""
        expected = round(self.duration * self.rate) if self.duration else None
        return min(frames, expected or frames) if frames else expected


@dataclass(frozen=True)
class VideoSource:
    """A video stream of a file.

    Attributes:
        name: The file.
        index: The stream's place in it.
        timing: Its times.
        size: Height and width to which stored frames are scaled.
        orientation: How they are then turned and mirrored.
        color: What the stream says of its colours.
        hdr: How it is mapped to SDR; None where it is SDR.
    """

    name: str
    index: int
    timing: Timing
    size: tuple[int, int]
    orientation: "Orientation"
    color: ColorInfo
    hdr: HdrInfo | None

    def read(self, start: int, tick: int, damaged: list[str]) -> Iterator[VideoFrame]:
        """Yields the frames from a tick on.

        Args:
            start: Tick of the first frame of the clip.
            tick: The first one wanted.
            damaged: Gets a line for what could not be decoded.
        """
        damaged.clear()
        frames = self._after_seek(start, tick, damaged) if tick > start and self.timing.seekable else None
        last = start
        for pts, frame in frames or decode_stream(self.name, self.index, self.timing, damaged):
            last = pts
            if pts >= tick:
                pixels = decode(frame, self.color, self.size, self.orientation)
                pixels = self.hdr.tone_map.to_sdr(pixels) if self.hdr else pixels
                yield VideoFrame(pixels, pts, frame.duration or self.timing.step)
        self._check_length(float((last - start) * self.timing.time_base), damaged)

    def _after_seek(self, start: int, tick: int, damaged: list[str]) -> Iterator[tuple[int, av.VideoFrame]] | None:
        """Returns the frames after a seek, or None if it led past the wanted one (streams without an index)."""
        goal = max(start, tick - round(RUN_UP / self.timing.time_base))
        frames = decode_stream(self.name, self.index, self.timing, damaged, goal)
        first = next(frames, None)
        if first is None or first[0] > tick:
            damaged.clear()
            return None

        def landed() -> Iterator[tuple[int, av.VideoFrame]]:
            yield first
            yield from frames

        return landed()

    def _check_length(self, seconds: float, damaged: list[str]) -> None:
        expected = self.timing.duration
        if expected and seconds < 0.9 * expected - 2 / self.timing.rate:
            ends = f"it ends at {format_time(seconds)} of {format_time(expected)}"
            damaged.append(f"{self.name} is cut short: {ends}")


def open_video(name: str, size: int | None) -> Clip:
    """Opens a video file.

    Args:
        name: The file.
        size: Limit of the long side in pixels.

    Raises:
        UserError: If it cannot be read, or has no video stream or no frames.
    """
    damaged: list[str] = []
    with readable(name), open_source(name) as container:
        stream = _video_stream(name, container)
        timing = Timing.of(name, stream)
        start, first = next(decode_stream(name, stream.index, timing, []), (0, None))
        if first is None:
            raise UserError(f"{name} has no frame that can be decoded")
        codec, index, count = stream.codec_context, stream.index, timing.count(stream.frames)
        color = ColorInfo.of(codec, first)
        aspect = stream.sample_aspect_ratio or Fraction(1)
        begins = Fraction(container.start_time or 0, av.time_base)
    stored = fitted(first.height, first.width, size) if size else (first.height, first.width)
    orientation = Orientation.of(first)
    hdr = HdrInfo.of(color, first)
    source = VideoSource(name, index, timing, stored, orientation, color, hdr)

    def read(tick: int) -> Iterator[VideoFrame]:
        with readable(name):
            yield from source.read(start, tick, damaged)

    height, width = stored[::-1] if orientation.turned else stored
    return Clip(
        name, Path(name), width, height, timing.time_base, timing.rate, start, count, read, SDR if hdr else color,
        depth=10 if hdr else first.format.components[0].bits,
        aspect=1 / aspect if orientation.turned else aspect, damaged=damaged,
        origin=min(begins, start * timing.time_base), discontinuities=timing.discontinuities, stream=index,
        hdr=hdr, notes=[hdr.note] if hdr else [],
    )  # fmt: skip


def decode_stream(
    name: str, index: int, timing: Timing, damaged: list[str], goal: int | None = None
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Yields the time and FFmpeg's frame of every frame of a stream, in the order they are shown.

    Args:
        name: The file.
        index: The stream.
        timing: Its times.
        damaged: Gets a line for what could not be decoded.
        goal: Tick to seek to first; None starts at the first frame.
    """
    times = FrameTimes(timing.step, decoding=timing.decoding)
    with open_source(name) as container:
        stream = container.streams[index]
        stream.thread_type = "AUTO"
        if goal is not None:
            container.seek(goal, stream=stream)
        for packet in demux(container, [stream], timing.discontinuities):
            frames = _decoded(packet, damaged)
            times.decoded(packet)
            for frame in frames:
                yield times.of(frame), frame


def _video_stream(name: str, container: Any) -> Any:
    """Returns the first video stream that is not a cover picture."""
    videos = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not videos or videos[0].time_base is None:
        raise UserError(f"{name} has no video stream; to stylise a picture use brushwork stylize")
    return videos[0]


def _duration(stream: Any) -> float | None:
    """Returns the seconds of a stream, where the file says so; Matroska does in a tag."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    tag = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if tag:
        return 3600 * int(tag[1]) + 60 * int(tag[2]) + float(tag[3])
    return stream.container.duration / av.time_base if stream.container.duration else None


def _decoded(packet: "av.Packet[Any]", damaged: list[str]) -> list[av.VideoFrame]:
    """Returns the frames of a packet; a damaged packet is recorded and left out, as players do."""
    try:
        return packet.decode()
    except InvalidDataError:
        if not damaged:
            damaged.append("some packets are damaged and were left out")
        return []
