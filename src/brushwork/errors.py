"""What is said to a user when something cannot be done: one line, no traceback."""


class UserError(Exception):
    """Something the user can put right; the message is one line that says what."""


def in_one_line(error: BaseException) -> str:
    """What went wrong, in one line, for errors of ours, of the system and of memory."""
    if isinstance(error, MemoryError):
        return "not enough memory; try --size"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'standard output'}: {error.strerror.lower()}"
    return " ".join(str(error).split())
