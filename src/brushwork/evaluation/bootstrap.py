"""Confidence intervals of means over pairs, by bootstrap."""

from collections.abc import Sequence

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95


def interval(values: Sequence[float], *, geometric: bool = False, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of the mean, from percentiles of 2,000 means of resampled pairs (Efron 1979).

    It is the uncertainty of a mean due to the choice of the pairs; the difference of two models that were evaluated on
    the same pairs is less uncertain than their intervals suggest.

    Args:
        values: One or more values, one for each pair; above 0 if the mean is geometric.
        geometric: Whether the mean is geometric.
        seed: Seed of the resampling.
    """
    numbers = np.log(values) if geometric else np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(len(numbers), size=(RESAMPLES, len(numbers)))
    low, high = np.quantile(numbers[drawn].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return (float(np.exp(low)), float(np.exp(high))) if geometric else (float(low), float(high))
