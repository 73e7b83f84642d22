"""Neighbours in the space of embeddings: the nearest styles, and the fraction with the same label."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from brushwork.errors import UserError
from brushwork.runtime import Array


def nearest(embeddings: Array, wanted: Array, count: int = 10) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return indices (M, K) and Euclidean distances (M, K) of the nearest of N embeddings (N, D) to M others (M, D).

    K is `count`, or N if there are fewer.

    Raises:
        UserError: If the count is below 1.
    """
    if count < 1:
        raise UserError(f"the count is {count}; it must be at least 1")
    index = NearestNeighbors(n_neighbors=min(count, len(embeddings)), algorithm="brute").fit(embeddings)
    distances, numbers = index.kneighbors(wanted)
    return numbers, distances


def neighbours(points: Array, count: int) -> NDArray[np.int64]:
    """Return the indices (N, K) of the nearest other points of each of N points (N, D)."""
    index = NearestNeighbors(n_neighbors=min(count, len(points) - 1), algorithm="brute").fit(points)
    numbers: NDArray[np.int64] = index.kneighbors(return_distance=False)
    return numbers


def same_label(points: Array, labels: Sequence[str], counts: Sequence[int]) -> dict[int, float]:
    """Return, for each count K, the fraction of the K nearest other points of N points (N, D) with the same label.

    All points have equal weight.
    """
    found, names = neighbours(points, max(counts)), np.asarray(labels)
    same = names[found] == names[:, None]
    return {count: float(same[:, :count].mean()) for count in counts}


def chance(labels: Sequence[str]) -> float:
    """Return the fraction of pairs of points with the same label, which random neighbours would have."""
    counts = np.asarray(list(Counter(labels).values()), dtype=np.float64)
    total = counts.sum()
    return float((counts * (counts - 1)).sum() / (total * (total - 1)))


def frequent(labels: Sequence[str | None], least: int) -> list[int]:
    """Return the indices of the points whose label has at least `least` points."""
    counts = Counter(label for label in labels if label is not None)
    return [number for number, label in enumerate(labels) if label is not None and counts[label] >= least]
