"""What is drawn at random for one picture: whether it is stylised, how strongly, and the generator of its style."""

import multiprocessing
import os
import secrets
import zlib
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from brushwork.errors import UserError
from brushwork.rendering.settings import check_strength

# What names a picture and its epoch, such as (epoch, index).
Sample: TypeAlias = int | Sequence[int]


class Draw(NamedTuple):
    """What was drawn for one picture."""

    wanted: bool
    strength: float
    generator: np.random.Generator


class Draws:
    """Draws that depend on a seed and on the picture's own numbers, or else on the process and the calls before.

    Args:
        p: Probability that a picture is stylised.
        strength: Range (lowest, highest) of the strength, drawn evenly.
        seed: Settles all draws; None for other ones in each run.

    Raises:
        UserError: If a value is out of its range.
    """

    def __init__(self, p: float, strength: tuple[float, float], seed: int | None) -> None:
        if not 0 <= p <= 1:
            raise UserError(f"p is {p}; it is a probability, from 0 to 1")
        low, high = strength
        for each in (low, high):
            check_strength(each)
        if low > high:
            raise UserError(f"the strength is drawn from {low} to {high}; give the lower one first")
        if seed is not None and seed < 0:
            raise UserError(f"the seed is {seed}; it must be 0 or more")
        self.p, self.low, self.high = p, low, high
        self._seed = secrets.randbits(64) if seed is None else seed
        self._maker = os.getpid()
        self._calls = 0

    def draw(self, sample: Sample | None) -> Draw:
        """Return what is drawn for a picture.

        Args:
            sample: Its numbers, each 0 or more: the draw is a function of the seed and of these alone. None for a draw
                that differs from all before it, in this and in every other worker.
        """
        if sample is None:
            numbers = (*_process(self._maker), self._calls)
            self._calls += 1
        else:
            numbers = (0, *np.atleast_1d(np.asarray(sample, dtype=np.uint64)).tolist())
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(self._seed, spawn_key=numbers)))
        wanted = bool(generator.random() < self.p)
        return Draw(wanted, float(generator.uniform(self.low, self.high)), generator)


def _process(maker: int) -> tuple[int, int]:
    """Numbers of this process that no other worker has, the same in each run of a program.

    A worker begins as a copy of what made it, so its draws must not be those of its siblings. Processes of
    multiprocessing are numbered in the order in which they start, so those of the next epoch have other names; a bare
    `os.fork` gives no name, and only the number of the process, which is another in each run.
    """
    if multiprocessing.parent_process() is not None:
        return 1, zlib.crc32(multiprocessing.current_process().name.encode())
    return (1, 0) if os.getpid() == maker else (2, os.getpid())
