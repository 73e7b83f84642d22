"""What a user calls a style: a picture file, the name of a style that the model knows, or words."""

from collections.abc import Collection
from functools import lru_cache
from os import PathLike
from pathlib import Path

from brushwork.errors import FEW, UserError, nearest
from brushwork.images import EXTENSIONS
from brushwork.styles.gallery import Gallery, NamedStyle
from brushwork.styles.text_vectors import split_words
from brushwork.styles.words import PREFIX, WordMap, style_of

LONGEST_LABEL = 60  # letters


def resolve(style: str | PathLike[str], gallery: Gallery, *, files: bool) -> Path | NamedStyle:
    """Return the picture file or the named style that a user means.

    Where files may be read, a file wins over a named style, and what looks like the path of a picture is one; who opens
    it says what is wrong with it. What begins with ``words:`` is described, see `brushwork.styles.words`. A style of
    the user's own wins over one of that name that comes with the model. A model with a table of styles takes no
    pictures.

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
    if name.startswith(PREFIX):
        return style_of(name.removeprefix(PREFIX).strip(), word_map_of(gallery), gallery.styles)
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


def word_map_of(gallery: Gallery) -> WordMap:
    """Return the map from words to embeddings of a model.

    Raises:
        UserError: If the model has none.
    """
    if gallery.words is None:
        raise UserError("this model takes no words as a style; the default model does (brushwork train-words)")
    return _read(gallery.words)


@lru_cache(maxsize=4)
def _read(path: Path) -> WordMap:
    return WordMap.read(path)


def label_of(style: str) -> str:
    """Return what stands for a style in the names of files and in lists: a picture's name without its ending."""
    if style.startswith(PREFIX):
        return "-".join(split_words(style.removeprefix(PREFIX)))[:LONGEST_LABEL] or "words"
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
