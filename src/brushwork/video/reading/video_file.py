"""Reads a video file as a clip."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError
from av.stream import Disposition

from brushwork.errors import UserError
from brushwork.images.resizing import fitted
from brushwork.video.reading.clip import DAMAGED, Clip
from brushwork.video.reading.deinterlacing import NOTE, deinterlace
from brushwork.video.reading.frames import ColorInfo, Orientation, VideoFrame, decode, has_alpha
from brushwork.video.reading.hdr import SDR, HdrInfo
from brushwork.video.reading.source import open_source, readable
from brushwork.video.reading.timestamps import FrameTimes, demux, rising
from brushwork.video.reading.timing import Timing
from brushwork.video.reading.transparency import split
from brushwork.video.times import format_time

# A seek lands on a key frame before the requested time; frames right after it may refer to frames before it.
RUN_UP = 2  # seconds
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
FIELDS_EXAMINED = 8  # frames that show whether the clip is interlaced


@dataclass(frozen=True)
class VideoSource:
    """A video stream of a file.

    Attributes:
        name: The file.
        index: Index of the stream.
        timing: Its times.
        size: Height and width to which stored frames are scaled.
        orientation: Rotation and mirroring of the scaled frames.
        color: Colour information of the stream.
        hdr: Conversion to SDR; None if it is SDR.
        deinterlaced: Whether to deinterlace its frames, where they are interlaced.
        noted: Whether the user knows that some are.
    """

    name: str
    index: int
    timing: Timing
    size: tuple[int, int]
    orientation: "Orientation"
    color: ColorInfo
    hdr: HdrInfo | None
    deinterlaced: bool
    noted: bool

    def read(self, start: int, tick: int, damaged: list[str]) -> Iterator[VideoFrame]:
        """Yield the frames from a tick on.

        Args:
            start: Tick of the first frame of the clip.
            tick: First tick to read.
            damaged: Receives a line for what could not be decoded.
        """
        damaged.clear()
        frames = self._after_seek(start, tick, damaged) if tick > start and self.timing.seekable else None
        whole = frames is None
        frames = frames or decode_stream(self.name, self.index, self.timing, damaged)
        if self.deinterlaced:
            frames = deinterlace(frames, self.timing.time_base, lambda: None if self.noted else damaged.append(NOTE))
        last, count = start, 0
        for pts, frame in frames:
            last, count = pts, count + 1
            if pts >= tick:
                pixels = decode(frame, self.color, self.size, self.orientation)
                pixels, alpha = split(pixels)
                pixels = self.hdr.tone_map.to_sdr(pixels) if self.hdr else pixels
                yield VideoFrame(pixels, pts, frame.duration or self.timing.step, alpha)
        self._check_length(float((last - start) * self.timing.time_base), damaged)
        if whole and count < self.timing.promised - 1 and DAMAGED not in damaged:
            damaged.append(f"{self.name} states {self.timing.promised} frames; {count} could be decoded")

    def _after_seek(self, start: int, tick: int, damaged: list[str]) -> Iterator[tuple[int, av.VideoFrame]] | None:
        """Return the frames after a seek; None if it led past the requested time (streams without an index)."""
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


def open_video(name: str, size: int | None, *, deinterlaced: bool = True) -> Clip:
    """Open a video file.

    Args:
        name: The file.
        size: Limit of the long side in pixels.
        deinterlaced: Whether interlaced frames are deinterlaced.

    Raises:
        UserError: If it cannot be read, has no video stream or no frames, or --no-deinterlace has no effect.
    """
    damaged: list[str] = []
    with readable(name), open_source(name) as container:
        stream = _video_stream(name, container)
        timing = Timing.of(name, stream)
        start, first, interlaced = _examine(name, stream.index, timing)
        if not (deinterlaced or interlaced or _becomes_interlaced(name, stream.index, timing)):
            raise UserError(f"--no-deinterlace does nothing: {name} is not interlaced")
        codec, index, count = stream.codec_context, stream.index, timing.count
        color = ColorInfo.of(codec, first)
        aspect = stream.sample_aspect_ratio or Fraction(1)
        begins = _begin(container, index, start * timing.time_base)
    stored = fitted(first.height, first.width, size) if size else (first.height, first.width)
    orientation = Orientation.of(first)
    hdr = HdrInfo.of(color, first)
    source = VideoSource(name, index, timing, stored, orientation, color, hdr, deinterlaced, interlaced)
    notes = [note for note, said in ((hdr and hdr.note, hdr), (NOTE, deinterlaced and interlaced)) if said and note]

    def read(tick: int) -> Iterator[VideoFrame]:
        with readable(name):
            yield from source.read(start, tick, damaged)

    height, width = stored[::-1] if orientation.turned else stored
    return Clip(
        name, Path(name), width, height, timing.time_base, timing.rate, start, count, read, SDR if hdr else color,
        depth=8 if hdr else first.format.components[0].bits,
        aspect=1 / aspect if orientation.turned else aspect, damaged=damaged,
        origin=begins, discontinuities=timing.discontinuities, stream=index,
        seekable=timing.seekable, alpha=has_alpha(first), hdr=hdr, notes=notes,
    )  # fmt: skip


def decode_stream(
    name: str, index: int, timing: Timing, damaged: list[str], goal: int | None = None
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Yield the time and FFmpeg's frame for every frame of a stream, in display order.

    Args:
        name: The file.
        index: The stream.
        timing: Its times.
        damaged: Gets a line for what could not be decoded.
        goal: Tick to seek to first; None starts at the first frame.
    """
    yield from rising(_timed(name, index, timing, damaged, goal), timing.step, timing.first)


def _timed(
    name: str, index: int, timing: Timing, damaged: list[str], goal: int | None
) -> Iterator[tuple[int | None, av.VideoFrame]]:
    """Yield the time and FFmpeg's frame as the file has them; see `decode_stream`."""
    times = FrameTimes(decoding=timing.decoding)
    with open_source(name) as container:
        stream = container.streams[index]
        stream.thread_type = "SLICE"  # threads for frames lose intact frames around a damaged one
        decoder = _decoder(stream)
        if goal is not None:
            container.seek(goal, stream=stream)
        for packet in demux(container, [stream], timing.discontinuities):
            frames = _decoded(decoder, packet, damaged)
            times.decoded(packet)
            for frame in frames:
                yield times.of(frame), frame


def _video_stream(name: str, container: Any) -> Any:
    """Return the first video stream that is not a cover picture."""
    videos = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not videos or videos[0].time_base is None:
        raise UserError(f"{name} has no video stream; use brushwork stylize for pictures")
    return videos[0]


def _begin(container: Any, index: int, first: Fraction) -> Fraction:
    """Return the time at which a file begins for all its streams, given that of the first frame of one of them."""
    timed = [each for each in container.streams if each.index != index and each.type in ("audio", "video", "subtitle")]
    if all(each.disposition & Disposition.attached_pic for each in timed):
        return first
    return min(first, Fraction(container.start_time or 0, av.time_base))


def _examine(name: str, index: int, timing: Timing) -> tuple[int, av.VideoFrame, bool]:
    """Return the time of a stream's first frame, the frame, and whether the first few frames are interlaced."""
    frames = list(islice(decode_stream(name, index, timing, []), FIELDS_EXAMINED))
    if not frames:
        raise UserError(f"{name} has no decodable frame")
    return *frames[0], any(frame.interlaced_frame for _, frame in frames)


def _becomes_interlaced(name: str, index: int, timing: Timing) -> bool:
    """Return whether any frame of a stream is interlaced; all frames before it are decoded to know."""
    return any(frame.interlaced_frame for _, frame in decode_stream(name, index, timing, []))


def _decoder(stream: Any) -> Any:
    """Return the decoder of a stream; for VP8 and VP9 that of libvpx, because FFmpeg's own decoders omit alpha."""
    context = stream.codec_context
    alpha = {key.lower(): value for key, value in stream.metadata.items()}.get("alpha_mode")
    if alpha != "1" or context.name not in ALPHA_DECODERS or context.pix_fmt != "yuv420p":
        return context
    return av.CodecContext.create(ALPHA_DECODERS[context.name], "r")


def _decoded(decoder: Any, packet: "av.Packet[Any]", damaged: list[str]) -> list[av.VideoFrame]:
    """Return the frames of a packet; a damaged packet is recorded and skipped, as in players."""
    try:
        frames: list[av.VideoFrame] = decoder.decode(packet if packet.size else None)
        return frames
    except FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        if DAMAGED not in damaged:
            damaged.append(DAMAGED)
        return []
