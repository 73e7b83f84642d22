"""Places named styles on a plane where similar styles lie close together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from brushwork.runtime import Array


def positions(embeddings: Sequence[Array]) -> NDArray[np.float64]:
    """Return positions (N, 2) in [0, 1] of N embeddings (D,).

    Each axis is a principal component, replaced by ranks: evenly spaced positions avoid dense clusters.
    """
    values = np.stack(embeddings).astype(np.float64)  # (N, D)
    if len(values) == 1:
        return np.full((1, 2), 0.5)
    axes = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)[2][:2]
    # The sign of a component is arbitrary; making its largest weight positive fixes the map.
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    places = (values - values.mean(axis=0)) @ axes.T  # (N, 1 or 2)
    ranks = places.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") / (len(values) - 1)
    return np.column_stack((ranks, np.full(len(values), 0.5)))[:, :2]
