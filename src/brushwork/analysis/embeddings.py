"""Embeddings and thumbnails of many style pictures, from folders and tars, or of a model's named styles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from brushwork import atomic, images
from brushwork.analysis.pictures import entries
from brushwork.errors import UserError
from brushwork.images.levels import quantise
from brushwork.prefetch import map_ahead
from brushwork.runtime import Array
from brushwork.styles.embeddings import plain_parts
from brushwork.stylizer import Stylizer
from brushwork.training.shards import Entry, decode

STYLE_SIZE = 256  # short side in pixels at which all pictures are embedded
THUMBNAIL = 48  # side of a thumbnail in pixels
LOG_EVERY = 500  # pictures between two lines of the log

Thumbnails = NDArray[np.uint8]


@dataclass(frozen=True)
class EmbeddedStyles:
    """N styles.

    Attributes:
        names: Names of files in their folder or tar, or of named styles.
        embeddings: (N, D), float32.
        thumbnails: (N, 48, 48, 3), uint8.
    """

    names: list[str]
    embeddings: Array
    thumbnails: Thumbnails

    def __len__(self) -> int:
        return len(self.names)


def short_name(name: str) -> str:
    """Return a picture's name without the path of its tar, or the last two parts of a path.

    >>> short_name("data/style-00.tar/wikiart/0001.webp")
    'wikiart/0001.webp'
    """
    inside = name.rpartition(".tar/")[2]
    return "/".join(PurePosixPath(inside).parts[-2:]) if inside == name else inside


def embed_pictures(
    stylizer: Stylizer,
    source: Sequence[str],
    *,
    limit: int = 0,
    cache: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> EmbeddedStyles:
    """Embed the pictures of folders and tars; pictures that cannot be used as a style are omitted.

    Args:
        stylizer: The model.
        source: Source of the pictures, as in a recipe's ``data.styles``.
        limit: If not 0, the number of pictures.
        cache: File of stored embeddings, which is read if it is of the same pictures and model, and otherwise written.
        say: Called with a line of progress.

    Raises:
        UserError: If a source is missing, or fewer than two of its pictures can be used.
    """
    wanted = entries(source, limit)
    key = [entry.name for entry in wanted]
    known = _read(cache, key)
    if known is not None and _same_model(stylizer, wanted, known):
        return known

    def prepare(entry: Entry) -> NDArray[np.uint8] | None:
        try:
            return decode(entry, STYLE_SIZE)
        except images.ImageError:
            return None

    names, rows, small = [], [], []
    for entry, pixels in zip(wanted, map_ahead(prepare, wanted, workers=2, ahead=8), strict=True):
        if pixels is None:
            continue
        image = _image(pixels)
        try:
            rows.append(stylizer.embed(image, STYLE_SIZE)[0])
        except UserError:  # too small or too long
            continue
        names.append(short_name(entry.name))
        small.append(thumbnail(image))
        if len(names) % LOG_EVERY == 0:
            say(f"{len(names)} of {len(wanted)} pictures embedded")
    if len(names) < 2:
        raise UserError(f"a map needs two pictures; {len(names)} of {', '.join(source)} can be used")
    styles = EmbeddedStyles(names, np.stack(rows), np.stack(small))
    if cache is not None:
        _write(cache, key, styles)
    return styles


def named_styles(stylizer: Stylizer) -> EmbeddedStyles:
    """Return the named styles of a model.

    Raises:
        UserError: If the model has fewer than two.
    """
    gallery = stylizer.gallery
    names = list(gallery.styles)
    if len(names) < 2 or gallery.table:
        raise UserError("this model has no named styles to compare; give pictures with --pictures")
    squares = [gallery.thumbnail(name) for name in names]
    small = [
        np.full((THUMBNAIL, THUMBNAIL, 3), 200, np.uint8)
        if square is None
        else np.asarray(square.convert("RGB").resize((THUMBNAIL, THUMBNAIL)))
        for square in squares
    ]
    rows = plain_parts([gallery.styles[name].at(STYLE_SIZE) for name in names])
    return EmbeddedStyles(names, np.concatenate(rows), np.stack(small))


def thumbnail(image: images.Image) -> Thumbnails:
    """Return the central square of an image (H, W, 3) in [0, 1], as (48, 48, 3), uint8."""
    return quantise(images.resize(images.middle(image), (THUMBNAIL, THUMBNAIL)))


def _image(pixels: NDArray[np.uint8]) -> images.Image:
    """Return decoded pixels (3, H, W), uint8, as an image (H, W, 3)."""
    return np.divide(pixels.transpose(1, 2, 0), 255, dtype=np.float32)


def _same_model(stylizer: Stylizer, wanted: Sequence[Entry], known: EmbeddedStyles) -> bool:
    """Return whether the model computes the first stored embedding."""
    entry = next((entry for entry in wanted if short_name(entry.name) == known.names[0]), None)
    if entry is None:
        return False
    found = stylizer.embed(_image(decode(entry, STYLE_SIZE)), STYLE_SIZE)[0]
    return found.shape == known.embeddings[0].shape and np.allclose(found, known.embeddings[0], atol=1e-3)


def _read(cache: Path | None, key: Sequence[str]) -> EmbeddedStyles | None:
    """Return the stored styles; None if they are of other pictures or cannot be read."""
    if cache is None or not cache.is_file():
        return None
    try:
        with np.load(cache, allow_pickle=False) as stored:
            if stored["key"].tolist() != list(key):
                return None
            return EmbeddedStyles(stored["names"].tolist(), stored["embeddings"], stored["thumbnails"])
    except (OSError, ValueError, KeyError):
        return None


def _write(cache: Path, key: Sequence[str], styles: EmbeddedStyles) -> None:
    with atomic.write(cache) as part, part.open("wb") as file:
        np.savez_compressed(
            file, key=list(key), names=styles.names, embeddings=styles.embeddings, thumbnails=styles.thumbnails
        )
