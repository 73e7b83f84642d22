"""Decides before rendering how each stream of a clip is written to the file.

===================  ======================  ==================  =================================
stream               copied if               otherwise becomes   left out, with a notice
===================  ======================  ==================  =================================
sound                the container takes it; AAC (.mp4 .mov),    only if it cannot be decoded
                     PCM not in .mp4, where  FLAC (.mkv),
                     few programs play it    Opus (.webm)
text subtitles       the container takes it  mov_text, SubRip,   only if they cannot be decoded
                                             WebVTT
cover pictures       the container takes it  an attachment       otherwise
                                             (.mkv)
picture subtitles,   the container takes it  -                   otherwise
other video, data,
attachments
===================  ======================  ==================  =================================

Whether a container takes a stream is tried, not looked up: its header and first packets are written to memory.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any, Literal

import av
from av.codec.codec import Properties
from av.error import FFmpegError
from av.stream import Disposition

from brushwork.errors import UserError
from brushwork.video.reading.source import open_source, read_packets, readable
from brushwork.video.writing.codecs import Encoding
from brushwork.video.writing.conversion import layout_for

SOUND = {"mp4": "aac", "mov": "aac", "matroska": "flac", "webm": "libopus"}
TEXT = {"mp4": "mov_text", "mov": "mov_text", "matroska": "subrip", "webm": "webvtt"}
WORDS = {"audio": "sound", "subtitle": "subtitles", "video": "video", "data": "data", "attachment": "attachment"}
# Packets at the start of a clip that are examined, and packets of each stream that are written in the trial.
EXAMINED, TRIED = 500, 3
# Codecs of sound that a container takes but few programs play in it; names and types of covers attached to Matroska.
HOLD_ATTACHMENTS = ("matroska",)
RARELY_PLAYED: Mapping[str, tuple[str, ...]] = {"mp4": ("pcm_",)}
COVERS = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}
REFUSALS = (FFmpegError, ValueError)  # raised by PyAV and FFmpeg if a container does not take a stream


@dataclass(frozen=True)
class StreamPlan:
    """How one stream of a clip is written.

    Attributes:
        index: Its index in the clip.
        action: Whether its packets are copied or converted, its picture is attached, or it is left out.
        encoder: FFmpeg's name of the codec it is converted to.
        note: Notice for the user; empty if there is none.
    """

    index: int
    action: Literal["copy", "convert", "attach", "drop"]
    encoder: str = ""
    note: str = ""


def plan_streams(name: str, main: int, encoding: Encoding, *, sound: bool) -> list[StreamPlan]:
    """Return how each stream of a clip except the rendered one is written.

    Args:
        name: The clip.
        main: Index of the stream that is rendered.
        encoding: How the file is written.
        sound: Whether sound is kept.

    Raises:
        UserError: If the clip cannot be read.
    """
    plans = []
    with readable(name), open_source(name) as container:
        for stream in container.streams:
            if stream.index != main and (sound or stream.type != "audio"):
                plans.append(_plan(name, stream, encoding.container))
    return plans


def _plan(name: str, stream: Any, container: str) -> StreamPlan:
    label = f"stream {stream.index} ({codec_name(stream)} {WORDS.get(stream.type, stream.type)})"
    if container == "matroska" and stream.disposition & Disposition.attached_pic and codec_name(stream) in COVERS:
        return StreamPlan(stream.index, "attach")
    if _takes(container, name, stream.index):
        return StreamPlan(stream.index, "copy")
    encoder = _conversion(stream, container)
    if encoder and _decodes(name, stream.index) and (stream.type != "audio" or layout_for(stream, encoder)):
        reason = (
            f"few programs play it in {container}"
            if _rarely_played(stream, container)
            else f"{container} cannot hold it"
        )
        return StreamPlan(stream.index, "convert", encoder, f"{label} becomes {encoder}: {reason}")
    if _is_chapter_track(stream) or (stream.type == "data" and "timecode" in stream.metadata):
        return StreamPlan(stream.index, "drop")  # rewritten from the chapters, and from the time code of the video
    hint = "" if container == "matroska" else "; .mkv holds most"
    return StreamPlan(stream.index, "drop", note=f"{label} is left out: {container} cannot hold it{hint}")


def codec_name(stream: Any) -> str:
    """Return FFmpeg's name of a stream's codec."""
    return str(stream.codec_context.codec.canonical_name) if stream.codec_context is not None else "unknown"


def _rarely_played(stream: Any, container: str) -> bool:
    return codec_name(stream).startswith(RARELY_PLAYED.get(container, ()))


def _conversion(stream: Any, container: str) -> str | None:
    if stream.type == "audio":
        return SOUND[container]
    is_text = stream.type == "subtitle" and stream.codec_context.codec.properties & Properties.TEXT_SUB.value
    return TEXT[container] if is_text else None


def _is_chapter_track(stream: Any) -> bool:
    """Return whether this is the data stream in which MP4 and MOV keep the titles of their chapters."""
    return stream.type == "data" and bool(0 < stream.frames == len(stream.container.chapters()))


def _takes(container: str, name: str, index: int) -> bool:
    """Return whether a container takes a stream of a file and still has it when it is read, by trying."""
    with open_source(name) as source:
        stream = source.streams[index]
        if _rarely_played(stream, container):
            return False
        if stream.type == "attachment":
            return container in HOLD_ATTACHMENTS  # others leave them out without a word
        try:
            written, file = _write_start(container, [stream])
            if not written[index]:
                return True  # nothing of it at the start, where it is tried
            with av.open(file) as read:
                return any(each.type == stream.type for each in read.streams)
        except REFUSALS:
            return False


def _write_start(container: str, streams: Sequence[Any]) -> tuple[Counter[int], BytesIO]:
    """Write a file's header and the first packets of some streams to memory; return how many, and the file."""
    written, file = Counter[int](), BytesIO()
    with av.open(file, "w", format=container) as out:
        copies = {}
        for stream in streams:
            copies[stream.index] = copy = out.add_stream_from_template(stream, opaque=True)
            copy.disposition = stream.disposition
        out.start_encoding()
        for packet in islice(read_packets(streams[0].container), EXAMINED):
            index = packet.stream.index
            if packet.size and index in copies and written[index] < TRIED:
                packet.pts = packet.dts = written[index] * 1000  # the trial does not depend on the true times
                packet.stream = copies[index]
                out.mux(packet)
                written[index] += 1
    file.seek(0)
    return written, file


def _decodes(name: str, index: int) -> bool:
    """Return whether a stream can be decoded; assumed of subtitles, the first of which may be far from the start."""
    with open_source(name) as source:
        if source.streams[index].type == "subtitle":
            return True
        found = (packet for packet in islice(read_packets(source), EXAMINED) if packet.stream.index == index)
        try:
            return any(packet.decode() for packet in found if packet.size)
        except FFmpegError:
            return False


def check_together(name: str, plans: Sequence[StreamPlan], encoding: Encoding) -> None:
    """Raise `UserError` unless the container takes all copied streams of a clip at once."""
    copied = [plan.index for plan in plans if plan.action == "copy"]
    if not copied:
        return
    with readable(name), open_source(name) as source:
        try:
            _write_start(encoding.container, [source.streams[index] for index in copied])
        except REFUSALS as error:
            raise UserError(f"{encoding.container} cannot hold the streams of {name} together: {error}") from None
