"""Errors that a user can put right: one line each, with the nearest valid choice, and no traceback."""

from collections.abc import Collection

FEW = 10  # names that a message may list in full


class UserError(Exception):
    """Something the user can put right; the message is one line that says what."""


def nearest(wanted: str, known: Collection[str]) -> str | None:
    """Return the known name that is most like the wanted one, without regard to case; None if none is like it."""
    import difflib

    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(wanted.lower(), names, n=1, cutoff=0.5)
    return names[near[0]] if near else None


def unknown(kind: str, wanted: str, known: Collection[str]) -> str:
    """Return the message about an unknown name: the nearest known one, and all of them where they are few.

    >>> unknown("optimizer", "adan", ["lbfgs", "adam"])
    "unknown optimizer 'adan'; did you mean 'adam'? known: lbfgs, adam"
    """
    near = nearest(wanted, known)
    hint = f" did you mean {near!r}?" if near else ""
    listed = f" known: {', '.join(known)}" if len(known) <= FEW or not near else ""
    return f"unknown {kind} {wanted!r};{hint}{listed}"


def in_one_line(error: BaseException) -> str:
    """What went wrong, in one line, for errors of ours, of the system and of memory."""
    if isinstance(error, MemoryError):
        return "not enough memory; try --size"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'standard output'}: {error.strerror.lower()}"
    return " ".join(str(error).split())
