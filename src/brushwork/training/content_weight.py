"""Adapts the weight of the content loss while a style is learned."""

import math
from collections import deque

import numpy as np

LEAST_WEIGHT, FIRST_WEIGHT, MOST_WEIGHT = 0.2, 1.4, 5.0
# Control of the logarithm of the weight: factors of the change of the content loss and of the sum of its changes. The
# sum alone is slow: the weight rises at first and takes hundreds of steps to fall again, while the content loss is 7 %
# too low and the style suffers; with a gain of 0.2 the content loss swings.
GAIN = 0.05
PROPORTIONAL = 4.0
RECENT = 20  # steps over which the change is averaged
# Aim of the change on the squares that are learned: unseen photos lose about 2 % more of their content.
AIM = -0.02


class ContentWeight:
    """The weight of the content loss, which keeps that loss `AIM` below what it was at first, on average.

    It is a Lagrange multiplier with a proportional-integral controller (Stooke et al. 2020, *Responsive safety in
    reinforcement learning by PID Lagrangian methods*). A penalty on each square above its own first loss would allow
    less, for squares differ.
    """

    def __init__(self) -> None:
        self.weight = FIRST_WEIGHT
        self._sum = math.log(FIRST_WEIGHT)
        self._recent = deque[float](maxlen=RECENT)

    def update(self, change: float) -> None:
        """Take the logarithm of a square's content loss relative to its first."""
        self._recent.append(change)
        mean = float(np.mean(self._recent)) - AIM
        self._sum = _limited(self._sum + GAIN * mean)
        self.weight = math.exp(_limited(self._sum + PROPORTIONAL * mean))


def _limited(logarithm: float) -> float:
    return min(math.log(MOST_WEIGHT), max(math.log(LEAST_WEIGHT), logarithm))
