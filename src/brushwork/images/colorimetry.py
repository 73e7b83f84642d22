"""Converts colour spaces that are specified by numbers instead of an ICC profile to sRGB.

PNG specifies them in gAMA, cHRM and cICP, AVIF and HEIF in nclx, cameras in EXIF.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.float32]
Matrix: TypeAlias = NDArray[np.float64]
# Chromaticities x, y of white, red, green and blue, in the order of PNG's cHRM.
Chromaticities: TypeAlias = tuple[float, float, float, float, float, float, float, float]

_D65 = (0.3127, 0.3290)
BT709: Chromaticities = (*_D65, 0.640, 0.330, 0.300, 0.600, 0.150, 0.060)
ADOBE: Chromaticities = (*_D65, 0.640, 0.330, 0.210, 0.710, 0.150, 0.060)
# Codes of ITU-T H.273, table 2, without those that are unspecified or not in use today.
PRIMARIES: dict[int, Chromaticities] = {
    1: BT709,
    4: (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*_D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
# Exponents for codes of ITU-T H.273, table 3. Camera curves (1, 6, 14, 15) are treated as sRGB, as browsers do: they
# describe how light was recorded, while such pictures are viewed on sRGB screens.
GAMMAS: dict[int, float] = {4: 2.2, 5: 2.8, 8: 1.0}
PQ, HLG = 16, 18
# Luminance in cd/m2 of diffuse white in a picture of high dynamic range: ITU-R BT.2408, section 2.2.
WHITE = 203.0
# Linear light above which tone mapping compresses; darker pixels are unchanged.
_KNEE = 0.75

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@dataclass(frozen=True)
class Colorimetry:
    """A colour space specified by primaries and a transfer function.

    Attributes:
        chromaticities: x, y of white, red, green and blue.
        gamma: Exponent from stored values to linear light; None for the sRGB curve or that of `code`.
        code: Code of ITU-T H.273 for PQ or HLG, which have a high dynamic range; else 0.
    """

    chromaticities: Chromaticities = BT709
    gamma: float | None = None
    code: int = 0

    @property
    def is_srgb(self) -> bool:
        """Whether it is sRGB or close to it, such as PNG's gAMA of 1/2.2."""
        near = np.allclose(self.chromaticities, BT709, rtol=0, atol=0.002)
        return bool(near) and not self.code and (self.gamma is None or abs(self.gamma - 2.2) < 0.02)

    @property
    def hdr(self) -> bool:
        """Whether its values can exceed diffuse white."""
        return self.code in (PQ, HLG)

    def to_srgb(self, image: Image) -> Image:
        """Convert an image (h, w, 3) in [0, 1] to sRGB in [0, 1]; values above white are tone-mapped."""
        linear = self._linear(image)
        if self.hdr:
            linear = tone_map(linear)
        if not np.allclose(self.chromaticities, BT709, rtol=0, atol=0.002):
            linear = linear @ _to_bt709(self.chromaticities).T.astype(np.float32)
        return encode(linear)

    def _linear(self, image: Image) -> Image:
        """Return linear light relative to diffuse white."""
        if self.code == PQ:
            return _pq(image)
        if self.code == HLG:
            return _hlg(image)
        return decode(image) if self.gamma is None else image ** np.float32(self.gamma)


def by_codes(primaries: int, transfer: int) -> Colorimetry | None:
    """Return the colour space of two codes of ITU-T H.273 (cICP, nclx); None if they are unspecified."""
    if primaries not in PRIMARIES and transfer not in (PQ, HLG, *GAMMAS):
        return None
    code = transfer if transfer in (PQ, HLG) else 0
    return Colorimetry(PRIMARIES.get(primaries, BT709), GAMMAS.get(transfer), code)


def decode(image: Image) -> Image:
    """Convert sRGB to linear light (IEC 61966-2-1)."""
    curve = ((image + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(image <= 0.04045, image / np.float32(12.92), curve)


def encode(linear: Image) -> Image:
    """Convert linear light to sRGB clipped to [0, 1] (IEC 61966-2-1)."""
    linear = np.clip(linear, 0, 1).astype(np.float32, copy=False)
    curve = np.float32(1.055) * linear ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.where(linear <= 0.0031308, linear * np.float32(12.92), curve)


def tone_map(linear: Image) -> Image:
    """Compress linear light (h, w, 3) of any range into [0, 1] and preserve hues.

    Values below the knee are unchanged. Above it, the largest channel approaches 1 along a hyperbola with slope 1 at
    the knee, so the maximum need not be known and nothing is clipped. The other channels are scaled in proportion.
    """
    top = np.max(linear, axis=2, keepdims=True)
    over, room = np.maximum(top - _KNEE, 0), 1 - _KNEE
    mapped = np.where(top > _KNEE, _KNEE + room * over / (over + room), top)
    return np.asarray(linear * (mapped / np.maximum(top, 1e-6)), np.float32)


def lab_to_srgb(lab: Image) -> Image:
    """Convert CIELAB (h, w, 3) with lightness 0 to 100 and white D65 to sRGB (CIE 15:2004, section 8.2.1)."""
    lightness, a, b = (lab[..., channel].astype(np.float64) for channel in range(3))
    y = (lightness + 16) / 116
    roots = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    ratios = np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29))
    matrix = np.linalg.inv(_to_xyz(BT709)) * _white(BT709)
    return encode((ratios @ matrix.T).astype(np.float32))


def ycbcr_to_rgb(stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert YCbCr (h, w, 3) to RGB (TIFF 6.0, section 21; ITU-R BT.601)."""
    luma, blue, red = (stored[..., channel].astype(np.float32) for channel in range(3))
    blue, red = blue - 128, red - 128
    green = luma - np.float32(0.344136) * blue - np.float32(0.714136) * red
    colours = np.stack([luma + np.float32(1.402) * red, green, luma + np.float32(1.772) * blue], axis=-1)
    rgb: NDArray[np.uint8] = np.clip(np.rint(colours), 0, 255).astype(np.uint8)
    return rgb


def _pq(image: Image) -> Image:
    """Convert PQ to linear light (SMPTE ST 2084, equation 4.1)."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = image.astype(np.float64) ** (1 / m2)
    light = (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    return np.asarray(light * (10_000 / WHITE), np.float32)


def _hlg(image: Image) -> Image:
    """Convert HLG to linear light on a screen of 1,000 cd/m2 (ITU-R BT.2100, table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    values = image.astype(np.float64)
    scene = np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593])
    light = scene * np.maximum(luminance, 1e-9)[..., None] ** 0.2
    return np.asarray(light * (1000 / WHITE), np.float32)


def _white(chromaticities: Chromaticities) -> Matrix:
    """Return X, Y, Z of the white point with Y = 1."""
    x, y = chromaticities[:2]
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _to_xyz(chromaticities: Chromaticities) -> Matrix:
    """Return the matrix (3, 3) from linear light of the primaries to X, Y, Z (SMPTE RP 177)."""
    points = np.reshape(chromaticities[2:], (3, 2))
    primaries = np.stack([points[:, 0], points[:, 1], 1 - points.sum(axis=1)])  # one column for each primary
    scaled: Matrix = primaries * np.linalg.solve(primaries, _white(chromaticities))
    return scaled


def _to_bt709(chromaticities: Chromaticities) -> Matrix:
    """Return the matrix (3, 3) to linear light of BT.709, with Bradford adaptation of the white point."""
    cones = _BRADFORD @ _white(BT709) / (_BRADFORD @ _white(chromaticities))
    adapted = np.linalg.inv(_BRADFORD) @ (cones[:, None] * _BRADFORD)
    matrix: Matrix = np.linalg.inv(_to_xyz(BT709)) @ adapted @ _to_xyz(chromaticities)
    return matrix
