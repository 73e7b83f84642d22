"""What travels beside the pixels: colour profile, EXIF and XMP."""

import re
import struct
from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import ExifTags, ImageCms
from PIL import Image as Pillow

_EXIF, _GPS = ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo
_ORIENTATION = ExifTags.Base.Orientation
# Facts about the old file that would be wrong about the new one: how it is stored, which way is up, colour response.
_STRUCTURE = {*range(254, 269), 273, 274, *range(277, 282), 284, *range(288, 294), 297, 301, *range(317, 348)}
_STRUCTURE |= {*range(512, 533), 700}
# From 32768 on tags are private, and most point into the file they came from. These do not: copyright, and the title,
# comment, author, keywords and subject of Windows.
_PRIVATE_KEPT = {33432, *range(40091, 40096)}
_EXIF_DROPPED = {40962, 40963, 40965}  # the old width and height; a sub-folder that may claim Adobe RGB
_BROKEN_EXIF = (SyntaxError, OSError, ValueError, TypeError, KeyError, AttributeError, struct.error)


@lru_cache
def srgb_profile() -> bytes:
    """Make the ICC profile for every file written. Its date is fixed, so that equal pictures give equal files."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + profile[36:]


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Build the way from `mode` under a profile to sRGB; None where the profile is broken or of another colour space.

    None also for a profile that is sRGB by another name: one that moves no colour by more than a level. Leaving it out
    keeps pixels exact, where a conversion would shake them by a level.
    """
    try:
        source, target = (ImageCms.ImageCmsProfile(BytesIO(data)) for data in (profile, srgb_profile()))
        intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        transform = ImageCms.buildTransform(source, target, mode, "RGB", intent, flags)
    except (ImageCms.PyCMSError, OSError):
        return None
    if mode in ("RGB", "L"):
        levels = np.linspace(0, 255, 18 if mode == "RGB" else 256).astype(np.uint8)
        cube = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(18, -1, 3) if mode == "RGB" else levels[None]
        probe = Pillow.fromarray(cube)
        moved = np.asarray(ImageCms.applyTransform(probe, transform), np.int16) - np.asarray(probe.convert("RGB"))
        if np.abs(moved).max() <= 1:
            return None
    return transform


def changes_colour(profile: bytes, mode: str) -> bool:
    """Whether a profile is usable for Pillow's `mode` ("RGB", "L", "CMYK") and differs from sRGB."""
    return _transform(profile, mode) is not None


def to_srgb(image: Pillow.Image, profile: bytes | None) -> Pillow.Image:
    """Convert an 8-bit image of any mode to sRGB, mode "RGB", without its alpha.

    A broken profile is ignored. CMYK without a profile is taken as plain ink, (1 - C)(1 - K).
    """
    mode = {"1": "L", "LA": "L", "CMYK": "CMYK"}.get(image.mode, image.mode if image.mode == "L" else "RGB")
    for source in dict.fromkeys((mode, "RGB" if mode == "L" else mode)):  # grey pictures often carry an RGB profile
        transform = _transform(profile, source) if profile else None
        if transform:
            converted = ImageCms.applyTransform(image.convert(source), transform)
            assert converted is not None  # only a transform in place returns nothing
            return converted
    return image.convert("RGB")


def orientation(exif: Pillow.Exif) -> int:
    """Read the orientation, 1 to 8; 1 (upright) where it is missing or nonsense."""
    value = exif.get(_ORIENTATION)
    return value if isinstance(value, int) and value in range(1, 9) else 1


def exif_of(file: Pillow.Image) -> Pillow.Exif:
    """Read the EXIF of an open file; empty where it is broken."""
    try:
        return file.getexif()
    except _BROKEN_EXIF:
        return Pillow.Exif()


def read_exif(data: bytes) -> Pillow.Exif:
    """Read EXIF from its bytes, or from a whole TIFF file, whose first directory it is; empty where it is broken."""
    exif = Pillow.Exif()
    try:
        exif.load(data)
        for folder in (_EXIF, _GPS):
            exif.get_ifd(folder)
    except _BROKEN_EXIF:
        return Pillow.Exif()
    return exif


def clean_exif(exif: Pillow.Exif) -> bytes | None:
    """Keep what is still true of the picture once it is upright, in sRGB and painted over: no thumbnail, no sizes."""
    kept = Pillow.Exif()
    try:
        for tag, value in exif.items():
            if tag in _PRIVATE_KEPT or (tag < 32768 and tag not in _STRUCTURE):
                kept[tag] = value
        for folder in (_EXIF, _GPS):
            entries = {tag: value for tag, value in exif.get_ifd(folder).items() if tag not in _EXIF_DROPPED}
            if ExifTags.Base.ColorSpace in entries:
                entries[ExifTags.Base.ColorSpace] = 1  # sRGB
            if entries:
                kept[folder] = entries
        return kept.tobytes() if len(kept) else None
    except _BROKEN_EXIF:  # a value of the wrong type, as some cameras write
        return None


def clean_xmp(xmp: bytes | str | None) -> bytes | None:
    """Copy XMP with its orientation reset, for the pixels have been turned."""
    if not xmp:
        return None
    raw = xmp.encode() if isinstance(xmp, str) else bytes(xmp)
    raw = re.sub(rb'(tiff:Orientation=["\'])\d', rb"\g<1>1", raw)
    return re.sub(rb"(<tiff:Orientation>)\d", rb"\g<1>1", raw).rstrip(b"\x00")
