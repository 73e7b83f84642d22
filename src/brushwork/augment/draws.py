"""Random draws for pictures: whether a picture is stylised, the strength, and the generator of its style."""

import multiprocessing
import os
import secrets
import zlib
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from brushwork.errors import UserError
from brushwork.rendering.settings import check_strength

# Numbers that identify a picture and its epoch, such as (epoch, index).
Sample: TypeAlias = int | Sequence[int]


class Draw(NamedTuple):
    """The draws for one picture."""

    wanted: bool
    strength: float
    generator: np.random.Generator


class Draws:
    """Draws that depend on a seed and on the picture's numbers, or on the process and the previous calls.

    Args:
        p: Probability that a picture is stylised.
        strength: Range (lowest, highest) of the strength, which is drawn uniformly.
        seed: Seed of all draws; None for different ones in each run.

    Raises:
        UserError: If a value is out of its range.
    """

    def __init__(self, p: float, strength: tuple[float, float], seed: int | None) -> None:
        if not 0 <= p <= 1:
            raise UserError(f"p is {p}; it must be between 0 and 1")
        low, high = strength
        for each in (low, high):
            check_strength(each)
        if low > high:
            raise UserError(f"the range of the strength is {low} to {high}; give the lower one first")
        if seed is not None and seed < 0:
            raise UserError(f"the seed is {seed}; it must be 0 or more")
        self.p, self.low, self.high = p, low, high
        self._seed = secrets.randbits(64) if seed is None else seed
        self._maker = os.getpid()
        self._calls = 0

    def draw(self, sample: Sample | None) -> Draw:
        """Return the draws for a picture.

        Args:
            sample: Numbers of the picture, each 0 or more; the draws are a function of the seed and these numbers.
                None for draws that differ from all previous ones, in this and every other worker.
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
    """Return numbers of this process that no other worker has, the same in each run of a program.

    A worker starts as a copy of its parent, and its draws must differ from those of its siblings. Processes of
    multiprocessing are numbered in the order of their start, so those of the next epoch have other names; a bare
    `os.fork` sets no name, and leaves only the process ID, which differs in each run.
    """
    if multiprocessing.parent_process() is not None:
        return 1, zlib.crc32(multiprocessing.current_process().name.encode())
    return (1, 0) if os.getpid() == maker else (2, os.getpid())
