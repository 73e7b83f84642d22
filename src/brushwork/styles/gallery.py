"""Named styles, whose embeddings are stored in a model folder: they need no style picture.

A gallery holds embeddings of one model. ``gallery.json`` has, for each style, its kind, a one-line description and
embeddings at several style sizes; ``gallery.webp`` is a column of equal squares in the same order that shows each style
on the same photo. `scripts/make_gallery.py` creates both files.
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

from brushwork.model_detail import read_header
from brushwork.model_folder import GALLERY, THUMBNAILS, WORDS, ModelError, ModelFolder
from brushwork.runtime import Array

AFFINE = ".affine.weight"  # end of the names of affine maps from the embedding to betas and gammas, (2 C, D)


@dataclass(frozen=True)
class NamedStyle:
    """A style of a gallery.

    Attributes:
        name: Name, such as ``ukiyo-e``.
        kind: Kind of picture: painting, drawing, print ...
        about: One-line description of its appearance.
        embeddings: Style size in pixels -> embedding (D,).
        notices: Notices for the user, one line each.
    """

    name: str
    kind: str
    about: str
    embeddings: Mapping[int, Array]
    notices: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def thumbnail(self) -> Pillow.Image | None:
        """Return a square thumbnail if the style carries a picture, else None."""
        return None

    def at(self, size: int) -> Array:
        """Return the embedding (1, D) at a style size in pixels.

        Between two stored sizes it is interpolated over the logarithm of the size; outside them it is constant.
        """
        sizes = sorted(self.embeddings)
        place = float(np.interp(math.log(size), [math.log(each) for each in sizes], range(len(sizes))))
        below, above = self.embeddings[sizes[math.floor(place)]], self.embeddings[sizes[math.ceil(place)]]
        return np.asarray(below + (place % 1) * (above - below), dtype=np.float32)[None]


class Own(Protocol):
    """The user's own styles; see `brushwork.styles.own.OwnStyles`."""

    def read(self) -> tuple[Mapping[str, NamedStyle], Mapping[str, str]]:
        """Return name -> style, and name -> reason why the style cannot be used."""
        ...


class Gallery:
    """The named styles of a model folder and the user's own styles, read on first use.

    Args:
        folder: The model folder; None for an empty gallery.
        table: Style names of a model with a fixed table; their embeddings are one-hot.
        own: The user's own styles, if any.
    """

    def __init__(self, folder: ModelFolder | None = None, table: Sequence[str] = (), own: Own | None = None) -> None:
        self._folder = folder
        self._own = own
        self.table = tuple(table)

    @property
    def styles(self) -> Mapping[str, NamedStyle]:
        """Name -> style: first the user's own styles by name, then the model's in the gallery's order.

        Raises:
            ModelError: If the gallery file cannot be read or holds embeddings of another model.
        """
        if self._own is None:
            return self.shipped
        own, _ = self._own.read()
        hidden = {name: replace(each, notices=(*each.notices, _hides(name))) for name, each in own.items()}
        return {**own, **self.shipped, **{name: hidden[name] for name in own if name in self.shipped}}

    @property
    def refused(self) -> Mapping[str, str]:
        """Name -> reason why an own style cannot be used with this model."""
        return {} if self._own is None else self._own.read()[1]

    @property
    def sizes(self) -> list[int]:
        """Style sizes in pixels for which the gallery holds embeddings."""
        return self._folder.card.gallery_sizes if self._folder else [256]

    @cached_property
    def shipped(self) -> Mapping[str, NamedStyle]:
        """Name -> style of the model, in the gallery's order; empty for a model without a gallery.

        Raises:
            ModelError: If the file cannot be read or holds embeddings of another model.
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
            raise ModelError(f"{path} belongs to another model: embeddings of this model have {size} numbers")
        return styles

    @property
    def thumbnails(self) -> Path | None:
        """The file with thumbnails of the model's styles, a column of squares; None if the model has none."""
        path = self._folder and self._folder.path / THUMBNAILS
        return path if path and path.is_file() else None

    @property
    def embedding_size(self) -> int | None:
        """D of the model; None for an empty gallery."""
        return self._folder.embedding_size if self._folder else None

    @cached_property
    def deep_size(self) -> int | None:
        """D + P, the length of a deep style, see `brushwork.networks.deep`; None for an empty gallery."""
        if self._folder is None:
            return None
        _, header = read_header(self._folder.weights)
        outputs = [int(header[name]["shape"][0]) for name in header if name.endswith(AFFINE)]
        return self._folder.embedding_size + sum(outputs)

    @property
    def words(self) -> Path | None:
        """The model's word map, see `brushwork.styles.word_map`; None if the model has none."""
        path = self._folder and self._folder.path / WORDS
        return path if path and path.is_file() else None

    def thumbnail(self, name: str) -> Pillow.Image | None:
        """Return a square thumbnail of a named style; None if the style or its picture does not exist."""
        if own := (self._own.read()[0] if self._own else {}).get(name):
            return own.thumbnail
        if self._strip is None or name not in self.shipped:
            return None
        place, side = list(self.shipped).index(name), self._strip.width
        return self._strip.crop((0, place * side, side, (place + 1) * side))

    @cached_property
    def _strip(self) -> Pillow.Image | None:
        """The decoded thumbnails of the model's styles, cached because a server needs every square of it."""
        if self.thumbnails is None:
            return None
        with Pillow.open(self.thumbnails) as strip:
            strip.load()
            return strip


def write(folder: Path, styles: Iterable[NamedStyle]) -> None:
    """Write the named styles of a model folder, one per line; afterwards ``config.json`` must be rewritten."""
    lines = (
        f"{json.dumps(style.name)}: {json.dumps({'kind': style.kind, 'about': style.about, 'embeddings': numbers})}"
        for style in styles
        # Four digits match the precision of the weights, which are float16.
        for numbers in [{size: [float(f"{x:.4g}") for x in values] for size, values in style.embeddings.items()}]
    )
    (folder / GALLERY).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _hides(name: str) -> str:
    return f"{name!r} is your own style; it hides the model's style of the same name"


def _style(name: str, kind: str, about: str, embeddings: Mapping[str, Any]) -> NamedStyle:
    arrays = {int(size): np.asarray(numbers, dtype=np.float32) for size, numbers in embeddings.items()}
    if not arrays:
        raise ValueError(f"{name} has no embedding")
    return NamedStyle(name, kind, about, arrays)
