"""The video files that can be written: containers, codecs, and which goes into which."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from brushwork.errors import UserError, unknown


@dataclass(frozen=True)
class Codec:
    """A codec.

    Attributes:
        encoder: FFmpeg's name of what writes it.
        pixels, deep_pixels: FFmpeg's pixel formats for 8 bits a channel and for more.
        crf: Quality where none is given, less is better; None where there is no such choice.
        worst: The largest crf.
        options: What the encoder is told.
        even: Whether sides must be even.
    """

    encoder: str
    pixels: str
    deep_pixels: str
    crf: int | None = None
    worst: int = 0
    options: Mapping[str, str] | None = None
    even: bool = True


CODECS: Mapping[str, Codec] = {
    # On pastiches as good and as large as preset fast with crf 20, in less than half the time.
    "h264": Codec("libx264", "yuv420p", "yuv420p10le", 19, 51, {"preset": "veryfast"}),
    "h265": Codec("libx265", "yuv420p", "yuv420p10le", 24, 51, {"preset": "fast", "x265-params": "log-level=none"}),
    "vp9": Codec("libvpx-vp9", "yuv420p", "yuv420p10le", 28, 63, {"b": "0", "deadline": "good", "cpu-used": "4"}),
    "ffv1": Codec("ffv1", "bgr0", "gbrp16le", options={"level": "3", "slicecrc": "1"}, even=False),
    "prores": Codec("prores_ks", "yuv422p10le", "yuv422p10le", options={"profile": "3"}),
}
# Extension -> FFmpeg's name of the container and the codecs it holds, the usual one first.
CONTAINERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    ".mp4": ("mp4", ("h264", "h265", "vp9")),
    ".m4v": ("mp4", ("h264", "h265")),
    ".mov": ("mov", ("h264", "h265", "prores")),
    ".mkv": ("matroska", ("h264", "h265", "vp9", "ffv1", "prores")),
    ".webm": ("webm", ("vp9",)),
}
# What pieces of a file are written in before they are joined: a container that keeps times as exactly as the file will.
PIECES: Mapping[str, str] = {"mp4": "mp4", "mov": "mov", "matroska": "matroska", "webm": "matroska"}
ANIMATIONS = (".webp", ".gif", ".apng", ".avif")


@dataclass(frozen=True)
class Encoding:
    """How a video file is written; made by `choose`."""

    container: str
    codec: Codec
    crf: int | None

    @property
    def options(self) -> dict[str, str]:
        """What the encoder is told."""
        crf = {} if self.crf is None else {"crf": str(self.crf)}
        return {**(self.codec.options or {}), **crf}


def choose(target: Path, codec: str | None = None, crf: int | None = None) -> Encoding:
    """How a file of this name is written.

    Raises:
        UserError: If its extension or the codec is unknown, or the two or the quality do not go together.
    """
    suffix = target.suffix.lower()
    if suffix not in CONTAINERS:
        raise UserError(f"cannot write {target}: choose one of {', '.join((*CONTAINERS, *ANIMATIONS))}, or a folder")
    container, held = CONTAINERS[suffix]
    name = codec or held[0]
    if name not in CODECS:
        raise UserError(unknown("codec", name, CODECS))
    if name not in held:
        homes = [ending for ending, (_, codecs) in CONTAINERS.items() if name in codecs]
        raise UserError(f"{suffix} cannot hold {name}; name the file {target.with_suffix(homes[0]).name}")
    chosen = CODECS[name]
    if crf is not None and chosen.crf is None:
        raise UserError(f"{name} has no crf; leave out --crf")
    if crf is not None and not 0 <= crf <= chosen.worst:
        raise UserError(f"the crf is {crf}; {name} takes 0 (best) to {chosen.worst}")
    return Encoding(container, chosen, chosen.crf if crf is None else crf)
