"""File formats of pictures and their capabilities."""

from collections.abc import Mapping
from dataclasses import dataclass

from brushwork.errors import UserError, unknown


class ImageError(UserError):
    """A picture file cannot be read or written; the message is one line for the user that names it."""


@dataclass(frozen=True)
class Format:
    """Capabilities of a file format."""

    extensions: tuple[str, ...]
    quality: int | None = None  # default quality; None if lossless
    alpha: bool = True
    animated: bool = False
    deep: bool = False  # 16 bits per channel
    longest: int = 2**31 - 1  # largest side in pixels


FORMATS: Mapping[str, Format] = {
    "JPEG": Format((".jpg", ".jpeg", ".jfif"), quality=95, alpha=False, longest=65500),
    "PNG": Format((".png", ".apng"), animated=True, deep=True),
    "WEBP": Format((".webp",), quality=90, animated=True, longest=16383),
    "TIFF": Format((".tif", ".tiff"), deep=True),
    "AVIF": Format((".avif",), quality=80, animated=True, longest=65536),
    "GIF": Format((".gif",), animated=True, longest=65535),
}


# First bytes of files -> format.
_STARTS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"\xff\x0a": "JXL",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JXL",
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "TIFF"),
}
# First bytes of camera raw files that are not, or only nominally, TIFF: Panasonic, Olympus, Fujifilm, Sigma,
# Minolta, Canon before 2004.
_RAW_STARTS = (b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM", b"II\x1a\0\0\0HEAP")
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
RAW_EXTENSIONS = (
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw"),
    *(".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srw", ".x3f"),
)
CONVERT = "convert them first, for example to TIFF with RawTherapee, darktable or dcraw"
RAW = f"it is a camera raw file; {CONVERT.replace('them', 'it')}"
READ = (*FORMATS, "BMP", "HEIF", "JXL")


def sniff(data: bytes) -> str:
    """Return the format of a file from its first 64 bytes.

    Raises:
        ImageError: If it is not a readable picture.
    """
    for start, name in _STARTS.items():
        if data.startswith(start):
            if name == "TIFF" and data[8:10] == b"CR":  # Canon's CR2
                raise ImageError(RAW)
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        # The main brand, then the compatible brands.
        brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(int.from_bytes(data[:4], "big"), 64), 4))]
        if brands[0] == b"crx ":  # Canon's CR3
            raise ImageError(RAW)
        if _AVIF_BRANDS & {*brands}:
            return "AVIF"
        if _HEIF_BRANDS & {*brands}:
            return "HEIF"
    if data.startswith(_RAW_STARTS):
        raise ImageError(RAW)
    if not data:
        raise ImageError("the file is empty")
    raise ImageError(f"not a picture in a supported format ({', '.join(READ)})")


def format_of(name: str) -> str:
    """Return the key of FORMATS for a name or an extension ("jpg", ".TIF", "webp").

    Raises:
        ImageError: If the format is unknown; the message suggests the nearest.
    """
    wanted = name.lower().removeprefix(".")
    names = {extension[1:]: kind for kind, known in FORMATS.items() for extension in known.extensions}
    if wanted in names:
        return names[wanted]
    if not wanted:
        raise ImageError(f"its name has no extension; give it one of {', '.join(names)}")
    raise ImageError(unknown("output format", wanted, names))
