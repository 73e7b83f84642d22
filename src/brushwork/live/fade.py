"""An embedding that moves from one style to another over time."""

import time
from collections.abc import Callable

import numpy as np

from brushwork.runtime import Array
from brushwork.video.timeline import smoothstep

FADE = 0.5  # seconds from one style to another


class Fade:
    """The current embedding, which moves to that of the style chosen last.

    Args:
        embedding: The first embedding (1, D).
        clock: Returns the time in seconds.
    """

    def __init__(self, embedding: Array, clock: Callable[[], float] = time.monotonic) -> None:
        self._from = self._target = embedding
        self._clock, self._since = clock, -FADE

    def to(self, embedding: Array) -> None:
        """Start to move from the current embedding to another one (1, D)."""
        self._from, self._since, self._target = self.now(), self._clock(), embedding

    def now(self) -> Array:
        """Return the current embedding (1, D); exactly the chosen one after `FADE` seconds."""
        fraction = np.float32(smoothstep((self._clock() - self._since) / FADE))
        if fraction == 1:
            return self._target
        return np.asarray(self._from + fraction * (self._target - self._from), np.float32)
