"""Opens, saves and finds picture files.

Errors are `ImageError`: one line that names the file.
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

MAX_PIXELS = 400_000_000  # about 5 GB as an image; even a tiny file can claim any size
EXTENSIONS = (
    *(extension for known in FORMATS.values() for extension in known.extensions),
    *(".bmp", ".heic", ".heif", ".hif", ".jxl"),
)

REASONS = {
    FileNotFoundError: "no such file",
    IsADirectoryError: "it is a folder",
    FileExistsError: "it already exists",
}


@contextmanager
def about(action: str, name: str) -> Iterator[None]:
    """Convert errors of a file to an `ImageError` that names the file."""
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

    The frames of an animation are decoded on access and must be accessed from one thread at a time.

    Args:
        source: Path, contents or binary stream of the file.
        size: Limit of the long side in pixels: larger pictures are shrunk (quickly, for a JPEG), smaller ones are
            never enlarged.
        max_pixels: Limit of width x height, checked in the header before memory is allocated.
        page: Page of a TIFF file, from 1; None opens all pages.

    Raises:
        ImageError: If the file is missing, not a picture, incomplete, damaged or too large.
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
                raise ImageError("it is not a regular file; send its contents to standard input")
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
    """Write a picture or an image to a path or a binary stream.

    The file is written atomically, and missing folders are created. It has an sRGB profile and, if the format supports
    them, the picture's EXIF and XMP (GIF does not). JPEG has no alpha, so the picture is put on white. JPEG and TIFF
    store the first frame of an animation.

    Args:
        picture: A picture, an array (H, W, 3) of floats in [0, 1] or uint8, or a Pillow image.
        target: Path or binary stream.
        format: Name or extension of a format; None for that of the target's extension, or for a stream that of the
            picture.
        quality: 1 to 100; None for 95 with JPEG (colour at full resolution), 90 with WebP and 80 with AVIF. Lossless
            formats ignore it.
        depth: 8 or 16 bits per channel; None for the depth of the picture with PNG and TIFF, else 8.
        overwrite: Whether an existing file may be replaced, including one that appears while this one is written.

    Raises:
        ImageError: If the format is unknown or cannot hold the picture, the file exists, or it cannot be written.
    """
    if not isinstance(picture, Picture):
        picture = Picture.of(as_image("the image", picture))
    with about("write", _name(target)):
        path = _path(target) if isinstance(target, str | os.PathLike) else None
        own = picture.format if picture.format in FORMATS else "PNG"
        kind = format_of(format or (path.suffix if path else own))
        _check_choices(kind, quality, depth)
        if path:
            _check_free(path, overwrite)  # before an animation is rendered in vain
        data = encode(picture, kind, quality=quality, depth=depth or picture.depth)
        if isinstance(target, str | os.PathLike):
            atomic.write_bytes(_path(target), data, overwrite=overwrite)
        else:
            target.write(data)


def encoded(picture: Picture, kind: str, *, quality: int | None = None, depth: int | None = None) -> bytes:
    """Return the bytes of a file of a picture; see `save`.

    A server sends them. A stream in between would copy the file with the interpreter lock held.

    Raises:
        ImageError: If the format `kind` of `FORMATS` cannot hold the picture.
    """
    with about("write", "the picture"):
        _check_choices(kind, quality, depth)
        return encode(picture, kind, quality=quality, depth=depth or picture.depth)


def find(folder: str | os.PathLike[str], *, recursive: bool = False) -> list[Path]:
    """Return the picture files of a folder by extension, sorted with 2 before 10.

    Hidden files and the contents of hidden folders, such as ``.thumbnails``, are skipped.

    Args:
        folder: The folder.
        recursive: Whether to include subfolders at any depth.

    Raises:
        ImageError: If the folder is missing or cannot be read.
    """
    root = _path(folder)
    with about("read", str(root)):
        here = list(root.iterdir())  # raises if the folder cannot be read; the search below would find nothing
    paths = root.rglob("*") if recursive else here
    found = [path for path in paths if path.suffix.lower() in EXTENSIONS and path.is_file()]
    shown = (path for path in found if not any(part.startswith(".") for part in path.relative_to(root).parts))
    return sorted(shown, key=_natural)


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Return a sort key that compares numbers in names by value and ignores case."""
    parts = re.split(r"(\d+)", str(path).lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], str(path)


def _name(file: Source | Target) -> str:
    """Return the name of a file for messages."""
    if isinstance(file, str | os.PathLike):
        return os.fspath(file)
    return str(getattr(file, "name", "the picture"))  # for example <stdin>


def _path(file: str | os.PathLike[str]) -> Path:
    if "\0" in os.fspath(file):
        raise ImageError("a file name cannot contain the character 0")
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
        raise ImageError("it is a folder" if path.is_dir() else "it is not a regular file")
    if path.exists() and not overwrite:
        raise ImageError("it already exists")
