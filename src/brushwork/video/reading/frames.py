"""Converts video frames between FFmpeg's formats and arrays, upright and in the colours that the clip specifies."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import ColorRange, Interpolation
from numpy.typing import NDArray

from brushwork.images import Image

Pixels: TypeAlias = NDArray[Any]  # (H, W, 3), uint8 or uint16, full range

# ITU-T H.273, table 4: the matrices in use, identity, and unspecified.
RGB, BT709, UNSPECIFIED, RESERVED, BT601 = 0, 1, 2, 3, 6
PQ, HLG = 16, 18  # table 3: the transfer functions of HDR
LIMITED, FULL = ColorRange.MPEG.value, ColorRange.JPEG.value
# Without these two flags, FFmpeg's colours are 1 to 2 of 255 levels too dark, and wrong by up to 45 at edges.
EXACT = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
HD = 720  # if unspecified, players use BT.709 from this height and BT.601 below


@dataclass(frozen=True)
class ColorInfo:
    """Colour information of a clip, as numbers of ITU-T H.273 (2: unspecified; range 1: limited, 2: full)."""

    matrix: int = UNSPECIFIED
    range: int = 0
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED

    @classmethod
    def of(cls, codec: Any, frame: av.VideoFrame) -> "ColorInfo":
        """Return the colour information of a stream.

        An RGB stream has no matrix; if its pastiche needs one, it is the one used for the conversion.
        """
        info = cls(codec.colorspace, codec.color_range, codec.color_primaries, codec.color_trc)
        if not frame.format.is_rgb:
            return info
        return cls(cls().effective(frame.height)[0], LIMITED, info.primaries, info.transfer)

    @property
    def is_hdr(self) -> bool:
        """Whether the transfer function exceeds the range of SDR."""
        return self.transfer in (PQ, HLG)

    def effective(self, height: int) -> tuple[int, int]:
        """Return the matrix and range that players use for a clip of this height."""
        guess = BT709 if height >= HD else BT601
        known = self.matrix not in (RGB, UNSPECIFIED, RESERVED)
        return (self.matrix if known else guess), (FULL if self.range == FULL else LIMITED)


@dataclass(frozen=True)
class Orientation:
    """Display orientation of stored frames: first mirrored horizontally, then rotated counterclockwise by quarters."""

    mirrored: bool = False
    quarters: int = 0

    @classmethod
    def of(cls, frame: av.VideoFrame) -> "Orientation":
        """Read the display matrix of a frame, in multiples of 90 degrees (ISO/IEC 14496-12, 6.2.2)."""
        side_data: Any = frame.side_data
        data = next((bytes(each) for each in side_data if each.type == Type.DISPLAYMATRIX), None)
        if data is None:
            return cls()
        # x' = a x + c y, y' = b x + d y, in 16.16 fixed point with y pointing down.
        a, b, _, c, d = struct.unpack("<9i", data)[:5]
        mirrored = a * d - b * c < 0
        if mirrored:
            a, b = -a, -b
        return cls(mirrored, round(np.arctan2(-b, a) / (np.pi / 2)) % 4)

    @property
    def turned(self) -> bool:
        """Whether width and height are swapped."""
        return self.quarters % 2 == 1

    def apply(self, pixels: Pixels) -> Pixels:
        """Return the pixels (H, W, 3) in display orientation."""
        mirrored = pixels[:, ::-1] if self.mirrored else pixels
        return np.ascontiguousarray(np.rot90(mirrored, self.quarters))


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """A decoded frame: pixels (H, W, 3), display time in ticks of the clip's time base, and alpha (H, W)."""

    pixels: Pixels
    pts: int
    duration: int
    alpha: Pixels | None = None


def decode(frame: av.VideoFrame, color: ColorInfo, size: tuple[int, int], orientation: Orientation) -> Pixels:
    """Return the pixels of FFmpeg's frame, scaled to (height, width) in storage orientation and then oriented.

    The result is (H, W, 3), or (H, W, 4) if the frame has alpha.
    """
    height, width = size
    formats = ("rgba64le", "rgba") if has_alpha(frame) else ("rgb48le", "rgb24")
    deep = frame.format.components[0].bits > 8 or color.is_hdr
    matrix, stored = color.effective(frame.height)
    converted = frame.reformat(
        width, height, formats[0] if deep else formats[1],
        src_colorspace=matrix, dst_colorspace=matrix, interpolation=Interpolation.LANCZOS | EXACT,
        src_color_range=FULL if frame.format.is_rgb else stored, dst_color_range=FULL,
    )  # fmt: skip
    return orientation.apply(converted.to_ndarray())


def has_alpha(frame: av.VideoFrame) -> bool:
    """Return whether FFmpeg's frame has transparency."""
    return any(component.is_alpha for component in frame.format.components)


def encode(pixels: Pixels, color: ColorInfo, form: str) -> av.VideoFrame:
    """Return FFmpeg's frame with pixels (H, W, 3) or, with alpha, (H, W, 4), in one of FFmpeg's pixel formats."""
    formats = ("rgba64le", "rgba") if pixels.shape[2] == 4 else ("rgb48le", "rgb24")
    deep = pixels.dtype == np.uint16
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), formats[0] if deep else formats[1])
    matrix, stored = color.effective(frame.height)
    is_rgb = av.VideoFormat(form).is_rgb
    converted = frame.reformat(
        format=form, src_colorspace=matrix, dst_colorspace=matrix, interpolation=Interpolation.BICUBIC | EXACT,
        src_color_range=FULL, dst_color_range=FULL if is_rgb else stored,
    )  # fmt: skip
    converted.colorspace, converted.color_range = (RGB, FULL) if is_rgb else (color.matrix, color.range)
    converted.color_primaries, converted.color_trc = color.primaries, color.transfer
    return converted


def as_image(pixels: Pixels) -> Image:
    """Return the image, float32 (H, W, 3) in [0, 1], of pixels (H, W, 3)."""
    image: Image = np.divide(pixels, np.float32(np.iinfo(pixels.dtype).max), dtype=np.float32)
    return image


def seconds(ticks: int, time_base: Fraction) -> float:
    """Convert ticks of a time base to seconds."""
    return float(ticks * time_base)
