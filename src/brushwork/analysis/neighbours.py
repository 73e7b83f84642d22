"""Neighbours in the space of embeddings: the nearest styles, and how often they share a label."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from brushwork.errors import UserError
from brushwork.runtime import Array


def nearest(embeddings: Array, wanted: Array, count: int = 10) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the numbers (M, K) and the Euclidean distances (M, K) of the nearest of N embeddings (N, D) to M (M, D).

    K is `count`, or N where there are fewer.

    Raises:
        UserError: If the count is below 1.
    """
    if count < 1:
        raise UserError(f"the count is {count}; it must be at least 1")
    index = NearestNeighbors(n_neighbors=min(count, len(embeddings)), algorithm="brute").fit(embeddings)
    distances, numbers = index.kneighbors(wanted)
    return numbers, distances


def neighbours(points: Array, count: int) -> NDArray[np.int64]:
    """Return the numbers (N, K) of the nearest others of each of N points (N, D)."""
    index = NearestNeighbors(n_neighbors=min(count, len(points) - 1), algorithm="brute").fit(points)
    numbers: NDArray[np.int64] = index.kneighbors(return_distance=False)
    return numbers


def same_label(points: Array, labels: Sequence[str], counts: Sequence[int]) -> dict[int, float]:
    """Return, for each count K, the fraction of the K nearest others of N points (N, D) that have the same label.

    A point's own place does not count as its neighbour; all points weigh alike.
    """
    found, names = neighbours(points, max(counts)), np.asarray(labels)
    same = names[found] == names[:, None]
    return {count: float(same[:, :count].mean()) for count in counts}


def chance(labels: Sequence[str]) -> float:
    """Return the fraction of pairs of two of N points that have the same label: what random neighbours would share."""
    counts = np.asarray(list(Counter(labels).values()), dtype=np.float64)
    total = counts.sum()
    return float((counts * (counts - 1)).sum() / (total * (total - 1)))


def common(labels: Sequence[str | None], least: int) -> list[int]:
    """Return the numbers of the points whose label at least so many points have."""
    counts = Counter(label for label in labels if label is not None)
    return [number for number, label in enumerate(labels) if label is not None and counts[label] >= least]
