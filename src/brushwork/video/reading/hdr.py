"""Converts HDR pixels (PQ and HLG, ITU-R BT.2100) to SDR, which the networks were trained on, and back.

Tone mapping is the EETF of ITU-R BT.2390-11, section 5.4.1: highlights above the diffuse white of 203 cd/m2 (BT.2408)
are compressed by a Hermite spline in the PQ domain. It is applied to the largest of R, G and B to preserve hues.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from brushwork.images import Image
from brushwork.video.reading.frames import BT709, HLG, LIMITED, PQ, ColorInfo, Pixels
from brushwork.video.reading.light_levels import LightLevels

Array: TypeAlias = NDArray[np.float32]

BT2020 = 9  # primaries, and the matrix without constant luminance
PQ_TOP = 10_000.0  # cd/m2 of the largest PQ code
WHITE = 203.0  # cd/m2 that become SDR white
HLG_PEAK, HLG_GAMMA = 1000.0, 1.2  # nominal display of BT.2100, table 5
SDR_GAMMA = 2.4  # ITU-R BT.1886
STEPS = 4096  # samples of the tone curve
TOP = 65535  # largest 16-bit code
SDR = ColorInfo(BT709, LIMITED, BT709, BT709)  # the numbers of BT.709 are 1 in all of H.273's tables
# BT.2087: linear RGB of BT.2020 to that of BT.709.
TO_BT709 = np.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]], np.float32
)
TO_BT2020 = np.linalg.inv(TO_BT709).astype(np.float32)
LUMA = np.array([0.2627, 0.6780, 0.0593], np.float32)  # of BT.2020
LUMA_BT709 = np.array([0.2126, 0.7152, 0.0722], np.float32)
M1, M2, C1, C2, C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128  # BT.2100, table 4
A, B, C = 0.17883277, 0.28466892, 0.55991073  # BT.2100, table 5


def pq_to_light(code: Any) -> Any:
    """Return the light in cd/m2 of PQ codes in [0, 1]."""
    power = np.power(np.asarray(code, np.float64), 1 / M2)
    return 10_000 * np.power(np.maximum(power - C1, 0) / (C2 - C3 * power), 1 / M1)


def light_to_pq(light: Any) -> Any:
    """Return the PQ codes in [0, 1] of light in cd/m2."""
    power = np.power(np.clip(np.asarray(light, np.float64) / 10_000, 0, 1), M1)
    return np.power((C1 + C2 * power) / (1 + C3 * power), M2)


def hlg_to_scene(code: Any) -> Any:
    """Return the scene light in [0, 1] of HLG codes in [0, 1]."""
    codes = np.asarray(code, np.float64)
    return np.where(codes <= 0.5, codes**2 / 3, (np.exp((np.maximum(codes, 0.5) - C) / A) + B) / 12)


def scene_to_hlg(scene: Any) -> Any:
    """Return the HLG codes in [0, 1] of scene light in [0, 1]."""
    light = np.asarray(scene, np.float64)
    return np.where(light <= 1 / 12, np.sqrt(3 * light), A * np.log(np.maximum(12 * light - B, 1e-9)) + C)


def tone_curve(light: Any, peak: float) -> Any:
    """Map light in cd/m2 from [0, peak] to [0, WHITE] by the EETF of BT.2390."""
    if peak <= WHITE:
        return np.asarray(light, np.float64)
    top = light_to_pq(peak)
    codes = np.clip(light_to_pq(light) / top, 0, 1)
    white = light_to_pq(WHITE) / top
    knee = 1.5 * white - 0.5
    t = np.clip((codes - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * white
    return pq_to_light(np.where(codes < knee, codes, spline) * top)


def into_gamut(light: Array) -> Array:
    """Return linear light (H, W, 3) of BT.709 with no channel below 0 or above 1.

    Colours outside are mixed with the grey of their own luminance, so that their hue and luminance stay; cut off
    channel by channel, a laser's green would turn to another hue, and its shading would be lost.
    """
    least, most = light.min(axis=-1), light.max(axis=-1)
    outside = (least < 0) | (most > 1)
    if not outside.any():
        return light
    colors, least, most = light[outside], least[outside], most[outside]
    grey = np.clip(colors @ LUMA_BT709, 0, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.where(least < 0, grey / (grey - least), 1)
        above = np.where(most > 1, (1 - grey) / (most - grey), 1)
    mixed = grey[:, None] + np.minimum(below, above)[:, None] * (colors - grey[:, None])
    inside = light.copy()
    inside[outside] = mixed
    return inside


@dataclass(frozen=True)
class ToneMap:
    """Maps the pixels of one clip to SDR and back.

    Attributes:
        transfer: PQ or HLG.
        peak: Brightest light of the clip in cd/m2.
        wide: Whether it has the primaries of BT.2020.
    """

    transfer: int
    peak: float
    wide: bool

    def to_sdr(self, pixels: Pixels) -> Pixels:
        """Return HDR pixels (H, W, 3), uint16, as SDR ones with the primaries of BT.709."""
        light = self._light[pixels]
        if self.transfer == HLG:
            luminance = np.maximum(light @ (LUMA * np.float32(PQ_TOP / HLG_PEAK)), 1e-6)
            light *= (luminance ** np.float32(HLG_GAMMA - 1))[..., None]
        light *= self._gains[_place(light.max(axis=-1))][..., None]
        if self.wide:
            light = into_gamut(light @ TO_BT709.T)
        np.clip(light, 0, 1, out=light)
        sdr: Pixels = _SDR_CODES[np.rint(np.sqrt(light) * np.float32(TOP)).astype(np.uint16)]
        return sdr

    def to_hdr(self, image: Image) -> Image:
        """Return an SDR image (H, W, 3) in [0, 1] as HDR codes in [0, 1]: the inverse within the gamut of BT.709."""
        light = np.power(np.clip(image, 0, 1), np.float32(SDR_GAMMA))
        if self.wide:
            light = np.maximum(light @ TO_BT2020.T, 0)
        mapped, original = self._curve
        brightest = np.maximum(light.max(axis=-1), np.float32(1e-9))
        restored = np.interp(brightest * np.float32(WHITE / PQ_TOP), mapped / PQ_TOP, original / PQ_TOP)
        light *= (restored / brightest)[..., None].astype(np.float32)
        if self.transfer == PQ:
            return np.asarray(_PQ_CODES[_place(light)])
        light *= np.float32(PQ_TOP / HLG_PEAK)
        luminance = np.maximum(light @ LUMA, 1e-6)
        scene = light * (luminance ** np.float32((1 - HLG_GAMMA) / HLG_GAMMA))[..., None]
        return np.asarray(np.clip(scene_to_hlg(scene), 0, 1), np.float32)

    @cached_property
    def _light(self) -> Array:
        """Light of each 16-bit code as a fraction of 10,000 cd/m2; for HLG with a gamma of 1."""
        codes = np.arange(TOP + 1) / TOP
        light = pq_to_light(codes) / PQ_TOP if self.transfer == PQ else hlg_to_scene(codes) * HLG_PEAK / PQ_TOP
        return np.asarray(light, np.float32)

    @cached_property
    def _curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mapped and original light in cd/m2, both ascending."""
        original = pq_to_light(np.linspace(0, light_to_pq(max(self.peak, WHITE)), STEPS))
        return np.asarray(tone_curve(original, self.peak)), np.asarray(original)

    @cached_property
    def _gains(self) -> Array:
        """Factors from light, as a fraction of 10,000 cd/m2, to linear SDR light, indexed by `_place`."""
        light = (np.arange(TOP + 1) / TOP) ** 4 * PQ_TOP
        mapped = np.minimum(tone_curve(np.minimum(light, max(self.peak, WHITE)), self.peak), WHITE)
        gains = np.divide(mapped, light, out=np.ones_like(mapped), where=light > 0)
        return np.asarray(gains * PQ_TOP / WHITE, np.float32)


def _place(light: Array) -> NDArray[np.uint16]:
    """Return the index of light, as a fraction of 10,000 cd/m2, in tables that are finer for dark light."""
    return np.rint(np.sqrt(np.sqrt(np.clip(light, 0, 1))) * np.float32(TOP)).astype(np.uint16)


# Codes of light by its square root and by `_place`.
_SDR_CODES = np.rint((np.arange(TOP + 1) / TOP) ** (2 / SDR_GAMMA) * TOP).astype(np.uint16)
_PQ_CODES = light_to_pq((np.arange(TOP + 1) / TOP) ** 4 * PQ_TOP).astype(np.float32)


@dataclass(frozen=True)
class HdrInfo:
    """The colours, tone map and light levels with which a tone-mapped clip is written as HDR again."""

    color: ColorInfo
    tone_map: ToneMap
    light: LightLevels

    @classmethod
    def of(cls, color: ColorInfo, frame: Any) -> "HdrInfo | None":
        """Return the HDR information of a clip with these colours and this first frame; None for SDR."""
        if not color.is_hdr:
            return None
        light = LightLevels.of(frame)
        peak = HLG_PEAK if color.transfer == HLG else min(max(light.peak or 1000.0, WHITE), 10_000.0)
        return cls(color, ToneMap(color.transfer, peak, color.primaries == BT2020), light)

    @property
    def note(self) -> str:
        """Notice for the user if HDR is not kept."""
        transfer = "PQ" if self.color.transfer == PQ else "HLG"
        return f"HDR ({transfer}, up to {self.tone_map.peak:.0f} cd/m2) is tone-mapped to SDR; --hdr keep keeps it"
