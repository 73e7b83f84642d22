"""ICC profiles: creates the sRGB profile of written files, and converts other profiles to sRGB."""

import struct
from functools import lru_cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageCms

_MOST_TAGS = 100
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}


@lru_cache
def srgb_profile() -> bytes:
    """Create the ICC profile for written files. Its date is fixed, so that equal pictures give equal files."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + profile[36:]


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Build the transform from `mode` with a profile to sRGB; None if the profile is damaged or does not fit `mode`."""
    try:
        source, target = (ImageCms.ImageCmsProfile(BytesIO(data)) for data in (profile, srgb_profile()))
        intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        return ImageCms.buildTransform(source, target, mode, "RGB", intent, flags)
    except (ImageCms.PyCMSError, OSError):
        return None


@lru_cache(maxsize=8)
def _is_srgb(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Return whether a profile is equivalent to sRGB: it changes no colour by more than one level.

    Skipping the conversion keeps pixels exact, where it would change them by a level.
    """
    if mode == "CMYK":
        return False
    levels = np.linspace(0, 255, 18 if mode == "RGB" else 256).astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(18, -1, 3) if mode == "RGB" else levels[None]
    probe = Pillow.fromarray(cube)
    moved = np.asarray(ImageCms.applyTransform(probe, transform), np.int16) - np.asarray(probe.convert("RGB"))
    return bool(np.abs(moved).max() <= 1)


def codes(profile: bytes | None) -> tuple[int, int] | None:
    """Return primaries and transfer function that a profile states as codes of ITU-T H.273 (ICC.1:2022, 9.2.17)."""
    data = profile or b""
    for place in range(132, 132 + 12 * min(int.from_bytes(data[128:132], "big"), _MOST_TAGS), 12):
        start = int.from_bytes(data[place + 4 : place + 8], "big")
        if data[place : place + 4] == b"cicp" and len(found := data[start + 8 : start + 10]) == 2:
            return found[0], found[1]
    return None


def fitting(profile: bytes | None, channels: int) -> int | None:
    """Return the number of channels that a profile applies to: 1, 3 or 4.

    Grey pictures often have a profile for three channels, which is applied to grey repeated three times. 0 means a
    profile equivalent to sRGB; None means a profile that is missing, damaged or for another colour space.
    """
    for count in (1, 3) if channels == 1 else (channels,):
        transform = _transform(profile, _MODES[count]) if profile else None
        if transform:
            return 0 if _is_srgb(transform, _MODES[count]) else count
    return None


def to_srgb(pixels: NDArray[np.uint8] | NDArray[np.uint16], profile: bytes) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Convert pixels (h, w, 1, 3 or 4) with a profile that is `fitting` to sRGB (h, w, 3) of the same depth."""
    height, width, channels = pixels.shape
    if pixels.dtype == np.uint16:
        return _deep_to_srgb(pixels.astype(np.uint16, copy=False), profile)
    mode = _MODES[channels]
    transform = _transform(profile, mode)
    assert transform is not None
    image = Pillow.frombytes(mode, (width, height), pixels.tobytes())
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # only an in-place transform returns None
    return np.asarray(converted)


def _deep_to_srgb(pixels: NDArray[np.uint16], profile: bytes) -> NDArray[np.uint16]:
    """Convert 16-bit pixels, which Pillow's interface to LittleCMS does not support."""
    import pyvips

    height, width, channels = pixels.shape
    image = pyvips.Image.new_from_memory(pixels.tobytes(), width, height, channels, "ushort")
    image = image.copy(interpretation={1: "grey16", 3: "rgb16", 4: "cmyk"}[channels])
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    options = {"embedded": True, "depth": 16, "intent": "relative", "black_point_compensation": True}
    converted: NDArray[np.uint16] = image.icc_transform("srgb", **options).numpy()
    return converted
