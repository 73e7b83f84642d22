"""Confidence intervals of means over pairs, by bootstrap: how much a mean owes to the choice of the pairs."""

from collections.abc import Sequence

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95


def interval(values: Sequence[float], *, geometric: bool = False, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of the mean, from percentiles of 2,000 means of pairs drawn again (Efron 1979).

    It says how uncertain a mean is because of these pairs and not others; two models that were judged on the same
    pairs differ by less than their intervals suggest.

    Args:
        values: One or more values, one a pair; above 0 where the mean is geometric.
        geometric: Whether the mean is geometric.
        seed: Settles which pairs are drawn.
    """
    numbers = np.log(values) if geometric else np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(len(numbers), size=(RESAMPLES, len(numbers)))
    low, high = np.quantile(numbers[drawn].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return (float(np.exp(low)), float(np.exp(high))) if geometric else (float(low), float(high))
