"""Pixels of video frames: from FFmpeg's formats to arrays, upright, and back, with the colours a clip says it has."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import av
import numpy as np
from av.video.reformatter import ColorRange, Interpolation
from numpy.typing import NDArray

from brushwork.images import Image

Pixels: TypeAlias = NDArray[Any]  # (H, W, 3), uint8 or uint16, full range

# ITU-T H.273, table 4: the matrices in use, and "not said".
BT709, BT601, UNSPECIFIED = 1, 6, 2
# Without these two flags FFmpeg's colours come out 1 to 2 levels of 255 too dark, and up to 45 off at edges.
EXACT = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
HD = 720  # where nothing is said, players take BT.709 from this height on and BT.601 below


@dataclass(frozen=True)
class ColorInfo:
    """What a clip says of its colours, as numbers of ITU-T H.273 (2: not said; range 1: limited, 2: full)."""

    matrix: int = UNSPECIFIED
    range: int = 0
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED

    def effective(self, height: int) -> tuple[int, int]:
        """Matrix and range by which a player of a clip of this height converts."""
        guess = BT709 if height >= HD else BT601
        known = self.matrix not in (0, UNSPECIFIED, 3)
        full = self.range == ColorRange.JPEG.value
        return (self.matrix if known else guess), (ColorRange.JPEG if full else ColorRange.MPEG).value


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """One decoded frame: pixels (H, W, 3), and when it is shown, in ticks of the clip's time base."""

    pixels: Pixels
    pts: int
    duration: int


def decode(frame: av.VideoFrame, color: ColorInfo, size: tuple[int, int], rotation: int) -> Pixels:
    """The pixels of FFmpeg's frame, scaled to (height, width) as it is stored, then turned upright."""
    height, width = size
    deep = frame.format.components[0].bits > 8
    matrix, shown = color.effective(frame.height)
    is_rgb = frame.format.is_rgb
    converted = frame.reformat(
        width, height, "rgb48le" if deep else "rgb24",
        src_colorspace=matrix, dst_colorspace=matrix, interpolation=Interpolation.LANCZOS | EXACT,
        src_color_range=ColorRange.JPEG if is_rgb else shown, dst_color_range=ColorRange.JPEG,
    )  # fmt: skip
    return np.ascontiguousarray(np.rot90(converted.to_ndarray(), rotation // 90))


def encode(pixels: Pixels, color: ColorInfo, form: str) -> av.VideoFrame:
    """FFmpeg's frame, in a pixel format, of pixels (H, W, 3)."""
    deep = pixels.dtype == np.uint16
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb48le" if deep else "rgb24")
    matrix, shown = color.effective(frame.height)
    is_rgb = av.VideoFormat(form).is_rgb
    stored = frame.reformat(
        format=form, src_colorspace=matrix, dst_colorspace=matrix, interpolation=Interpolation.BICUBIC | EXACT,
        src_color_range=ColorRange.JPEG, dst_color_range=ColorRange.JPEG if is_rgb else shown,
    )  # fmt: skip
    stored.colorspace, stored.color_range = (0, 2) if is_rgb else (color.matrix, color.range)
    stored.color_primaries, stored.color_trc = color.primaries, color.transfer
    return stored


def as_image(pixels: Pixels) -> Image:
    """The image, float32 (H, W, 3) in [0, 1], of pixels (H, W, 3)."""
    image: Image = np.divide(pixels, np.float32(np.iinfo(pixels.dtype).max), dtype=np.float32)
    return image


def quantise(image: Image, depth: int) -> Pixels:
    """An image (H, W, 3) in [0, 1] as uint8, or uint16 where the depth is above 8 bits."""
    top, dtype = (65535, np.uint16) if depth > 8 else (255, np.uint8)
    scaled = image * np.float32(top)
    scaled += np.float32(0.5)
    return np.clip(scaled, 0, top, out=scaled).astype(dtype)


def seconds(ticks: int, time_base: Fraction) -> float:
    """Ticks of a time base in seconds."""
    return float(ticks * time_base)
