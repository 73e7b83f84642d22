"""Converts the numbers of a decoded file to sRGB and alpha, for all decoders, for whole pictures and strips."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from brushwork.images import colorimetry, profiles
from brushwork.images.colorimetry import Colorimetry
from brushwork.images.levels import quantise

Stored: TypeAlias = NDArray[Any]  # numbers as stored in the file, (h, w, C)
Pixels: TypeAlias = NDArray[np.float32]  # sRGB and optionally alpha, (h, w, 3 or 4) in [0, 1]

# As one of 255 levels nearly black; as linear light four stops above white.
BRIGHTEST_LIGHT = 16
# Resampling leaves numbers up to so many times the largest beside edges.
OVERSHOOT = 1.1
# Fraction of negative numbers in a picture of signed integers that may be noise around black.
NOISE = 0.01
CHANNELS = {"grey": 1, "rgb": 3, "cmyk": 4, "lab": 3}


@dataclass(frozen=True)
class ColorEncoding:
    """Meaning of the numbers of a decoded picture.

    Attributes:
        model: A key of `CHANNELS`.
        profile: ICC profile; None if it is equivalent to sRGB.
        colorimetry: Colour space if there is no profile; None for sRGB.
        top: Number that represents 1; None for the largest of an integer type.
        bottom: Number that means 0.
        alpha_top: Number that represents 1 in alpha.
        hdr: Whether the numbers are linear light that exceeds white.
        ycbcr: Whether the three channels are 8-bit YCbCr, which is converted to RGB first.
        alpha: Place of alpha, not premultiplied, among the channels behind the colours; None if these are dropped.
    """

    model: str = "rgb"
    profile: bytes | None = None
    colorimetry: Colorimetry | None = None
    top: float | None = None
    bottom: float = 0.0
    alpha_top: float | None = None
    hdr: bool = False
    ycbcr: bool = False
    alpha: int | None = 0

    @property
    def channels(self) -> int:
        """Number of colour channels."""
        return CHANNELS[self.model]

    def has_alpha(self, channels: int) -> bool:
        """Return whether a picture with this many channels has alpha."""
        return self.alpha is not None and channels > self.channels + self.alpha

    def split(self, stored: Stored) -> tuple[Stored, Stored | None]:
        """Return the colours (h, w, C) of stored numbers, and alpha (h, w, 1) if there is any."""
        colour = stored[..., : self.channels]
        if not self.has_alpha(stored.shape[2]):
            return colour, None
        place = self.channels + (self.alpha or 0)
        return colour, stored[..., place : place + 1]

    @property
    def plain(self) -> bool:
        """Whether the numbers are already sRGB."""
        return self.model in ("grey", "rgb") and not (self.profile or self.colorimetry or self.hdr or self.ycbcr)

    @property
    def notice(self) -> str | None:
        """What the user should know about the conversion."""
        if self.hdr or (self.colorimetry and self.colorimetry.hdr):
            return "its high dynamic range is tone-mapped"
        if self.bottom < 0:
            return f"it has negative numbers; {self.bottom:g} is taken as black and {self.top:g} as white"
        return None


def measured_integers(encoding: ColorEncoding, strips: Iterable[Stored]) -> ColorEncoding:
    """Complete the encoding of a picture of signed integers by the range of the numbers in all its strips (h, w, C).

    Where hardly any is negative, 0 is black and the largest of the type is white. Else black is the least of the type
    if the picture goes down to half of it, as where 0 is grey; of other pictures, such as heights and X-rays, the
    least and the largest number are black and white.
    """
    least = largest = low = negative = count = 0
    high = np.iinfo(np.int64).min
    for stored in strips:
        colour = stored[..., : encoding.channels]
        least, largest = np.iinfo(stored.dtype).min, np.iinfo(stored.dtype).max
        low, high = min(low, int(colour.min())), max(high, int(colour.max()))
        negative += int(np.count_nonzero(colour < 0))
        count += colour.size
    if negative <= NOISE * count:
        return encoding
    if low > least // 2:
        return replace(encoding, bottom=float(low), top=float(max(high, low + 1)))
    return replace(encoding, bottom=float(least), top=float(largest))


def measured(encoding: ColorEncoding, strips: Iterable[Stored]) -> ColorEncoding:
    """Complete the encoding of a floating-point picture with the range of the numbers in all its strips (h, w, C).

    Numbers up to 1, or a little above, are used unchanged. If most are above 1, they are levels up to 255 or 65,535. If
    few are above 1, or none would be visible as a level, the picture has a high dynamic range.
    """
    top = alpha_top = 0.0
    above = positive = 0
    for stored in strips:
        colour, alpha = encoding.split(stored)
        colour = _finite(colour)
        top = max(top, float(colour.max(initial=0)))
        alpha_top = alpha_top if alpha is None else max(alpha_top, float(_finite(alpha).max(initial=0)))
        above += int(np.count_nonzero(colour > 1))
        positive += int(np.count_nonzero(colour > 0))
    levels = top > BRIGHTEST_LIGHT and above * 2 > positive
    return replace(
        encoding,
        top=_levels(top) if levels else 1.0,
        alpha_top=_levels(alpha_top),
        hdr=encoding.model != "lab" and top > OVERSHOOT and not levels,
    )


def _finite(stored: Stored) -> Stored:
    """Return numbers with 0 for infinity and NaN, which say nothing about the range of a picture."""
    return np.where(np.isfinite(stored), stored, 0)


def _levels(top: float) -> float:
    """Return the number that represents 1 in numbers from 0 to `top`, which resampling may have raised."""
    return next((float(count) for count in (1, 255, 65535) if top <= count * OVERSHOOT), top)


def convert(stored: Stored, encoding: ColorEncoding) -> Pixels:
    """Convert stored numbers (h, w, C) to sRGB and alpha, (h, w, 3) or (h, w, 4) in [0, 1].

    Other channels are dropped; numbers below 0 and NaN become 0. CMYK without a profile is converted by
    (1 - C)(1 - K). Pixels are converted independently, so strips equal the whole.
    """
    colours, alpha = encoding.split(stored)
    colour = _colour(colours, encoding)
    return colour if alpha is None else np.concatenate([colour, _unit(alpha, encoding.alpha_top)], axis=2)


def _colour(stored: Stored, encoding: ColorEncoding) -> Pixels:
    """Convert the colour channels (h, w, C) to sRGB (h, w, 3)."""
    if encoding.model == "lab":
        return colorimetry.lab_to_srgb(np.nan_to_num(stored))
    if encoding.ycbcr:
        stored = colorimetry.ycbcr_to_rgb(stored)
    if encoding.hdr:
        linear = np.maximum(np.nan_to_num(stored.astype(np.float32), posinf=65504), 0)  # the largest half float
        mapped = colorimetry.tone_map(_three(linear))
        return _under_profile(mapped, encoding) if encoding.profile else colorimetry.encode(mapped)
    if encoding.profile:
        return _under_profile(stored, encoding)
    values = _unit(stored, encoding.top, encoding.bottom)
    if encoding.model == "cmyk":
        return (1 - values[..., :3]) * (1 - values[..., 3:])
    return encoding.colorimetry.to_srgb(_three(values)) if encoding.colorimetry else _three(values)


def _under_profile(stored: Stored, encoding: ColorEncoding) -> Pixels:
    """Convert pixels with a profile, in 8 bits if they have no more, else in 16."""
    assert encoding.profile is not None
    channels = profiles.fitting(encoding.profile, encoding.channels)
    if stored.dtype not in (np.uint8, np.uint16):
        stored = quantise(_unit(stored, encoding.top, encoding.bottom), 16)
    stored = _three(stored) if channels == 3 else stored
    return _unit(profiles.to_srgb(np.ascontiguousarray(stored), encoding.profile), None)


def _three(values: NDArray[Any]) -> NDArray[Any]:
    """Repeat grey (h, w, 1) three times."""
    return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values


def _unit(stored: Stored, top: float | None, bottom: float = 0.0) -> Pixels:
    """Scale stored numbers from `bottom` to `top`, which for integers is the largest of their type, to [0, 1]."""
    if top is None and np.issubdtype(stored.dtype, np.integer):
        top = float(np.iinfo(stored.dtype).max)
    if bottom:
        scaled = ((stored - np.float64(bottom)) / ((top or 1) - bottom)).astype(np.float32)
    elif np.issubdtype(stored.dtype, np.integer):
        scaled = np.divide(stored, np.float32(top), dtype=np.float32)
        if np.issubdtype(stored.dtype, np.unsignedinteger):
            return scaled
    else:
        scaled = np.nan_to_num(stored.astype(np.float32) / np.float32(top or 1))
    clipped: Pixels = np.clip(scaled, 0, 1, out=scaled)
    return clipped
