"""Writer of a video file in pieces that are joined at the end."""

import os
from pathlib import Path
from typing import Any

import av
import numpy as np

from brushwork.errors import UserError
from brushwork.images import Image
from brushwork.images.levels import quantise
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import Pixels, encode
from brushwork.video.reading.light_levels import LightLevels
from brushwork.video.times import TimeRange
from brushwork.video.writing.codecs import PIECES, Encoding
from brushwork.video.writing.muxing import EncodedVideo, join
from brushwork.video.writing.priority import ordinary_priority
from brushwork.video.writing.resume import ResumeFolder
from brushwork.video.writing.streams import StreamPlan
from brushwork.video.writing.writer import writable

REORDERED = 16  # frames, more than any codec reorders


class VideoFileWriter:
    """Writer of a video file.

    Each piece is encoded by itself, so that the file is the same whether or not the run was interrupted. Frames of a
    piece are numbered at the clip's average rate, which the encoder writes into the stream. Their true times are set
    when the pieces are joined.

    Args:
        clip: The clip that is rendered.
        folder: Folder of the pieces.
        encoding: How they are encoded.
        plans: How the other streams of the clip are written.
    """

    def __init__(self, clip: Clip, folder: ResumeFolder, encoding: Encoding, plans: list[StreamPlan]) -> None:
        self._clip, self._folder, self._encoding, self._plans = clip, folder, encoding, plans
        self._times: list[tuple[int, int]] = []
        self._pieces = 0
        self._open: tuple[av.container.OutputContainer, av.VideoStream] | None = None
        self._number = self._muxed = 0  # frames and packets in the open piece

    def resume(self, pieces: int) -> None:
        """See `Writer.resume`."""
        self._pieces = pieces
        self._times = [tuple(row) for row in np.load(self._times_file(pieces)).tolist()]

    def write(self, pastiche: Image, pts: int, duration: int, alpha: Pixels | None = None) -> None:
        """See `Writer.write`."""
        with writable(self._folder.target):
            if self._open is None:
                self._open, self._number, self._muxed = self._begin(pastiche.shape), 0, 0
            container, stream = self._open
            self._mux(container, stream.encode(to_frame(pastiche, alpha, self._number, self._clip, self._encoding)))
        self._number += 1
        self._times.append((pts, duration))

    def end_piece(self) -> int:
        """See `Writer.end_piece`."""
        self._close()
        np.save(self._times_file(self._pieces), np.array(self._times, np.int64))
        return self._pieces

    def finish(self, span: TimeRange) -> None:
        """See `Writer.finish`; the file replaces the target after its frames have been counted."""
        self._close()
        pieces = [self._folder.piece(number) for number in range(self._pieces)]
        video = EncodedVideo(pieces, self._times, self._clip.time_base)
        try:
            with writable(self._folder.target):
                join(self._folder.joined, video, self._clip, self._plans, span, self._encoding)
        except BaseException:
            self._folder.joined.unlink(missing_ok=True)
            raise
        self._folder.publish()

    def abort(self) -> None:
        """See `Writer.abort`."""
        if self._open is not None:
            container, self._open = self._open[0], None
            with writable(self._folder.target):
                container.close()

    def _close(self) -> None:
        """Complete the open piece, if any, and verify that it holds every frame."""
        if self._open is None:
            return
        (container, stream), self._open = self._open, None
        path = self._folder.piece(self._pieces)
        with writable(self._folder.target):
            self._mux(container, stream.encode(None))
            container.close()
            with av.open(f"file:{path}") as piece:
                found = sum(packet.size > 0 for packet in piece.demux(video=0))
        if found != self._number:
            raise UserError(f"cannot write {self._folder.target}: {found} of {self._number} frames were stored")
        self._pieces += 1

    def _mux(self, container: Any, packets: list[Any]) -> None:
        """Write packets with new decoding times, as those of x265 are random in short pieces."""
        for packet in packets:
            packet.dts = self._muxed - REORDERED
            self._muxed += 1
            container.mux(packet)

    def _begin(self, shape: tuple[int, ...]) -> tuple[av.container.OutputContainer, av.VideoStream]:
        """Open a piece for frames of a shape (H, W, 3)."""
        path = self._folder.piece(self._pieces)
        container = av.open(f"file:{path}", "w", format=PIECES[self._encoding.container])
        return container, add_video(container, self._clip, self._encoding, shape)

    def _times_file(self, pieces: int) -> Path:
        return self._folder.folder / f"times-{pieces}.npy"


def to_frame(pastiche: Image, alpha: Pixels | None, number: int, clip: Clip, encoding: Encoding) -> av.VideoFrame:
    """Return a pastiche as a frame for the encoder, in the clip's colours and at its average rate.

    Args:
        pastiche: (H, W, 3) in [0, 1].
        alpha: Transparency (H, W), uint8 or uint16; None if the target has none.
        number: Number of the frame.
        clip: The clip, which gives the rate and colours.
        encoding: How the frame is encoded.
    """
    depth = encoding.depth(clip.depth)
    image = clip.hdr.tone_map.to_hdr(pastiche) if clip.hdr and clip.keeps_hdr else pastiche
    levels = quantise(image, depth)
    if alpha is not None:
        same_depth = alpha if alpha.dtype == levels.dtype else (alpha >> 8).astype(levels.dtype)
        levels = np.concatenate((levels, same_depth[..., None]), axis=2)
    frame = encode(levels, clip.color, encoding.pixels(depth))
    frame.pts, frame.time_base = number, 1 / clip.rate
    return frame


def add_video(container: Any, clip: Clip, encoding: Encoding, shape: tuple[int, ...]) -> av.VideoStream:
    """Add the stream of a clip's pastiche to an open file, and return it.

    Args:
        container: The file.
        clip: The clip, which gives the rate, colours and aspect.
        encoding: How the stream is encoded.
        shape: Shape (H, W, 3) of a frame.
    """
    os.environ.setdefault("SVT_LOG", "1")  # errors only: the AV1 encoder prints its settings and has no other switch
    light = clip.hdr.light if clip.hdr and clip.keeps_hdr else LightLevels()
    options = encoding.options_with(light.options(encoding.codec.encoder))
    stream = container.add_stream(encoding.codec.encoder, rate=clip.rate, options=options)
    assert isinstance(stream, av.VideoStream)
    context = stream.codec_context
    stream.height, stream.width = context.height, context.width = shape[:2]
    context.pix_fmt = encoding.pixels(encoding.depth(clip.depth))
    context.framerate, context.time_base = clip.rate, 1 / clip.rate
    context.sample_aspect_ratio = clip.aspect
    if not av.VideoFormat(context.pix_fmt).is_rgb:
        context.colorspace, context.color_range = clip.color.matrix, clip.color.range
    context.color_primaries, context.color_trc = clip.color.primaries, clip.color.transfer
    if encoding.codec.encoder == "libsvtav1":
        with ordinary_priority():
            context.open(strict=False)
    return stream
