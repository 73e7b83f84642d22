"""Decodes picture files into a `Picture`.

Pillow reads nearly all formats. It has no 16-bit colour, so TIFF files and 16-bit PNG files are read with pyvips, which
is imported only when needed. Either way, `conversion` converts the result to sRGB.
"""

from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

from PIL import ImageFile

from brushwork.images import header, jxl, pillow, repair, vips
from brushwork.images.assembly import assemble, factor
from brushwork.images.decoder_errors import one_line
from brushwork.images.formats import ImageError, sniff
from brushwork.images.header import Header
from brushwork.images.picture import Frame, Frames, Picture
from brushwork.images.resizing import fitted


def decode(source: bytes | Path, *, size: int | None = None, max_pixels: int, page: int | None = 1) -> Picture:
    """Decode a picture to upright sRGB with a long side of at most `size` pixels (never enlarged).

    Args:
        source: A file or its contents.
        size: Limit of the long side in pixels.
        max_pixels: Limit of width x height.
        page: Page of a TIFF file, from 1; None for all of them.

    Raises:
        ImageError: If it is not a picture, damaged, incomplete or too large, or the page does not exist.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            kind = sniff(file.read(64))
        if kind != "TIFF":
            source = source.read_bytes()
    else:
        kind = sniff(source)
    if kind == "TIFF" and page is None:
        with one_line():
            return _decode_pages(source, size, max_pixels)
    page = 1 if page is None else page
    if kind != "TIFF" and page != 1:
        raise ImageError(f"it has no page {page}; only TIFF files have pages")
    if kind == "TIFF" or (isinstance(source, bytes) and _is_for_vips(source)):
        with one_line():
            return _decode_page(kind, source, size, max_pixels, page)
    assert isinstance(source, bytes)
    completed = repair.completed(source, max_pixels)
    with one_line():
        picture = _decode_with_pillow(kind, completed or source, size, max_pixels)
    return replace(picture, notices=(*picture.notices, repair.NOTICE)) if completed else picture


def _is_for_vips(data: bytes) -> bool:
    """Return whether a file is a PNG without animation that Pillow reads wrongly.

    It rounds 16 bits to 8, and of grey with 2 or 4 bits it takes another level for the transparent one.
    """
    head = data[: data.find(b"IDAT")]
    if not data.startswith(b"\x89PNG") or b"acTL" in head:
        return False
    depth, colours = data[24], data[25]
    return depth == 16 or (depth in (2, 4) and colours == 0 and b"tRNS" in head)


def _target(width: int, height: int, size: int | None, max_pixels: int) -> tuple[int, int]:
    """Return the (height, width) to decode to, or refuse the picture before memory is allocated."""
    if width * height > max_pixels:
        raise ImageError(f"{width} x {height} pixels exceed the limit of {max_pixels:,}")
    return fitted(height, width, size) if size else (height, width)


def _decode_with_pillow(kind: str, data: bytes, size: int | None, max_pixels: int) -> Picture:
    if kind == "JXL" and (claimed := jxl.read_size(BytesIO(data))):
        _target(*claimed[::-1], size, max_pixels)  # opened, it is decoded
    file = pillow.open_file(BytesIO(data), kind)
    target = _target(*file.size, size, max_pixels)
    said = header.read(BytesIO(data), kind, file)
    if kind == "JPEG" and size:
        # Decodes at 1/2, 1/4 or 1/8, which is at least twice the target size but for one pixel of rounding.
        file.draft(None, (2 * target[1] - 1, 2 * target[0] - 1))
    first = 1 if file.info.get("default_image") else 0  # the first picture of an APNG may be a fallback
    count = 1 if kind == "HEIF" else getattr(file, "n_frames", 1) - first
    # pyvips shrinks while it decodes, but shrinking WebP would bleed hidden colours into edges.
    shrinking = ("PNG",) if file.has_transparency_data else ("PNG", "WEBP")
    if kind in shrinking and count == 1 and not first and factor(file.size[::-1], target) > 1:
        return _decode_with_vips(kind, data, said, target)
    make = partial(_frame, file, first, target, said)
    frame = make(0)
    loop = file.info.get("loop")
    if kind == "GIF":  # stores the number of repetitions, or nothing if it is played once
        loop = 1 if loop is None else loop and loop + 1
    return Picture(
        depth=16 if file.mode in pillow.DEEP else 8,
        frames=Frames(count, make) if count > 1 else (Frame(frame.image, frame.alpha),),
        loop=loop or 0,
        metadata=said.metadata,
        format=kind,
        notices=said.notices(said.encoding(pillow.model(file))),
    )


def _frame(file: ImageFile.ImageFile, first: int, target: tuple[int, int], said: Header, index: int) -> Frame:
    """Decode one frame of an open file; Pillow composes it with the previous frames."""
    with one_line():
        if first + index != file.tell():
            file.seek(first + index)
        file.load()
        looked_up = pillow.without_palette(file)
        shape = looked_up.height, looked_up.width
        strips = pillow.strips(looked_up, factor(shape, target))
        frame = assemble(strips, said.encoding(pillow.model(looked_up)), shape, target, said.orientation)
        return replace(frame, duration=round(file.info.get("duration", 0)))


def _decode_pages(source: bytes | Path, size: int | None, max_pixels: int) -> Picture:
    """Decode all pages of a TIFF file: the first immediately, the others on access."""
    first = _decode_page("TIFF", source, size, max_pixels, 1)
    with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        count = header.read(file, "TIFF").pages

    def make(index: int) -> Frame:
        with one_line():
            return _decode_page("TIFF", source, size, max_pixels, index + 1).frames[0]

    if count == 1:
        return first
    return replace(first, frames=Frames(count, make), paged=True, notices=first.notices[:-1])


def _decode_page(kind: str, source: bytes | Path, size: int | None, max_pixels: int, page: int) -> Picture:
    """Decode a page of a TIFF file or a PNG file."""
    with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        said = header.read(file, kind, page=page)
    image = vips.load(source, kind, said)
    return _decode_with_vips(kind, source, said, _target(image.width, image.height, size, max_pixels))


def _decode_with_vips(kind: str, source: bytes | Path, said: Header, target: tuple[int, int]) -> Picture:
    image = vips.load(source, kind, said)
    by = factor((image.height, image.width), target)
    if kind == "WEBP":
        image = vips.load(source, kind, reduced=by)
        by = 1
    shape = image.height, image.width
    encoding = vips.encoding(source, kind, said)
    frame = assemble(vips.strips(image, by), encoding, shape, target, said.orientation)
    depth = 8 if image.format == "uchar" else 16
    return Picture((frame,), depth=depth, metadata=said.metadata, format=kind, notices=said.notices(encoding))
