"""The styles from which random ones are drawn: a distribution, named styles, pictures or embeddings."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from brushwork.batch.inputs import expand_styles
from brushwork.errors import UserError
from brushwork.model_folder import ModelFolder
from brushwork.runtime import Array
from brushwork.styles import NamedStyle, distribution, resolve
from brushwork.styles.adding import open_gallery
from brushwork.styles.embedder import StyleEmbedder
from brushwork.styles.embeddings import as_embedding

RANDOM = "random"
# "random", a style or a folder of style pictures, several of them, or embeddings (N, D).
Styles: TypeAlias = str | PathLike[str] | Sequence[str | PathLike[str]] | NDArray[Any]


class StyleSource:
    """Styles that are drawn with equal probability.

    Style pictures are read and embedded when they are first drawn.

    Args:
        styles: ``random`` for the distribution of the model's styles, or for the styles of its table; otherwise names,
            pictures or folders of them, or embeddings (N, D).
        folder: The model.

    Raises:
        UserError: If a style does not exist, or there are none.
    """

    def __init__(self, styles: Styles, folder: ModelFolder) -> None:
        self._distribution: distribution.StyleDistribution | None = None
        self._choices: list[tuple[str, Path | NamedStyle | Array]] = []
        self._embeddings: dict[tuple[int, int | None], Array] = {}
        gallery = open_gallery(folder)
        if isinstance(styles, np.ndarray):
            rows = np.atleast_2d(styles)
            if rows.ndim != 2 or rows.shape[1] != folder.embedding_size:
                expected = f"(N, {folder.embedding_size})"
                raise UserError(f"the styles are an array of shape {styles.shape}; embeddings are {expected}")
            self._choices = [(f"embedding {number}", as_embedding(row)) for number, row in enumerate(rows)]
        elif isinstance(styles, str) and styles == RANDOM:
            if folder.styles:
                self._choices = list(gallery.styles.items())
            else:
                self._distribution = distribution.read(folder)
        else:
            listed = [styles] if isinstance(styles, str | PathLike) else styles
            names = expand_styles([str(each) for each in listed])
            self._choices = [(name, resolve(name, gallery, files=True)) for name in names]
            for _, found in self._choices:
                if isinstance(found, Path) and not found.is_file():
                    raise UserError(f"cannot read {found}: no such file")
        if not self._choices and self._distribution is None:
            raise UserError("there are no styles to draw from")

    def draw(self, generator: np.random.Generator, embedder: StyleEmbedder, painted: int) -> tuple[str, Array]:
        """Return the name of a style, ``random`` for one of the distribution, and its embedding (1, D).

        Args:
            generator: Generator of the draw.
            embedder: The model that embeds pictures.
            painted: Long side in pixels of the picture that is rendered in the style.

        Raises:
            UserError: If the drawn picture cannot be used.
        """
        if self._distribution is not None:
            return RANDOM, self._distribution.draw(generator)
        index = int(generator.integers(len(self._choices)))
        name, style = self._choices[index]
        key = index, None if embedder.styles else embedder.style_size_for(painted)
        if key not in self._embeddings:
            self._embeddings[key] = embedder.embed(style, painted=painted)
        return name, self._embeddings[key]
