"""Picture files larger than memory: decoded onto a canvas once, and encoded from one; pyvips does both by strips."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brushwork import atomic
from brushwork.images import metadata
from brushwork.images.canvas import Canvas
from brushwork.images.decoding import header_size, sniff
from brushwork.images.files import about
from brushwork.images.formats import FORMATS, ImageError

STREAMED = ("JPEG", "PNG", "TIFF")
# A file of few bytes can claim any size, and a canvas of it would fill the disk.
MAX_STREAMED_PIXELS = 10_000_000_000
# Offsets of 32 bits reach this far; half of it is left for the smaller copies of a pyramid.
LARGEST_TIFF = 2**31


@dataclass(frozen=True)
class LargePicture:
    """A picture on a canvas (H, W, 3), or with alpha (H, W, 4), and what travels with it; see `images.Picture`."""

    pixels: Canvas
    exif: bytes | None = None
    xmp: bytes | None = None
    format: str = ""

    @property
    def depth(self) -> int:
        """Bits a channel: 8 or 16."""
        return 8 * self.pixels.dtype.itemsize


def measure(path: Path) -> tuple[int, int] | None:
    """Height and width of a still picture that can be read by strips, from its header; None for any other file."""
    try:
        with path.open("rb") as file:
            start = file.read(64 * 1024)
        kind = sniff(start)
        if kind not in STREAMED or b"acTL" in start[: start.find(b"IDAT")]:
            return None
        if kind == "TIFF":
            return _measure_tiff(path)
        width, height = header_size(path, kind)
    except (OSError, ImageError):  # whoever opens it says what is wrong with it
        return None
    return height, width


def _measure_tiff(path: Path) -> tuple[int, int] | None:
    import pyvips

    try:
        header = pyvips.Image.new_from_file(str(path))
    except pyvips.Error:
        return None
    return header.height, header.width


@contextmanager
def open_large(path: Path) -> Iterator[LargePicture]:
    """A picture file, upright and in sRGB, on a canvas that goes with the `with`.

    Raises:
        ImageError: For what is damaged, incomplete or too large even so.
    """
    import pyvips

    with path.open("rb") as file:
        kind = sniff(file.read(64))
    with tempfile.TemporaryDirectory(prefix="brushwork-") as folder:
        rows = Path(folder) / "rows"
        try:
            header = pyvips.Image.new_from_file(str(path))
            if header.width * header.height > MAX_STREAMED_PIXELS:
                size = (
                    f"{header.width} x {header.height} pixels are more than the limit of {MAX_STREAMED_PIXELS:,} allows"
                )
                raise ImageError(f"cannot read {path}: {size}")
            exif = metadata.read_exif(_note(header, "exif-data") or b"")
            orientation = metadata.orientation(exif)
            # Rows come in order unless they have to be turned; then pyvips keeps them in a file of its own.
            access = "sequential" if orientation == 1 else "random"
            whole = pyvips.Image.new_from_file(str(path), access=access, fail_on="error")
            stored = _in_srgb(_upright(whole, orientation), _note(header, "icc-profile-data"))
            stored.rawsave(str(rows))
        except pyvips.Error as error:
            raise ImageError(f"cannot read {path}: the file is damaged ({' '.join(str(error).split())})") from error
        dtype = "uint16" if stored.format == "ushort" else "uint8"
        pixels = Canvas(rows, (stored.height, stored.width, stored.bands), dtype)
        try:
            xmp = metadata.clean_xmp(_note(header, "xmp-data"))
            yield LargePicture(pixels, metadata.clean_exif(exif), xmp, kind)
        finally:
            pixels.close()


def save_large(
    picture: LargePicture, target: Path, kind: str, *, quality: int | None = None, overwrite: bool = False
) -> None:
    """Writes a picture by strips as JPEG, PNG or TIFF; a TIFF is tiled and a pyramid, and a BigTIFF where it must be.

    The file appears whole or not at all, and never over another unless `overwrite`. The canvas is closed.

    Raises:
        ImageError: If the format cannot hold the picture, or the file exists.
    """
    import pyvips

    height, width, bands = picture.pixels.shape
    if kind not in STREAMED:
        raise ImageError(f"cannot write {target}: {kind} is not written by strips; choose {', '.join(STREAMED)}")
    if max(height, width) > FORMATS[kind].longest:
        longest = FORMATS[kind].longest
        raise ImageError(f"cannot write {target}: {kind} holds {longest} pixels on a side, not {width} x {height}")
    picture.pixels.close()
    deep = picture.depth == 16
    stored = "ushort" if deep else "uchar"
    image = pyvips.Image.rawload(str(picture.pixels.path), width, height, bands, format=stored)
    image = image.copy(interpretation="rgb16" if deep else "srgb")
    if kind == "JPEG" and bands == 4:
        image = image.flatten(background=[255])
    for name, note in (
        ("icc-profile-data", metadata.srgb_profile()),
        ("exif-data", picture.exif if kind != "TIFF" else None),
        ("xmp-data", picture.xmp),
    ):
        if note:
            image.set_type(pyvips.GValue.blob_type, name, note)
    try:
        with about("write", str(target)), atomic.write(target, overwrite=overwrite) as part:
            _write(image, part, kind, quality or FORMATS[kind].quality)
    except pyvips.Error as error:
        raise ImageError(f"cannot write {target}: {' '.join(str(error).split())}") from error


def _write(image: Any, path: Path, kind: str, quality: int | None) -> None:
    """Hands a pyvips image to its writer, which takes strips."""
    if kind == "JPEG":
        image.jpegsave(str(path), Q=quality, subsample_mode="off")
    elif kind == "PNG":
        image.pngsave(str(path), compression=3)
    else:
        big = image.width * image.height * image.bands * (2 if image.format == "ushort" else 1) > LARGEST_TIFF
        options = {"tile": True, "tile_width": 256, "tile_height": 256, "pyramid": True}
        image.tiffsave(str(path), compression="deflate", predictor="horizontal", bigtiff=big, **options)


def _note(image: Any, name: str) -> bytes | None:
    return bytes(image.get(name)) if image.get_typeof(name) else None


def _upright(image: Any, orientation: int) -> Any:
    """A pyvips image turned the way EXIF says."""
    if orientation >= 5:
        image = image.rot90().fliphor()  # the transpose
    if orientation in (3, 4, 7, 8):
        image = image.flipver()
    if orientation in (2, 3, 6, 7):
        image = image.fliphor()
    return image


def _in_srgb(image: Any, profile: bytes | None) -> Any:
    """A pyvips image as sRGB and, where there is one, alpha, all of 8 or of 16 bits, computed as it is read."""
    ink = image.interpretation == "cmyk"
    bands = 4 if ink else 1 if image.bands <= 2 else 3
    if image.format in ("float", "double"):
        image = (image * 65535 + 0.5).cast("ushort").copy(interpretation="grey16" if bands == 1 else "rgb16")
    deep = image.format != "uchar"
    alpha = [image[bands]] if image.bands > bands else []
    colour = image.extract_band(0, n=bands) if alpha else image
    if colour.interpretation in ("lab", "labs", "labq"):
        colour = colour.colourspace("rgb16" if deep else "srgb")
    elif profile and metadata.changes_colour(profile, {1: "L", 3: "RGB", 4: "CMYK"}[bands]):
        options = {"embedded": True, "depth": 16 if deep else 8, "intent": "relative"}
        colour = colour.icc_transform("srgb", black_point_compensation=True, **options)
    elif ink:
        colour = colour.colourspace("srgb")
    colour = colour.bandjoin([colour, colour]) if colour.bands == 1 else colour
    wanted = "ushort" if deep else "uchar"
    return colour.bandjoin(alpha).cast(wanted) if alpha else colour.cast(wanted)
