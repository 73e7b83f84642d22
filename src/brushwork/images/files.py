"""Pictures in files: open, save, find.

What goes wrong with a file is an `ImageError` of one line that names it.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypeAlias

from brushwork import atomic
from brushwork.images.arrays import Pixels, as_image
from brushwork.images.decoding import decode
from brushwork.images.encoding import encode
from brushwork.images.formats import FORMATS, ImageError, format_of
from brushwork.images.picture import Frame, Frames, Picture

Source: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO
Target: TypeAlias = str | os.PathLike[str] | BinaryIO

MAX_PIXELS = 400_000_000  # about 5 GB as an image; a file of few bytes can claim any size
EXTENSIONS = (
    *(extension for known in FORMATS.values() for extension in known.extensions),
    *(".bmp", ".heic", ".heif", ".hif", ".jxl"),
)

REASONS = {
    FileNotFoundError: "no such file",
    IsADirectoryError: "it is a folder",
    FileExistsError: "it exists already",
}


@contextmanager
def about(action: str, name: str) -> Iterator[None]:
    """Turn what goes wrong with a file into an ImageError that names the file."""
    try:
        yield
    except ImageError as error:
        raise ImageError(f"cannot {action} {name}: {error}") from error
    except OSError as error:
        reason = REASONS.get(type(error))
        raise ImageError(f"cannot {action} {name}: {reason or (error.strerror or str(error)).lower()}") from error


def open(  # noqa: A001
    source: Source, *, size: int | None = None, max_pixels: int = MAX_PIXELS, page: int | None = 1
) -> Picture:
    """Read a picture from a path, encoded bytes or a binary stream.

    `size` is the most the long side may have; larger pictures are shrunk (quickly, for a JPEG), smaller ones never
    enlarged. `max_pixels` is refused from the header, before any memory is spent. The frames of an animation are
    decoded when asked for, from one thread at a time. `page`, from 1, is that of a TIFF file with several;
    None opens all of them.

    Raises ImageError for what is missing, not a picture, incomplete, damaged or too large.
    """
    if size is not None and size < 1:
        raise ValueError(f"size is {size}; it must be at least 1")
    name = _name(source)
    with about("read", name):
        if isinstance(source, bytes | bytearray | memoryview):
            data: bytes | Path = bytes(source)
        elif isinstance(source, str | os.PathLike):
            data = _path(source)
            if data.exists() and not (data.is_file() or data.is_dir()):
                raise ImageError("it is not an ordinary file; send what it gives to standard input")
        else:
            data = source.read()
        picture = decode(data, size=size, max_pixels=max_pixels, page=page)
    if not picture.animated:
        return picture

    def named(index: int) -> Frame:
        with about("read", name):
            return picture.frames[index]

    return replace(picture, frames=Frames(len(picture.frames), named))


def save(
    picture: Pixels,
    target: Target,
    *,
    format: str | None = None,  # noqa: A002
    quality: int | None = None,
    depth: int | None = None,
    overwrite: bool = False,
) -> None:
    """Write a picture, or just an image, to a path or a binary stream.

    An image is an array (H, W, 3) of floats in [0, 1] or uint8, or a Pillow image.

    `format` is a name or an extension; without it the target's extension decides (for a stream, the picture's own
    format). `quality`, 1 to 100, is 95 for JPEG (colour at full resolution), 90 for WebP and 80 for AVIF unless given;
    formats that lose nothing ignore it. `depth` is 8 or 16; by default as deep as the picture was where the format is
    PNG or TIFF, else 8. Every file carries an sRGB profile, and the picture's EXIF and XMP where the format has a place
    (GIF has none). JPEG has no alpha: the picture is laid on white. JPEG and TIFF hold the first frame of an animation.

    A file appears whole or not at all: it is written beside the target and renamed. An existing file stays as it is,
    even one that appears meanwhile, unless `overwrite`. Missing folders are made.

    Raises ImageError for a format that is unknown or cannot hold the picture, an existing file, and all that goes wrong
    on the way to the disk.
    """
    if not isinstance(picture, Picture):
        picture = Picture.of(as_image("the image", picture))
    with about("write", _name(target)):
        path = _path(target) if isinstance(target, str | os.PathLike) else None
        own = picture.format if picture.format in FORMATS else "PNG"
        kind = format_of(format or (path.suffix if path else own))
        _check_choices(kind, quality, depth)
        if path:
            _check_free(path, overwrite)  # before an animation is painted for nothing
        data = encode(picture, kind, quality=quality, depth=depth or picture.depth)
        if isinstance(target, str | os.PathLike):
            atomic.write_bytes(_path(target), data, overwrite=overwrite)
        else:
            target.write(data)


def find(folder: str | os.PathLike[str], *, recursive: bool = False) -> list[Path]:
    """List the picture files of a folder (and of those below it), by extension, 2 before 10.

    Hidden ones are left out, and so is all that lies in hidden folders, such as ``.thumbnails``.

    Raises ImageError where the folder is missing or cannot be read.
    """
    root = _path(folder)
    with about("read", str(root)):
        here = list(root.iterdir())  # fails where the folder cannot be read; the search below would find nothing
    paths = root.rglob("*") if recursive else here
    found = [path for path in paths if path.suffix.lower() in EXTENSIONS and path.is_file()]
    shown = (path for path in found if not any(part.startswith(".") for part in path.relative_to(root).parts))
    return sorted(shown, key=_natural)


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Sort numbers in names by their value, and names without regard to case."""
    parts = re.split(r"(\d+)", str(path).lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], str(path)


def _name(file: Source | Target) -> str:
    """Name a file in a message."""
    if isinstance(file, str | os.PathLike):
        return os.fspath(file)
    return str(getattr(file, "name", "the picture"))  # <stdin>, for one


def _path(file: str | os.PathLike[str]) -> Path:
    if "\0" in os.fspath(file):
        raise ImageError("a name cannot hold the character 0")
    return Path(file)


def _check_choices(kind: str, quality: int | None, depth: int | None) -> None:
    if quality is not None and not 1 <= quality <= 100:
        raise ImageError(f"quality is {quality}; it must be from 1 to 100")
    if depth not in (None, 8, 16):
        raise ImageError(f"depth is {depth}; it must be 8 or 16")
    if depth == 16 and not FORMATS[kind].deep:
        raise ImageError(f"{kind} holds 8 bits per channel; choose PNG or TIFF")


def _check_free(path: Path, overwrite: bool) -> None:
    if path.exists() and not path.is_file():
        raise ImageError("it is a folder" if path.is_dir() else "it is not an ordinary file")
    if path.exists() and not overwrite:
        raise ImageError("it exists already")
