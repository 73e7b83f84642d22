"""Picture files larger than memory, decoded onto a canvas strip by strip."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import ImageFile

from brushwork.images import costs, header, jxl, pillow, repair, vips
from brushwork.images.assembly import factor, reduced
from brushwork.images.canvas import Canvas, canvas
from brushwork.images.conversion import ColorEncoding, Stored, convert
from brushwork.images.decoder_errors import one_line
from brushwork.images.files import MAX_PIXELS, about
from brushwork.images.formats import ImageError, sniff
from brushwork.images.header import Header
from brushwork.images.metadata import NONE, Metadata
from brushwork.images.resizing import fitted
from brushwork.images.shrinking import multiplied, shrink

# A small file can claim any size, and its canvas would fill the disk.
MAX_STREAMED_PIXELS = 10_000_000_000


@dataclass(frozen=True)
class Extent:
    """What the header of a picture file says of its size.

    Attributes:
        height, width: Of the upright picture, or of the first of several.
        format: One of `images.READ`.
        frames: How many an animation has; else 1.
        pages: How many a TIFF file has; else 1.
        alpha: Whether it may have alpha.
        decoding: Bytes of memory that are taken while it is decoded by strips.
    """

    height: int
    width: int
    format: str
    frames: int = 1
    pages: int = 1
    alpha: bool = False
    decoding: int = 0

    @property
    def pixels(self) -> int:
        """Number of pixels of an image."""
        return self.height * self.width


@dataclass(frozen=True)
class LargePicture:
    """A picture on a canvas (H, W, 3), or with alpha (H, W, 4), and its metadata; see `images.Picture`."""

    pixels: Canvas
    metadata: Metadata = NONE
    format: str = ""
    depth: int = 8
    notices: tuple[str, ...] = ()


def measure(path: Path, page: int = 1) -> Extent | None:
    """Return the extent of a picture from its header; None if it cannot be read, and whoever opens it says why."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file, one_line():
            kind = sniff(file.read(64))
            if kind == "JXL":
                size = jxl.read_size(file)
                return size and Extent(*size, kind, alpha=True, decoding=costs.decoding(file, kind, size))
            opened = None if kind == "TIFF" else pillow.open_file(file, kind)
            said = header.read(file, kind, opened, page)
            found = opened or vips.load(path, kind, said)
            size = (found.width, found.height) if said.orientation >= 5 else (found.height, found.width)
            taken = costs.decoding(file, kind, size, opened, said.orientation != 1)
            taken += path.stat().st_size if said.lab else 0  # see `lab.load`
            alpha = opened.has_transparency_data if opened else vips.load(path, kind, said).hasalpha()
            return Extent(*size, kind, _frames(opened, kind), said.pages, alpha, taken)
    except (OSError, ImageError):
        return None


def _frames(opened: ImageFile.ImageFile | None, kind: str) -> int:
    """Return the number of frames of an animation in an open file; further pictures of HEIC files are not frames."""
    return 1 if kind == "HEIF" else int(getattr(opened, "n_frames", 1))


@contextmanager
def open_large(path: Path, page: int = 1, *, size: int | None = None) -> Iterator[LargePicture]:
    """Return a picture file, upright and in sRGB, on a canvas that goes with the `with`.

    Args:
        path: A file of one frame, or with pages.
        page: Page of a TIFF file, from 1.
        size: Limit of the long side; larger pictures are shrunk.

    Raises:
        ImageError: If the file is damaged, incomplete or too large.
    """
    with ExitStack() as stack:
        with about("read", str(path)):
            completed = repair.completed(path, MAX_STREAMED_PIXELS)
            picture = _read(completed or path, page, size, stack)
        yield replace(picture, notices=(*picture.notices, repair.NOTICE)) if completed else picture


@dataclass(frozen=True)
class _Upright:
    """The numbers of a file, upright: how many, of how many bits, and a way to get them in strips.

    The strips (h, W, C) have a multiple of so many rows, but the last.
    """

    height: int
    width: int
    bands: int
    deep: bool
    strips: Callable[[int], Iterator[Stored]]


def _read(source: bytes | Path, page: int, size: int | None, stack: ExitStack) -> LargePicture:
    """Decode onto a canvas, which the stack closes."""
    with one_line(), ExitStack() as own:
        file: BinaryIO = BytesIO(source) if isinstance(source, bytes) else source.open("rb")
        own.callback(file.close)
        kind = sniff(file.read(64))
        opened = pillow.open_file(file, kind) if kind not in ("TIFF", "PNG") else None
        said = header.read(file, kind, opened, page)
        if kind in vips.LOADERS:
            found, encoding = _by_vips(source, kind, said), vips.encoding(source, kind, said)
        else:
            assert opened is not None
            found, encoding = _by_pillow(opened, said), said.encoding(pillow.model(opened))
        target = fitted(found.height, found.width, size) if size else (found.height, found.width)
        by = _loadable(kind, found, encoding, factor((found.height, found.width), target))
        if by > 1:
            found = _by_vips(source, kind, said, by)
        channels = 4 if encoding.has_alpha(found.bands) else 3
        # Converted pixels need more than 8 bits.
        numbers = "uint8" if encoding.plain and not found.deep else "uint16"
        pixels = own.enter_context(canvas(*target, channels, numbers))
        _fill(pixels, found, encoding)
        stack.push(own.pop_all())
    return LargePicture(pixels, said.metadata, kind, 16 if found.deep else 8, said.notices(encoding))


def _fill(pixels: Canvas, found: _Upright, encoding: ColorEncoding) -> None:
    """Put a picture on a canvas, scaled to its size."""
    shape, channels = (found.height, found.width), pixels.shape[2]
    by = factor(shape, (pixels.shape[0], pixels.shape[1]))
    parts = (convert(stored, encoding) for stored in found.strips(by))
    if pixels.shape[:2] != shape:
        small = (reduced(part, by) for part in parts) if by > 1 else multiplied(parts)
        fewer = -(-shape[0] // by), -(-shape[1] // by)
        shrink(small, fewer, (shape[0] / by, shape[1] / by), pixels)
        return
    top = 0
    for part in parts:
        pixels[top : top + len(part)] = part[..., :channels]
        top += len(part)


def _by_vips(source: bytes | Path, kind: str, said: Header, by: int = 1) -> _Upright:
    """Open a file with pyvips, reduced as it is decoded."""
    # Rows come in order unless they have to be turned; then pyvips keeps them in memory, or in a file of its own.
    access = "sequential" if said.orientation == 1 else "random"
    image = vips.load(source, kind, said, access=access, reduced=by)
    if image.width * image.height > MAX_STREAMED_PIXELS:
        limit = f"{MAX_STREAMED_PIXELS:,}"
        raise ImageError(f"{image.width} x {image.height} pixels exceed the limit of {limit}")
    image = vips.upright(image, said.orientation)
    return _Upright(image.height, image.width, image.bands, image.format != "uchar", partial(vips.strips, image))


def _by_pillow(opened: ImageFile.ImageFile, said: Header) -> _Upright:
    """Decode a file with Pillow, at once."""
    if opened.width * opened.height > MAX_PIXELS:
        raise ImageError(f"{opened.width} x {opened.height} pixels exceed the limit of {MAX_PIXELS:,}")
    opened.load()
    image = pillow.upright(pillow.without_palette(opened), said.orientation)
    deep = image.mode in pillow.DEEP
    return _Upright(image.height, image.width, len(image.getbands()), deep, partial(pillow.strips, image))


def _loadable(kind: str, found: _Upright, encoding: ColorEncoding, by: int) -> int:
    """Return the largest factor up to `by` by which a decoder can reduce a picture."""
    if kind == "JPEG":
        return max(each for each in (1, 2, 4, 8) if each <= by)
    # Hidden colours would bleed into edges.
    return by if kind == "WEBP" and found.bands == encoding.channels else 1
