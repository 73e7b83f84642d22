"""Styles over the time of a clip: an embedding at every state, moved smoothly from one to the next."""

import math
from collections.abc import Sequence

import numpy as np

from brushwork.errors import UserError
from brushwork.runtime import Array
from brushwork.video import times

FADE = 1.0  # seconds in which one style becomes the next


def parse_change(text: str) -> tuple[float, str]:
    """Seconds and style of ``0:05=other.jpg``.

    Raises:
        UserError: If the text is no such change.
    """
    when, separator, style = text.partition("=")
    if not separator or not style:
        raise UserError(f"--at takes a time and a style, such as 0:05=other.jpg, not {text!r}")
    return times.parse(when), style


class Timeline:
    """The embedding of every state.

    Args:
        first: Embedding (1, D) of the beginning.
        changes: Seconds at which the move to an embedding (1, D) begins.
        fade: Seconds a move takes.

    Raises:
        UserError: If the seconds do not rise.
    """

    def __init__(self, first: Array, changes: Sequence[tuple[float, Array]] = (), fade: float = FADE) -> None:
        check_changes([seconds for seconds, _ in changes], fade)
        self._first, self._changes, self._fade = first, tuple(changes), fade

    def at(self, seconds: float) -> Array:
        """The embedding (1, D) of a state: each move eases in and out, ``x^2 (3 - 2 x)`` of the way."""
        embedding = self._first
        for begin, target in self._changes:
            if seconds < begin:
                break
            way = min(1.0, (seconds - begin) / self._fade) if self._fade else 1.0
            # Exactly the target at the end, so that a style that has come stays the same array of numbers.
            share = np.float32(way * way * (3 - 2 * way))
            embedding = target if way == 1 else embedding + share * (target - embedding)
        return embedding


def check_changes(seconds: Sequence[float], fade: float) -> None:
    """Raises `UserError` where the times of changes do not rise, or a move would take less than no time."""
    if list(seconds) != sorted(set(seconds)):
        raise UserError("the times of --at must rise")
    if not 0 <= fade < math.inf:
        raise UserError(f"the fade is {fade:g}; it must be 0 or more seconds")
