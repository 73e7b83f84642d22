"""Picture files larger than memory: decoded onto a canvas once, and encoded from one, both strip by strip."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from brushwork import atomic
from brushwork.images import header, jpeg, png, tiff, vips
from brushwork.images.canvas import Canvas, canvas
from brushwork.images.conversion import convert
from brushwork.images.decoding import one_line, open_with_pillow
from brushwork.images.files import about, save
from brushwork.images.formats import FORMATS, ImageError, sniff
from brushwork.images.metadata import NONE, Metadata
from brushwork.images.picture import Frame, Picture

STREAMED = ("JPEG", "PNG", "TIFF")
# WebP is decoded at once, but to numbers of 8 bits.
READ_BY_STRIPS = (*STREAMED, "WEBP")
# A file of few bytes can claim any size, and a canvas of it would fill the disk.
MAX_STREAMED_PIXELS = 10_000_000_000
# Offsets of 32 bits reach this far; half of it is left for the smaller copies of a pyramid.
LARGEST_TIFF = 2**31
# In these first bytes of what pyvips writes lies all that is not pixels.
_HEAD = 4096


@dataclass(frozen=True)
class LargePicture:
    """A picture on a canvas (H, W, 3), or with alpha (H, W, 4), and what travels with it; see `images.Picture`."""

    pixels: Canvas
    metadata: Metadata = NONE
    format: str = ""
    depth: int = 8
    notices: tuple[str, ...] = ()


def measure(path: Path, page: int = 1) -> tuple[int, int] | None:
    """Height and width of a still picture that can be read by strips, from its header; None for any other file."""
    try:
        with path.open("rb") as file:
            start = file.read(64 * 1024)
            kind = sniff(start)
            if kind not in READ_BY_STRIPS or b"acTL" in start[: start.find(b"IDAT")]:
                return None
            with one_line():
                if kind == "TIFF":
                    image = vips.load(path, kind, page=header.read(file, kind, page=page).page)
                    return image.height, image.width
                opened = open_with_pillow(file, kind)
                if getattr(opened, "n_frames", 1) > 1:
                    return None
                width, height = opened.size
    except (OSError, ImageError):  # whoever opens it says what is wrong with it
        return None
    return height, width


@contextmanager
def open_large(path: Path, page: int = 1) -> Iterator[LargePicture]:
    """A picture file, upright and in sRGB, on a canvas that goes with the `with`.

    Raises:
        ImageError: For what is damaged, incomplete or too large even so.
    """
    with ExitStack() as stack:
        with about("read", str(path)), one_line():
            picture = _read(path, page, stack)
        yield picture


def _read(path: Path, page: int, stack: ExitStack) -> LargePicture:
    with path.open("rb") as file:
        kind = sniff(file.read(64))
        opened = open_with_pillow(file, kind) if kind in ("JPEG", "WEBP") else None
        said = header.read(file, kind, opened, page)
    # Rows come in order unless they have to be turned; then pyvips keeps them in a file of its own.
    access = "sequential" if said.orientation == 1 else "random"
    image = vips.load(path, kind, page=said.page, access=access)
    if image.width * image.height > MAX_STREAMED_PIXELS:
        limit = f"{MAX_STREAMED_PIXELS:,}"
        raise ImageError(f"{image.width} x {image.height} pixels are more than the limit of {limit} allows")
    encoding = vips.encoding(path, kind, said)
    image = vips.upright(image, said.orientation)
    bands = 4 if image.bands > encoding.channels else 3
    deep = image.format != "uchar"
    # What is converted is no longer a number of 8 bits.
    numbers = "uint8" if encoding.plain and not deep else "uint16"
    pixels = stack.enter_context(canvas(image.height, image.width, bands, numbers))
    top = 0
    for stored in vips.strips(image):
        pixels[top : top + len(stored)] = convert(stored, encoding)
        top += len(stored)
    notices = said.notices(encoding)
    return LargePicture(pixels, said.metadata, kind, 16 if deep else 8, notices)


def save_large(
    picture: LargePicture, target: Path, kind: str, *, quality: int | None = None, overwrite: bool = False
) -> None:
    """Writes a picture by strips as JPEG, PNG or TIFF; a TIFF is tiled and a pyramid, and a BigTIFF where it must be.

    Other formats are encoded at once, which takes the memory of the whole picture.

    The file appears whole or not at all, and never over another unless `overwrite`. The canvas is closed.

    Raises:
        ImageError: If the format cannot hold the picture, or the file exists.
    """
    import pyvips

    height, width, bands = picture.pixels.shape
    if max(height, width) > FORMATS[kind].longest:
        longest = FORMATS[kind].longest
        raise ImageError(f"cannot write {target}: {kind} holds {longest} pixels on a side, not {width} x {height}")
    if kind not in STREAMED:
        rows = picture.pixels[0:height]
        frame = Frame(np.ascontiguousarray(rows[..., :3]), rows[..., 3] if bands == 4 else None)
        whole = Picture((frame,), metadata=picture.metadata)
        save(whole, target, format=kind, quality=quality, overwrite=overwrite)
        return
    picture.pixels.close()
    deep = picture.pixels.dtype.itemsize == 2
    stored = "ushort" if deep else "uchar"
    image = pyvips.Image.rawload(str(picture.pixels.path), width, height, bands, format=stored)
    image = image.copy(interpretation="rgb16" if deep else "srgb")
    if kind == "JPEG" and bands == 4:
        image = image.flatten(background=[255])
    try:
        with about("write", str(target)), atomic.write(target, overwrite=overwrite) as part:
            _write(image, part, kind, quality or FORMATS[kind].quality, picture.metadata)
    except pyvips.Error as error:
        raise ImageError(f"cannot write {target}: {' '.join(str(error).split())}") from error


def _write(image: Any, path: Path, kind: str, quality: int | None, kept: Metadata) -> None:
    """Hand a pyvips image to its writer, which takes strips, and put the metadata in ourselves."""
    if kind == "TIFF":
        big = image.width * image.height * image.bands * (2 if image.format == "ushort" else 1) > LARGEST_TIFF
        options = {"tile": True, "tile_width": 256, "tile_height": 256, "pyramid": True, "keep": "none"}
        image.tiffsave(str(path), compression="deflate", predictor="horizontal", bigtiff=big, **options)
        tiff.amend(path, kept)
        return
    with path.open("xb") as file:
        sink = _Sink(file, kind, kept)
        try:
            if kind == "JPEG":
                image.jpegsave_target(sink.target, Q=quality, subsample_mode="off", keep="none")
            else:
                image.pngsave_target(sink.target, compression=3, keep="none")
        finally:
            if sink.error:  # what pyvips says of it is less
                raise sink.error
        sink.finish()


class _Sink:
    """Takes what pyvips writes, and changes the start of it."""

    def __init__(self, file: BinaryIO, kind: str, kept: Metadata) -> None:
        import pyvips

        self.error: OSError | None = None
        self._file, self._kind, self._kept = file, kind, kept
        self._head: bytearray | None = bytearray()
        self.target = pyvips.TargetCustom()
        self.target.on_write(self._take)

    def _take(self, data: Any) -> int:
        """Write some bytes; their number, or -1 where that failed."""
        try:
            if self._head is None:
                self._file.write(data)
            else:
                self._head += data
                if len(self._head) >= _HEAD:
                    self.finish()
        except OSError as error:
            self.error = error
            return -1
        return len(data)

    def finish(self) -> None:
        """Write the start, if that waits still."""
        if self._head is not None:
            head, self._head = bytes(self._head), None
            if self._kind == "JPEG":
                self._file.write(jpeg.replace_start(head, jpeg.write_segments(self._kept)))
            else:
                self._file.write(png.insert(head, png.write_chunks(self._kept)))
