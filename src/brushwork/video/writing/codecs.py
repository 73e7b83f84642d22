"""The containers and codecs of video files that can be written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import av
import cv2

from brushwork.errors import UserError, unknown
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.light_levels import ENCODERS as LIGHT_LEVELS


@dataclass(frozen=True)
class Codec:
    """A video codec.

    Attributes:
        encoder: FFmpeg's name of the encoder.
        pixels, deep_pixels: FFmpeg's pixel formats for 8 bits per channel and for more.
        alpha_pixels: FFmpeg's pixel formats with alpha, for 8 bits and for more; empty if it holds no alpha.
        crf: Default quality, lower is better; None if the codec has no such setting.
        worst: The largest crf.
        options: Options of the encoder.
        even: Whether sides must be even.
        holds_hdr: Whether players show HDR in it.
        tag: Its tag in MP4 and MOV files, where some players do not accept FFmpeg's choice.
    """

    encoder: str
    pixels: str
    deep_pixels: str
    alpha_pixels: tuple[str, str] | tuple[()] = ()
    crf: int | None = None
    worst: int = 0
    options: Mapping[str, str] | None = None
    even: bool = True
    holds_hdr: bool = True
    tag: str = ""


H265 = {"preset": "fast", "x265-params": "log-level=none"}
AV1 = {"preset": "8", "svtav1-params": "tune=0"}
VP9 = {"b": "0", "deadline": "good", "cpu-used": "4"}
FFV1 = {"level": "3", "slicecrc": "1"}
CODECS: Mapping[str, Codec] = {
    # On pastiches, the quality and the size of preset fast with crf 20 in less than half the time.
    "h264": Codec("libx264", "yuv420p", "yuv420p10le", (), 19, 51, {"preset": "veryfast"}, holds_hdr=False),
    "h265": Codec("libx265", "yuv420p", "yuv420p10le", (), 24, 51, H265, tag="hvc1"),
    "av1": Codec("libsvtav1", "yuv420p", "yuv420p10le", (), 30, 63, AV1),
    "vp9": Codec("libvpx-vp9", "yuv420p", "yuv420p10le", ("yuva420p",) * 2, 28, 63, VP9),
    "ffv1": Codec("ffv1", "bgr0", "gbrp16le", ("bgra", "gbrap16le"), options=FFV1, even=False, holds_hdr=False),
    "prores": Codec("prores_ks", "yuv422p10le", "yuv422p10le", ("yuva444p10le",) * 2, options={"profile": "3"}),
}
# Other names of the same codecs: of standards, encoders and FFmpeg.
ALIASES: Mapping[str, str] = {
    **dict.fromkeys(("avc", "avc1", "h.264", "x264", "libx264"), "h264"),
    **dict.fromkeys(("hevc", "hvc1", "hev1", "h.265", "x265", "libx265"), "h265"),
    **dict.fromkeys(("av01", "svtav1", "libsvtav1"), "av1"),
    **dict.fromkeys(("vp09", "libvpx-vp9"), "vp9"),
    **dict.fromkeys(("prores_ks", "apch"), "prores"),
}
# Extension -> FFmpeg's name of the container and the codecs it may hold, the default first.
CONTAINERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    ".mp4": ("mp4", ("h264", "h265", "av1", "vp9")),
    ".m4v": ("mp4", ("h264", "h265")),
    ".mov": ("mov", ("h264", "h265", "prores")),
    ".mkv": ("matroska", ("h264", "h265", "av1", "vp9", "ffv1", "prores")),
    ".webm": ("webm", ("vp9", "av1")),
}
# Container of a file -> container of its pieces: of the same kind, so that packets need no change when joined.
PIECES: Mapping[str, str] = {"mp4": "mp4", "mov": "mov", "matroska": "matroska", "webm": "matroska"}
OWN_PARAMETERS: Mapping[str, str] = {
    "libx264": "x264-params", "libx265": "x265-params", "libsvtav1": "svtav1-params",
}  # fmt: skip
AVX512 = 256  # OpenCV's CPU_AVX512_SKX, which its bindings do not name
ANIMATIONS = (".webp", ".gif", ".apng", ".avif")


@dataclass(frozen=True)
class Encoding:
    """How a video file is written."""

    container: str
    codec: Codec
    crf: int | None
    alpha: bool = False

    def options_with(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Return the options with further parameters in the encoder's own notation."""
        options = self.options
        name = OWN_PARAMETERS.get(self.codec.encoder)
        if parameters and name:
            given = [options[name]] if name in options else []
            options[name] = ":".join([*given, *(f"{key}={value}" for key, value in parameters.items())])
        return options

    @property
    def options(self) -> dict[str, str]:
        """Options of the encoder."""
        crf = {} if self.crf is None else {"crf": str(self.crf)}
        repeatable = {"x264-params": _repeatable_x264()} if self.codec.encoder == "libx264" else {}
        with_alpha = {"profile": "4"} if self.alpha and self.codec.encoder == "prores_ks" else {}
        return {**(self.codec.options or {}), **crf, **repeatable, **with_alpha}

    @property
    def holds_alpha(self) -> bool:
        """Whether transparency can be written; MP4 cannot hold the alpha of VP9."""
        return bool(self.codec.alpha_pixels) and self.container != "mp4"

    def depth(self, bits: int) -> int:
        """Return the bits per channel written for a clip with `bits` of them; 8 if the encoder supports no more."""
        return bits if self.codec.deep_pixels in _pixel_formats(self.codec.encoder) else 8

    def notes(self, clip: Clip) -> list[str]:
        """Return notices about depth and light levels of a clip that are lost, or that few players show."""
        found = []
        if clip.depth > 8 and self.codec.encoder == "libx264":
            found.append("10 bits per channel are written as H.264 High 10, which few players show; try --codec h265")
        if self.depth(clip.depth) < clip.depth:
            found.append(f"10 bits per channel become 8, the limit of this {self.codec.encoder}; h265 and av1 keep 10")
        if clip.keeps_hdr and clip.hdr and clip.hdr.light.known and self.codec.encoder not in LIGHT_LEVELS:
            found.append("the light levels of the mastering display are left out; h265 and av1 keep them")
        return found

    def pixels(self, depth: int) -> str:
        """Return FFmpeg's pixel format for a number of bits per channel."""
        if self.alpha and self.codec.alpha_pixels:
            return self.codec.alpha_pixels[depth > 8]
        return self.codec.deep_pixels if depth > 8 else self.codec.pixels


@cache
def _pixel_formats(encoder: str) -> tuple[str, ...]:
    """Return FFmpeg's pixel formats that an encoder takes; builds differ: PyAV's libvpx has 8 bits only."""
    return tuple(each.name for each in av.Codec(encoder, "w").video_formats or ())


def _repeatable_x264() -> str:
    """Return x264's parameters with which equal frames always give equal bytes, as resumed runs need.

    The threads of x264 read as much of each other's frames as is ready at that moment, and its AVX-512 code reads
    uninitialised memory. One thread encodes many times faster than frames are rendered.
    """
    has_avx512 = cv2.checkHardwareSupport(AVX512)
    return "threads=1:asm=avx2" if has_avx512 else "threads=1"


def canonical(codec: str) -> str:
    """Return the canonical name of a codec."""
    return ALIASES.get(codec.lower(), codec.lower())


def choose(target: Path, codec: str | None = None, crf: int | None = None, *, alpha: bool = False) -> Encoding:
    """Return how a file of this name is written; by default, a clip with alpha takes a codec that holds alpha.

    Raises:
        UserError: If its extension or the codec is unknown, or the container, codec and quality do not fit together.
    """
    suffix = target.suffix.lower()
    if suffix not in CONTAINERS:
        raise UserError(f"cannot write {target}: use one of {', '.join((*CONTAINERS, *ANIMATIONS))}, or a folder")
    container, held = CONTAINERS[suffix]
    transparent = [each for each in held if alpha and CODECS[each].alpha_pixels and container != "mp4"]
    name = canonical(codec or next(iter(transparent), held[0]))
    if name not in CODECS:
        raise UserError(unknown("codec", name, CODECS))
    if name not in held:
        fitting = [extension for extension, (_, codecs) in CONTAINERS.items() if name in codecs]
        raise UserError(f"{suffix} cannot hold {name}; name the file {target.with_suffix(fitting[0]).name}")
    chosen = CODECS[name]
    if crf is not None and chosen.crf is None:
        raise UserError(f"{name} has no crf; omit --crf")
    if crf is not None and not 0 <= crf <= chosen.worst:
        raise UserError(f"the crf is {crf}; for {name} it must be between 0 (best) and {chosen.worst}")
    encoding = Encoding(container, chosen, chosen.crf if crf is None else crf)
    return replace(encoding, alpha=alpha and encoding.holds_alpha)
