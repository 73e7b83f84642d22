"""What a user calls a style: a picture file, or the name of a style that the model knows."""

from collections.abc import Collection
from os import PathLike
from pathlib import Path

from brushwork.errors import FEW, UserError, nearest
from brushwork.images import EXTENSIONS
from brushwork.styles.gallery import Gallery, NamedStyle


def resolve(style: str | PathLike[str], gallery: Gallery, *, files: bool) -> Path | NamedStyle:
    """Return the picture file or the named style that a user means.

    Where files may be read, a file wins over a named style, and what looks like the path of a picture is one; who opens
    it says what is wrong with it. A style of the user's own wins over one of that name that comes with the model. A
    model with a table of styles takes no pictures.

    Args:
        style: A name or a path; a path object is always a file.
        gallery: The named styles of the model.
        files: Whether files may be read; False for what comes from the network.

    Raises:
        UserError: If it is neither; the message has the nearest name.
    """
    files = files and not gallery.table
    name, path = str(style), Path(style)
    if files and (isinstance(style, PathLike) or _is_file(path)):
        return path
    known = gallery.styles
    if name in known:
        return known[name]
    if name in gallery.refused:
        raise UserError(gallery.refused[name])
    message = _unknown(name, known)
    if not files:
        raise UserError(message)
    if not known or len(path.parts) != 1 or path.suffix.lower() in EXTENSIONS:
        return path
    raise UserError(f"no picture {name!r}, and {message}")


def label_of(style: str) -> str:
    """Return what stands for a style in the names of files and in lists: a picture's name without its ending."""
    return Path(style).stem


def _is_file(path: Path) -> bool:
    """Whether a path is a file; a folder beside the pictures must not hide a name."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a file's name, for one
        return False


def _unknown(name: str, known: Collection[str]) -> str:
    if not known:
        return f"no style {name!r}: this model has no named styles"
    near = nearest(name, known)
    hint = f" did you mean {near!r}?" if near else ""
    rest = f"this model knows: {', '.join(known)}" if len(known) <= FEW else f"brushwork styles lists all {len(known)}"
    return f"no style {name!r};{hint} {rest}"
