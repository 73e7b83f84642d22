"""CIELAB in TIFF files where libvips does not read it: 8 bits, and with an offset (ICCLAB).

TIFF 6.0 (section 23) defines CIELAB with signed chroma; ICCLAB (Adobe's TIFF Technical Notes, 2002) adds an offset.
"""

from io import BytesIO
from pathlib import Path
from typing import Any

from brushwork.images import directories

CIELAB, ICCLAB = 8, 9  # photometric interpretations
_PHOTOMETRIC, _RGB = 262, 2


def load(source: bytes | Path, photometric: int, page: int, **options: Any) -> Any:
    """Open a page of a TIFF file as a pyvips image of floats, L 0 to 100, a, b, and channels that follow as they are.

    All of the file lies in memory meanwhile, as pyvips must be told that its numbers are RGB.

    Args:
        source: The file, or its bytes; the numbers have 8 bits, those of ICCLAB may have 16.
        photometric: CIELAB or ICCLAB.
        page: The directory.
        options: For pyvips.
    """
    import pyvips

    data = bytearray(source if isinstance(source, bytes) else source.read_bytes())
    directory = directories.read(BytesIO(data))[page]
    place = directory.places[_PHOTOMETRIC]
    data[place : place + 2] = _RGB.to_bytes(2, "little" if directory.order == "<" else "big")
    image = pyvips.Image.tiffload_buffer(bytes(data), page=page, **options)
    lightness, *chroma = (image[band] for band in range(3))
    if photometric == CIELAB:
        lightness, chroma = lightness / 2.55, [each.copy(format="char") for each in chroma]
    else:
        unit = 256 if image.format == "ushort" else 1  # 16 bits are those of 8 in parts of 256
        lightness, chroma = lightness / (2.55 * unit), [each / unit - 128 for each in chroma]
    others = [image[band] for band in range(3, image.bands)]
    return lightness.bandjoin([*chroma, *others]).cast("float").copy(interpretation="lab")
