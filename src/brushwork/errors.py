"""Errors that a user can correct: one line each, with the nearest valid choice and no traceback."""

from collections.abc import Collection

FEW = 10  # most names that a message lists in full


class UserError(Exception):
    """An error that the user can correct; the message is one line that explains it."""


def nearest(wanted: str, known: Collection[str]) -> str | None:
    """Return the known name most similar to the wanted one, ignoring case; None if none is similar."""
    import difflib

    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(wanted.lower(), names, n=1, cutoff=0.5)
    return names[near[0]] if near else None


def unknown(kind: str, wanted: str, known: Collection[str]) -> str:
    """Return the message for an unknown name, with the nearest known name, and all known names if they are few.

    >>> unknown("optimizer", "adan", ["lbfgs", "adam"])
    "unknown optimizer 'adan'; did you mean 'adam'? known: lbfgs, adam"
    """
    near = nearest(wanted, known)
    hint = f" did you mean {near!r}?" if near else ""
    listed = f" known: {', '.join(known)}" if len(known) <= FEW or not near else ""
    return f"unknown {kind} {cut(wanted)!r};{hint}{listed}"


def cut(text: str, length: int = 100) -> str:
    """Return a text for a message, cut to a number of characters if it is longer.

    >>> cut("stormy sea", 8)
    'stormy …'
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


def in_one_line(error: BaseException) -> str:
    """Return a one-line message for an error of brushwork, the operating system or memory."""
    if isinstance(error, MemoryError):
        return "not enough memory; try --size"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'standard output'}: {error.strerror.lower()}"
    return " ".join(str(error).split())
