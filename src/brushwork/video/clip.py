"""What is read: a video file, a folder or a pattern of numbered pictures, or an animated picture."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import EOFError, FFmpegError, InvalidDataError  # noqa: A004
from av.stream import Disposition

from brushwork import images
from brushwork.errors import UserError
from brushwork.images.picture import fitted
from brushwork.video.frames import Look, VideoFrame, decode, quantise
from brushwork.video.times import shown

PICTURES = images.EXTENSIONS
# A seek lands on a key frame before the wanted one; frames right after it may lean on what was before.
RUN_UP = 2  # seconds
MILLISECONDS = Fraction(1, 1000)


@dataclass(frozen=True)
class Clip:
    """A clip and how its frames are had.

    Attributes:
        name: What the user called it.
        path: The file from which sound, subtitles and chapters are copied; None where there are none.
        width, height: Of its frames, upright, as they are read.
        time_base: Seconds a tick.
        rate: Frames a second, on average.
        start: Tick of the first frame.
        count: Frames, where known.
        look: What it says of its colours.
        depth: Bits a channel.
        aspect: Width of a pixel in heights, upright.
        read: Frames from a tick on, in order; ``read(clip.start)`` gives all.
        damaged: Grows by a line for each thing that had to be left out.
    """

    name: str
    path: Path | None
    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    start: int
    count: int | None
    read: Callable[[int], Iterator[VideoFrame]]
    look: Look = field(default_factory=Look)
    depth: int = 8
    aspect: Fraction = Fraction(1)
    damaged: list[str] = field(default_factory=list)

    def mark(self) -> list[str | int]:
        """What tells it from another clip, or from itself in another size."""
        files = [self.path] if self.path else []
        stamps = [value for file in files for value in (file.stat().st_size, file.stat().st_mtime_ns)]
        return [self.name, self.width, self.height, *stamps]

    def evened(self) -> "Clip":
        """The same clip with even sides: a last column or row of an odd number is left out."""
        height, width = self.height // 2 * 2, self.width // 2 * 2

        def read(tick: int) -> Iterator[VideoFrame]:
            for frame in self.read(tick):
                yield VideoFrame(np.ascontiguousarray(frame.pixels[:height, :width]), frame.pts, frame.duration)

        return self if (height, width) == (self.height, self.width) else replace(
            self, height=height, width=width, read=read
        )  # fmt: skip


def open_clip(name: str, *, size: int | None = None, fps: float = 24.0) -> Clip:
    """Opens a clip; its long side is limited to ``size``.

    Args:
        name: A video file, a folder of pictures, a pattern such as ``frames/%04d.png``, or an animated picture.
        size: The most pixels a side may have.
        fps: Frames a second of pictures without times.

    Raises:
        UserError: If it cannot be read, has no video stream or no frames.
    """
    path = Path(name)
    if "%" in path.name and not path.exists():
        return _of_files(name, numbered(path), size, fps)
    if path.is_dir():
        return _of_files(name, images.find(path), size, fps)
    if path.suffix.lower() in PICTURES:
        return _of_picture(name, size, fps)
    return _of_video(name, size)


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Turns what FFmpeg raises into one line that names the file."""
    try:
        yield
    except FFmpegError as error:
        known = {InvalidDataError: "not a video file, or cut short", EOFError: "it holds no frames"}
        reason = known.get(type(error), str(error.strerror))
        raise UserError(f"cannot read {name}: {reason.lower()}") from None


def _of_video(name: str, size: int | None) -> Clip:
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
        look = Look(codec.colorspace, codec.color_range, codec.color_primaries, codec.color_trc)
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
                    pixels = decode(frame, look, stored, rotation)
                    yield VideoFrame(pixels, pts, frame.duration or step)
        if count and last is not None and (last - start) * time_base * rate < 0.9 * count - 2:
            ends, promised = (shown(float(value)) for value in ((last - start) * time_base, count / rate))
            damaged.append(f"{name} is cut short: it ends at {ends} of {promised}")

    upright = stored[::-1] if rotation % 180 else stored
    return Clip(
        name, Path(name), upright[1], upright[0], time_base, rate, start, count, read, look, depth,
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


def numbered(pattern: Path) -> list[Path]:
    """The files of a pattern such as ``%04d.png``, in the order of their numbers."""
    parts = re.split(r"%0?\d*d", pattern.name)
    if len(parts) != 2:
        raise UserError(f"{pattern} is no pattern of numbered pictures such as frames/%04d.png")
    form = re.compile(re.escape(parts[0]) + r"(\d+)" + re.escape(parts[1]))
    if not pattern.parent.is_dir():
        raise UserError(f"no folder {pattern.parent}")
    found = [(int(match[1]), path) for path in pattern.parent.iterdir() if (match := form.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def _of_files(name: str, paths: list[Path], size: int | None, fps: float) -> Clip:
    """Pictures, one a frame."""
    if not paths:
        raise UserError(f"{name} holds no frames")
    first = images.open(paths[0], size=size)
    height, width = first.image.shape[:2]
    rate = _rate(fps)

    def read(tick: int) -> Iterator[VideoFrame]:
        for number, path in enumerate(paths[tick:], tick):
            picture = images.open(path, size=size)
            if picture.image.shape[:2] != (height, width):
                other = f"{picture.image.shape[1]} x {picture.image.shape[0]}"
                raise UserError(f"{path} is {other}, but {paths[0]} is {width} x {height}; frames have one size")
            yield VideoFrame(quantise(picture.image, first.depth), number, 1)

    return Clip(name, None, width, height, 1 / rate, rate, 0, len(paths), read, depth=first.depth)


def _of_picture(name: str, size: int | None, fps: float) -> Clip:
    """An animated picture, with its own times."""
    picture = images.open(name, size=size)
    height, width = picture.image.shape[:2]
    usual = max(1, round(1000 / fps))
    durations = [frame.duration or usual for frame in picture.frames]
    times = np.cumsum([0, *durations]).tolist()
    rate = Fraction(1000 * len(durations), times[-1])

    def read(tick: int) -> Iterator[VideoFrame]:
        again = images.open(name, size=size)  # its frames come from an open file, one reader each
        for number, frame in enumerate(again.frames):
            image = frame.on_white
            if times[number] >= tick:
                yield VideoFrame(quantise(np.asarray(image, np.float32), 8), times[number], durations[number])

    return Clip(name, None, width, height, MILLISECONDS, rate, 0, len(durations), read)


def _rate(fps: float) -> Fraction:
    if not 0.1 <= fps <= 1000:
        raise UserError(f"{fps:g} frames a second; it must lie between 0.1 and 1000")
    return Fraction(fps).limit_denominator(1001)
