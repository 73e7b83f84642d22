"""Recognises picture files by their first bytes and their header, without decoding pixels."""

from pathlib import Path

from brushwork.images import header, pillow
from brushwork.images.decoder_errors import one_line
from brushwork.images.formats import FORMATS, ImageError, sniff


def format_in(path: Path) -> str | None:
    """Return the format of a picture file from its first bytes; None if it is not a picture."""
    if not path.is_file():  # a pipe would be emptied
        return None
    try:
        with path.open("rb") as file:
            return sniff(file.read(64))
    except (ImageError, OSError):
        return None


def is_pastiche(path: Path) -> bool:
    """Return whether a picture file is marked as a pastiche of an earlier run; see `Metadata.marked`."""
    kind = format_in(path)
    if kind is None or kind not in FORMATS:
        return False
    try:
        with path.open("rb") as file, one_line():
            opened = None if kind in ("TIFF", "PNG") else pillow.open_file(file, kind)
            return header.read(file, kind, opened).metadata.is_marked
    except (ImageError, OSError):  # opening it later reports the reason
        return False
