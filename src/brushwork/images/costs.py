"""Memory that decoders and encoders take which hold a picture whole.

JPEG, PNG and TIFF go by strips. What the others take for each pixel was measured as the growth of a process while it
decoded or encoded 6 megapixels (`python -m benchmarks.codecs`), and rounded up.
"""

from typing import BinaryIO

from PIL import Image as Pillow

from brushwork.images.vips import RANDOM_BYTES

# Bytes a pixel: of 8 bits a channel, and of more where the format has them.
_DECODING = {"WEBP": (15, 15), "AVIF": (18, 28), "HEIF": (12, 18), "JXL": (20, 20), "BMP": (8, 8), "GIF": (8, 8)}
# Bytes a pixel, without alpha and with it.
_ENCODING = {"WEBP": (13, 28), "AVIF": (43, 46), "GIF": (22, 22)}
# An encoder of animations has all frames at once.
ANIMATED = 16
# Of a picture in Pillow that is turned.
_TURNED = 4
_ISO_HEAD = 2**16
# The box of a decoder's configuration, the place of a byte in it, and the bits of it that more than 8 bits set.
_DEPTHS = {"AVIF": (b"av1C", 6, 0x40), "HEIF": (b"hvcC", 21, 7)}


def decoding(
    file: BinaryIO, kind: str, size: tuple[int, int], opened: Pillow.Image | None = None, turned: bool = False
) -> int:
    """Return the bytes that are taken while a picture is decoded by strips.

    Args:
        file: The file.
        kind: Its format.
        size: Height and width.
        opened: The same file, opened by Pillow, where it is a JPEG.
        turned: Whether its rows have to be turned.
    """
    pixels = size[0] * size[1]
    if kind in _DECODING:
        return pixels * (_DECODING[kind][_is_deep(file, kind)] + turned * _TURNED)
    waiting = min(3 * pixels, RANDOM_BYTES) if turned else 0
    if kind == "JPEG" and opened is not None and opened.info.get("progressive"):
        return waiting + pixels * 2 * len(opened.getbands())  # a coefficient of 16 bits for each number
    if kind == "PNG":
        file.seek(24)
        depth, colours, _, _, interlaced = file.read(5)
        channels = {0: 1, 2: 3, 3: 4, 4: 2, 6: 4}.get(colours, 4)
        return waiting + (pixels * channels * max(1, depth // 8) if interlaced else 0)
    return waiting


def encoding(kind: str, pixels: int, alpha: bool) -> int:
    """Return the bytes that are taken while so many pixels are encoded in a format, with alpha or without."""
    return pixels * _ENCODING.get(kind, (0, 0))[alpha]


def _is_deep(file: BinaryIO, kind: str) -> bool:
    """Return whether the first picture of a file has more than 8 bits per channel according to its configuration."""
    if kind not in _DEPTHS:
        return False
    box, place, bits = _DEPTHS[kind]
    file.seek(0)
    head = file.read(_ISO_HEAD)
    found = head.find(box)
    return found >= 0 and any(flags & bits for flags in head[found + place : found + place + 1])
