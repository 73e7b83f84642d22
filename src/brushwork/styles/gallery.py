"""Styles with names: embeddings that lie in a model folder, so that a style needs no picture.

A gallery belongs to one model, whose embeddings it holds. ``gallery.json`` has the kind of each style, a line about it,
and its embedding at a few style sizes; ``gallery.webp`` shows each on one photo, a strip of equal squares in the same
order. `scripts/make_gallery.py` makes both.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from brushwork.model_folder import GALLERY, THUMBNAILS, ModelError, ModelFolder
from brushwork.runtime import Array


@dataclass(frozen=True)
class NamedStyle:
    """A style of a gallery.

    Attributes:
        name: What a user calls it, such as ``ukiyo-e``.
        kind: The sort of picture it comes from: painting, drawing, print ...
        about: One line that says what it looks like.
        embeddings: Style size in pixels -> embedding (D,).
    """

    name: str
    kind: str
    about: str
    embeddings: Mapping[int, Array]

    def at(self, size: int) -> Array:
        """The embedding (1, D) at a style size in pixels.

        Between two sizes it is theirs, mixed by the logarithm of the size; beyond them, that of the nearest.
        """
        sizes = sorted(self.embeddings)
        place = float(np.interp(math.log(size), [math.log(each) for each in sizes], range(len(sizes))))
        below, above = self.embeddings[sizes[math.floor(place)]], self.embeddings[sizes[math.ceil(place)]]
        return np.asarray(below + (place % 1) * (above - below), dtype=np.float32)[None]


class Gallery:
    """The named styles of a model folder, read when they are first asked for.

    Args:
        folder: The model; None for no styles at all.
        table: Names of a table's styles, for a model that knows these alone; the embedding of each chooses it.
    """

    def __init__(self, folder: ModelFolder | None = None, table: Sequence[str] = ()) -> None:
        self._folder = folder
        self.table = tuple(table)

    @cached_property
    def styles(self) -> Mapping[str, NamedStyle]:
        """Name -> style, in the gallery's own order; empty where the model has no gallery.

        Raises:
            ModelError: If the file cannot be read, or holds embeddings of another model.
        """
        if self.table:
            chosen = np.eye(len(self.table), dtype=np.float32)
            return {name: NamedStyle(name, "table", "", {1: row}) for name, row in zip(self.table, chosen, strict=True)}
        if self._folder is None or not (path := self._folder.path / GALLERY).is_file():
            return {}
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            styles = {name: _style(name, **each) for name, each in values.items()}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ModelError(f"{path} cannot be read: {error}") from None
        size = self._folder.embedding_size
        if any(embedding.shape != (size,) for each in styles.values() for embedding in each.embeddings.values()):
            raise ModelError(f"{path} holds embeddings of another model: this one's have {size} numbers")
        return styles

    @property
    def thumbnails(self) -> Path | None:
        """A picture of all styles in order, one below the other, each a square as wide as the picture; None without."""
        path = self._folder and self._folder.path / THUMBNAILS
        return path if path and path.is_file() else None

    def thumbnail(self, name: str) -> Pillow.Image | None:
        """The square of a named style in the picture of all; None without such a style or picture."""
        if self.thumbnails is None or name not in self.styles:
            return None
        place = list(self.styles).index(name)
        with Pillow.open(self.thumbnails) as strip:
            return strip.crop((0, place * strip.width, strip.width, (place + 1) * strip.width))


def write(folder: Path, styles: Iterable[NamedStyle]) -> None:
    """Writes the named styles of a model folder, a line each; ``config.json`` must then be written anew."""
    lines = (
        f"{json.dumps(style.name)}: {json.dumps({'kind': style.kind, 'about': style.about, 'embeddings': numbers})}"
        for style in styles
        # Four digits are as many as the weights themselves have, in float16.
        for numbers in [{size: [float(f"{x:.4g}") for x in values] for size, values in style.embeddings.items()}]
    )
    (folder / GALLERY).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _style(name: str, kind: str, about: str, embeddings: Mapping[str, Any]) -> NamedStyle:
    arrays = {int(size): np.asarray(numbers, dtype=np.float32) for size, numbers in embeddings.items()}
    if not arrays:
        raise ValueError(f"{name} has no embedding")
    return NamedStyle(name, kind, about, arrays)
