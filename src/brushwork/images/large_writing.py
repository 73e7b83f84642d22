"""Picture files written strip by strip from a canvas, where their format allows it."""

from pathlib import Path
from typing import Any, BinaryIO

from brushwork import atomic
from brushwork.images import jpeg, png, tiff
from brushwork.images.encoding import encode_stored
from brushwork.images.files import about
from brushwork.images.formats import FORMATS, ImageError
from brushwork.images.large import LargePicture
from brushwork.images.metadata import Metadata

STREAMED = ("JPEG", "PNG", "TIFF")
# Offsets of 32 bits reach this far; half of it is left for the smaller copies of a pyramid.
LARGEST_TIFF = 2**31
# In these first bytes of what pyvips writes lies all that is not pixels.
_HEAD = 4096


def save_large(
    picture: LargePicture, target: Path, kind: str, *, quality: int | None = None, overwrite: bool = False
) -> None:
    """Write a picture by strips as JPEG, PNG or TIFF; a TIFF is tiled and a pyramid, and a BigTIFF where it must be.

    Other formats are encoded at once, which takes memory: see `costs.encoding`. Their canvas holds 8 bits.

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
        stored = [picture.pixels.stored()]
        with about("write", str(target)):
            data = encode_stored(stored, kind, picture.metadata, quality=quality)
            atomic.write_bytes(target, data, overwrite=overwrite)
        return
    picture.pixels.close()
    deep = picture.pixels.dtype.itemsize == 2
    form = "ushort" if deep else "uchar"
    image = pyvips.Image.rawload(str(picture.pixels.path), width, height, bands, format=form)
    image = image.copy(interpretation="rgb16" if deep else "srgb")
    if kind == "JPEG" and bands == 4:
        image = image.flatten(background=[255])
    try:
        with about("write", str(target)), atomic.write(target, overwrite=overwrite) as part:
            _write(image, part, kind, quality or FORMATS[kind].quality, picture.metadata)
    except pyvips.Error as error:
        raise ImageError(f"cannot write {target}: {' '.join(str(error).split())}") from error


def _write(image: Any, path: Path, kind: str, quality: int | None, kept: Metadata) -> None:
    """Write a pyvips image in strips, and insert the metadata, which pyvips would change."""
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
