"""Style embeddings over time, with smooth changes from one style to the next."""

import math
from collections.abc import Sequence

import numpy as np

from brushwork.errors import UserError
from brushwork.runtime import Array
from brushwork.video import times

FADE = 1.0  # seconds from one style to the next


def parse_change(text: str) -> tuple[float, str]:
    """Parse a time and a style such as ``0:05=other.jpg``; return seconds and the style.

    Raises:
        UserError: If the text is not a time and a style.
    """
    when, separator, style = text.partition("=")
    if not separator or not style:
        raise UserError(f"--at needs a time and a style, such as 0:05=other.jpg, not {text!r}")
    return times.parse(when), style


def smoothstep(position: float) -> float:
    """Return ``x^2 (3 - 2 x)`` of a position clipped to [0, 1], which has zero slope at both ends."""
    x = min(max(position, 0.0), 1.0)
    return x * x * (3 - 2 * x)


class Timeline:
    """Style embeddings over time.

    Args:
        first: Embedding (1, D) at the start.
        changes: Pairs of the time in seconds at which a change begins and the new embedding (1, D).
        fade: Duration of each change in seconds.

    Raises:
        UserError: If the times do not increase, or the fade is negative or infinite.
    """

    def __init__(self, first: Array, changes: Sequence[tuple[float, Array]] = (), fade: float = FADE) -> None:
        check_changes([seconds for seconds, _ in changes], fade)
        self._first, self._changes, self._fade = first, tuple(changes), fade

    def at(self, seconds: float) -> Array:
        """Return the embedding (1, D) at a time in seconds; each change follows `smoothstep`."""
        embedding = self._first
        for begin, target in self._changes:
            if seconds < begin:
                break
            fraction = np.float32(smoothstep((seconds - begin) / self._fade) if self._fade else 1.0)
            # Exactly the target at the end, so that all frames after a change have the same numbers.
            embedding = target if fraction == 1 else embedding + fraction * (target - embedding)
        return embedding


def check_changes(seconds: Sequence[float], fade: float) -> None:
    """Raise `UserError` if the times of changes do not increase, or the fade is negative or infinite."""
    if list(seconds) != sorted(set(seconds)):
        raise UserError("the times of --at must increase")
    if not 0 <= fade < math.inf:
        raise UserError(f"the fade is {fade:g}; it must be 0 or more seconds")
