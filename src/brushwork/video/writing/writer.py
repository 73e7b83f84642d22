"""Where pastiches go: what every target takes, and video files, which are written in pieces."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
from av.error import FFmpegError

from brushwork.errors import UserError
from brushwork.images import Image
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import encode, quantise
from brushwork.video.writing.codecs import PIECES, Encoding
from brushwork.video.writing.muxing import TimeRange, join
from brushwork.video.writing.resume import ResumeFolder

LATE = 16


class Writer(Protocol):
    """What takes pastiches in order. `end_piece` is called at fixed numbers of frames, `finish` at the end."""

    def write(self, pastiche: Image, pts: int, duration: int) -> None:
        """Takes a frame (H, W, 3)."""
        ...

    def end_piece(self) -> int | None:
        """Makes what has come until now last; the number of whole pieces, None where there is no going on."""
        ...

    def finish(self, cut: TimeRange) -> None:
        """Writes the target, of all frames that have come."""
        ...

    def abort(self) -> None:
        """Lets go of everything that is open."""
        ...

    def resume(self, pieces: int) -> None:
        """Takes up the whole pieces of a stopped run."""
        ...


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Turns what FFmpeg raises into one line that names the file."""
    try:
        yield
    except FFmpegError as error:
        number = getattr(error, "errno", None)
        known = number in errno.errorcode and isinstance(error, OSError)
        reason = os.strerror(number) if known and number else str(error.strerror or error)
        raise UserError(f"cannot write {path}: {reason.lower()}") from None


class VideoFileWriter:
    """A video file. Each piece is encoded by itself, so the whole is the same whether or not it was interrupted."""

    def __init__(self, clip: Clip, parts: ResumeFolder, encoding: Encoding, *, sound: bool) -> None:
        self._clip, self._parts, self._encoding, self._sound = clip, parts, encoding, sound
        self._times: list[tuple[int, int]] = []
        self._pieces = 0
        self._open: tuple[av.container.OutputContainer, av.VideoStream] | None = None
        self._first = self._muxed = 0
        self._sent: list[int] = []

    def resume(self, pieces: int) -> None:
        """Takes up the whole pieces of a stopped run."""
        self._pieces = pieces
        self._times = [tuple(row) for row in np.load(self._times_file(pieces)).tolist()]

    def write(self, pastiche: Image, pts: int, duration: int) -> None:
        """See `Writer.write`."""
        codec, depth = self._encoding.codec, self._clip.depth
        with writable(self._parts.target):
            if self._open is None:
                self._open = self._begin(pastiche.shape, pts)
            self._sent.append(pts - self._first)
            container, stream = self._open
            frame = encode(
                quantise(pastiche, depth), self._clip.color, codec.deep_pixels if depth > 8 else codec.pixels
            )
            frame.pts, frame.time_base, frame.duration = pts - self._first, self._clip.time_base, duration
            self._mux(container, stream.encode(frame))
        self._times.append((pts, duration))

    def end_piece(self) -> int:
        """See `Writer.end_piece`."""
        self._close()
        np.save(self._times_file(self._pieces), np.array(self._times, np.int64))
        return self._pieces

    def finish(self, cut: TimeRange) -> None:
        """See `Writer.finish`."""
        self._close()
        pieces = [self._parts.piece(number) for number in range(self._pieces)]
        target = self._parts.target
        whole = self._parts.piece(0, ".whole")
        with writable(target):
            join(
                whole, pieces, self._times, self._clip.time_base, self._clip.path, cut, self._encoding,
                sound=self._sound,
            )  # fmt: skip
        whole.replace(target)

    def abort(self) -> None:
        """See `Writer.abort`."""
        if self._open is not None:
            container, self._open = self._open[0], None
            with writable(self._parts.target):
                container.close()

    def _close(self) -> None:
        """Completes the piece that is open, if one is."""
        if self._open is not None:
            (container, stream), self._open = self._open, None
            with writable(self._parts.target):
                self._mux(container, stream.encode(None))
                container.close()
            self._pieces += 1

    def _mux(self, container: av.container.OutputContainer, packets: Iterable[Any]) -> None:
        """Writes packets into a piece, with decoding times of our own: those of x265 are random in short pieces.

        They are the frames' own times, late by more frames than any codec reorders.
        """
        for packet in packets:
            place = self._muxed - LATE
            packet.dts = self._sent[place] if place >= 0 else self._sent[0] + place
            self._muxed += 1
            container.mux(packet)

    def _begin(self, shape: tuple[int, ...], pts: int) -> tuple[av.container.OutputContainer, av.VideoStream]:
        """A piece that begins at a frame of some shape and time."""
        clip, codec = self._clip, self._encoding.codec
        self._first, self._muxed, self._sent = pts, 0, []
        container = av.open(str(self._parts.piece(self._pieces)), "w", format=PIECES[self._encoding.container])
        stream = container.add_stream(codec.encoder, rate=clip.rate, options=self._encoding.options)
        assert isinstance(stream, av.VideoStream)
        context = stream.codec_context
        stream.height, stream.width = context.height, context.width = shape[:2]
        context.pix_fmt = codec.deep_pixels if clip.depth > 8 else codec.pixels
        context.time_base, stream.time_base = clip.time_base, clip.time_base
        context.sample_aspect_ratio = clip.aspect
        if not av.VideoFormat(context.pix_fmt).is_rgb:
            context.colorspace, context.color_range = clip.color.matrix, clip.color.range
        context.color_primaries, context.color_trc = clip.color.primaries, clip.color.transfer
        return container, stream

    def _times_file(self, pieces: int) -> Path:
        return self._parts.folder / f"times-{pieces}.npy"
