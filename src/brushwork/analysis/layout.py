"""Embeddings on a plane, and their principal components."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from brushwork.runtime import Array

PERPLEXITY = 30.0  # of t-SNE, the effective number of neighbours, as its authors recommend


def plane(embeddings: Array, seed: int = 0) -> NDArray[np.float64]:
    """Return positions (N, 2) in [0, 1] of N embeddings (N, D) by t-SNE (van der Maaten and Hinton 2008).

    It starts from the first two principal components, so that the same embeddings give the same map.
    """
    if len(embeddings) < 4:
        return np.column_stack((np.linspace(0, 1, len(embeddings)), np.full(len(embeddings), 0.5)))
    perplexity = min(PERPLEXITY, (len(embeddings) - 1) / 3)
    places = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(embeddings).astype(np.float64)
    places -= places.min(axis=0)
    scaled: NDArray[np.float64] = places / np.maximum(places.max(), 1e-12)
    return scaled


class Components(NamedTuple):
    """The K = min(N, D) principal components of N embeddings (N, D)."""

    mean: Array  # (D,)
    axes: Array  # (K, D), unit vectors in falling order of variance
    deviations: Array  # (K,), standard deviations along the axes
    explained: NDArray[np.float64]  # (K,), fractions of the whole variance

    def keep(self, embeddings: Array, count: int) -> Array:
        """Return embeddings (M, D) projected on their first `count` components; 0 gives the mean."""
        axes = self.axes[:count]
        kept: Array = ((embeddings - self.mean) @ axes.T @ axes + self.mean).astype(np.float32)
        return kept

    def dimensions(self, fraction: float) -> int:
        """Return the number of components that explain a fraction of the variance."""
        return int(np.searchsorted(np.cumsum(self.explained), fraction - 1e-12) + 1)


def principal_components(embeddings: Array) -> Components:
    """Return the principal components of embeddings (N, D)."""
    found = PCA(svd_solver="full").fit(embeddings.astype(np.float64))
    axes = found.components_
    # The sign of a component is arbitrary; it is set so that the largest weight is positive.
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    return Components(
        found.mean_.astype(np.float32),
        (axes * signs[:, None]).astype(np.float32),
        np.sqrt(found.explained_variance_).astype(np.float32),
        found.explained_variance_ratio_,
    )
