"""Styles with names: embeddings that lie in a model folder, so that a style needs no picture.

A gallery belongs to one model, whose embeddings it holds. ``gallery.json`` has the kind of each style, a line about it,
and its embedding at a few style sizes; ``gallery.webp`` shows each on one photo, a strip of equal squares in the same
order. `scripts/make_gallery.py` makes both.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image as Pillow

from brushwork.model_folder import GALLERY, THUMBNAILS, WORDS, ModelError, ModelFolder
from brushwork.runtime import Array


@dataclass(frozen=True)
class NamedStyle:
    """A style of a gallery.

    Attributes:
        name: What a user calls it, such as ``ukiyo-e``.
        kind: The sort of picture it comes from: painting, drawing, print ...
        about: One line that says what it looks like.
        embeddings: Style size in pixels -> embedding (D,).
        notices: What whoever uses it should be told, a line each.
    """

    name: str
    kind: str
    about: str
    embeddings: Mapping[int, Array]
    notices: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def thumbnail(self) -> Pillow.Image | None:
        """A square picture of it, where the style has one of its own."""
        return None

    def at(self, size: int) -> Array:
        """The embedding (1, D) at a style size in pixels.

        Between two sizes it is theirs, mixed by the logarithm of the size; beyond them, that of the nearest.
        """
        sizes = sorted(self.embeddings)
        place = float(np.interp(math.log(size), [math.log(each) for each in sizes], range(len(sizes))))
        below, above = self.embeddings[sizes[math.floor(place)]], self.embeddings[sizes[math.ceil(place)]]
        return np.asarray(below + (place % 1) * (above - below), dtype=np.float32)[None]


class Own(Protocol):
    """Styles of the user's, see `brushwork.styles.own.OwnStyles`."""

    def read(self) -> tuple[Mapping[str, NamedStyle], Mapping[str, str]]:
        """Return name -> style, and name -> why it cannot be used."""
        ...


class Gallery:
    """The named styles of a model folder and the user's own, read when they are first asked for.

    Args:
        folder: The model; None for no styles at all.
        table: Names of a table's styles, for a model that knows these alone; the embedding of each chooses it.
        own: The user's own styles; None for none.
    """

    def __init__(self, folder: ModelFolder | None = None, table: Sequence[str] = (), own: Own | None = None) -> None:
        self._folder = folder
        self._own = own
        self.table = tuple(table)

    @property
    def styles(self) -> Mapping[str, NamedStyle]:
        """Name -> style: the user's own in the order of names, then those of the model in its own order.

        Raises:
            ModelError: If the gallery's file cannot be read, or holds embeddings of another model.
        """
        if self._own is None:
            return self.shipped
        own, _ = self._own.read()
        hidden = {name: replace(each, notices=(*each.notices, _hides(name))) for name, each in own.items()}
        return {**own, **self.shipped, **{name: hidden[name] for name in own if name in self.shipped}}

    @property
    def refused(self) -> Mapping[str, str]:
        """Name -> why an own style cannot be used with this model."""
        return {} if self._own is None else self._own.read()[1]

    @property
    def sizes(self) -> list[int]:
        """The style sizes, in pixels, for which a style of the gallery holds embeddings."""
        return self._folder.card.gallery_sizes if self._folder else [256]

    @cached_property
    def shipped(self) -> Mapping[str, NamedStyle]:
        """Name -> style that comes with the model, in the gallery's own order; empty where it has no gallery.

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
        """A picture of all that come with the model, squares one below the other, as wide as it is; None without."""
        path = self._folder and self._folder.path / THUMBNAILS
        return path if path and path.is_file() else None

    @property
    def embedding_size(self) -> int | None:
        """D of the model; None without one."""
        return self._folder.embedding_size if self._folder else None

    @property
    def words(self) -> Path | None:
        """The model's map of words, see `brushwork.styles.words`; None without."""
        path = self._folder and self._folder.path / WORDS
        return path if path and path.is_file() else None

    def thumbnail(self, name: str) -> Pillow.Image | None:
        """A square picture of a named style; None without such a style or picture."""
        if own := (self._own.read()[0] if self._own else {}).get(name):
            return own.thumbnail
        if self._strip is None or name not in self.shipped:
            return None
        place, side = list(self.shipped).index(name), self._strip.width
        return self._strip.crop((0, place * side, side, (place + 1) * side))

    @cached_property
    def _strip(self) -> Pillow.Image | None:
        """The picture of all that come with the model, decoded once: a server is asked for each of its squares."""
        if self.thumbnails is None:
            return None
        with Pillow.open(self.thumbnails) as strip:
            strip.load()
            return strip


def write(folder: Path, styles: Iterable[NamedStyle]) -> None:
    """Writes the named styles of a model folder, a line each; ``config.json`` must then be written anew."""
    lines = (
        f"{json.dumps(style.name)}: {json.dumps({'kind': style.kind, 'about': style.about, 'embeddings': numbers})}"
        for style in styles
        # Four digits are as many as the weights themselves have, in float16.
        for numbers in [{size: [float(f"{x:.4g}") for x in values] for size, values in style.embeddings.items()}]
    )
    (folder / GALLERY).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _hides(name: str) -> str:
    return f"{name!r} is your own style; it hides the one that comes with the model"


def _style(name: str, kind: str, about: str, embeddings: Mapping[str, Any]) -> NamedStyle:
    arrays = {int(size): np.asarray(numbers, dtype=np.float32) for size, numbers in embeddings.items()}
    if not arrays:
        raise ValueError(f"{name} has no embedding")
    return NamedStyle(name, kind, about, arrays)
