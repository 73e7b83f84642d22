"""The distribution of a model's style embeddings (mean and covariance), from which random styles are drawn.

A normal distribution with the mean and covariance of the training styles' embeddings yields new styles that vary as
much as the training styles do (Jackson et al. 2018, *Style augmentation*, arXiv 1809.05375, section 3.2).
"""

import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from brushwork.errors import UserError
from brushwork.model_folder import STYLE_DISTRIBUTION, ModelError, ModelFolder
from brushwork.runtime import Array
from brushwork.styles.gallery import Gallery


@dataclass(frozen=True, eq=False)
class StyleDistribution:
    """A normal distribution of embeddings.

    Attributes:
        mean: (D,).
        covariance: (D, D).
        count: Number of embeddings that both were computed from.
    """

    mean: Array
    covariance: Array
    count: int

    @classmethod
    def of(cls, embeddings: Array) -> "StyleDistribution":
        """Return the distribution of embeddings (N, D) with N >= 2."""
        values = embeddings.astype(np.float64)
        covariance = np.cov(values, rowvar=False).astype(np.float32)
        return cls(values.mean(axis=0).astype(np.float32), covariance, len(values))

    @cached_property
    def _root(self) -> NDArray[np.float64]:
        """Matrix (D, D) whose product with its transpose is the covariance."""
        variances, axes = np.linalg.eigh(self.covariance.astype(np.float64))
        # The signs of eigenvectors are arbitrary. Fixing them makes a seed give the same style with every LAPACK build.
        axes *= np.where(axes[np.abs(axes).argmax(axis=0), range(len(axes))] < 0, -1, 1)
        root: NDArray[np.float64] = axes * np.sqrt(np.maximum(variances, 0))
        return root

    def draw(self, generator: np.random.Generator) -> Array:
        """Return a random embedding (1, D)."""
        numbers = generator.standard_normal(len(self.mean))
        return np.asarray(self.mean + self._root @ numbers, dtype=np.float32)[None]

    def write(self, folder: Path) -> None:
        """Write the file of a model folder; afterwards ``config.json`` must be rewritten for its digest."""
        buffer = io.BytesIO()
        np.savez(buffer, mean=self.mean, covariance=self.covariance, count=np.int64(self.count))
        (folder / STYLE_DISTRIBUTION).write_bytes(buffer.getvalue())


def read(folder: ModelFolder) -> StyleDistribution:
    """Return the distribution of a model's styles, or that of its named styles if the folder has no file for it.

    Raises:
        UserError: If the model has neither or the file cannot be read.
    """
    path = folder.path / STYLE_DISTRIBUTION
    if path.is_file():
        try:
            with np.load(path, allow_pickle=False) as values:
                found = StyleDistribution(values["mean"], values["covariance"], int(values["count"]))
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ModelError(f"{path} cannot be read: {error}") from None
        size = folder.embedding_size
        if (found.mean.shape, found.covariance.shape) != ((size,), (size, size)):
            raise ModelError(f"{path} belongs to another model: embeddings of this model have {size} numbers")
        return found
    named = list(Gallery(folder).styles.values())
    if len(named) < 2:
        raise UserError(f"model {folder.name} has no distribution of styles; pass style pictures or embeddings")
    return StyleDistribution.of(np.concatenate([each.at(folder.card.style_size) for each in named]))
