"""Resolves what a user calls a style: a picture file, a named style, or words."""

from collections.abc import Collection, Iterable
from functools import lru_cache
from os import PathLike
from pathlib import Path

from brushwork.errors import FEW, UserError, cut, nearest
from brushwork.images import EXTENSIONS
from brushwork.styles.gallery import Gallery, NamedStyle
from brushwork.styles.text_vectors import split_words
from brushwork.styles.word_map import WordMap
from brushwork.styles.words import style_of, text_of

LONGEST_LABEL = 60  # letters


def resolve(style: str | PathLike[str], gallery: Gallery, *, files: bool) -> Path | NamedStyle:
    """Return the picture file or the named style that a user means.

    If files may be read, a file takes precedence over a named style, and text that looks like a picture's path is
    returned as a path even if the file does not exist. Text after ``words:`` describes a style, see
    `brushwork.styles.words`. The user's own style takes precedence over a model's style of the same name. A model with
    a table of styles takes no pictures.

    Args:
        style: A name or a path; a path object always means a file.
        gallery: Named styles of the model.
        files: Whether files may be read; False for requests from the network.

    Raises:
        UserError: If it is neither; the message suggests the nearest name.
    """
    if style == "":
        raise UserError("a style has an empty name")
    files = files and not gallery.table
    name, path = str(style), Path(style)
    if files and (isinstance(style, PathLike) or _is_file(path)):
        return path
    if (text := text_of(name)) is not None:
        return style_of(text, word_map_of(gallery), gallery.styles)
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
    raise UserError(f"no picture {cut(name)!r}, and {message}")


def notices_of(styles: Iterable[str], gallery: Gallery) -> list[str]:
    """Return notices about styles, such as words that are unknown, each line once; arguments as in `resolve`."""
    found = (resolve(style, gallery, files=True) for style in styles)
    return list(dict.fromkeys(line for each in found if isinstance(each, NamedStyle) for line in each.notices))


def word_map_of(gallery: Gallery) -> WordMap:
    """Return the word map of a model.

    Raises:
        UserError: If the model has none.
    """
    if gallery.words is None:
        raise UserError("this model cannot turn words into a style; the default model can (see brushwork train-words)")
    return _read(gallery.words)


@lru_cache(maxsize=4)
def _read(path: Path) -> WordMap:
    return WordMap.read(path)


def label_of(style: str) -> str:
    """Return the label of a style for file names and lists: for a picture, its file name without the suffix."""
    if (text := text_of(style)) is not None:
        return "-".join(split_words(text))[:LONGEST_LABEL] or "words"
    return Path(style).stem


def _is_file(path: Path) -> bool:
    """Return whether a path is a file; a folder of that name does not hide a named style."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # for example, too long for a file name
        return False


def _unknown(name: str, known: Collection[str]) -> str:
    if not known:
        return f"no style {cut(name)!r}: this model has no named styles"
    near = nearest(name, known)
    hint = f" did you mean {near!r}?" if near else ""
    rest = f"known styles: {', '.join(known)}" if len(known) <= FEW else f"brushwork styles lists all {len(known)}"
    return f"no style {cut(name)!r};{hint} {rest}"
