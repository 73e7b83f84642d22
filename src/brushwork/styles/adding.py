"""Creates own styles from pictures, names or words, and opens the gallery of a model that lists them."""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np

from brushwork import images
from brushwork.errors import UserError
from brushwork.model_folder import WEIGHTS, ModelFolder
from brushwork.rendering.settings import check_range
from brushwork.runtime import Array, Runtime
from brushwork.styles.embedder import StyleEmbedder
from brushwork.styles.embeddings import STYLE_SIZES, normalized_weights, scale_style
from brushwork.styles.gallery import Gallery
from brushwork.styles.names import resolve
from brushwork.styles.own import OwnStyles
from brushwork.styles.own_file import Origin, OwnFile, digest_of, shrink


def open_gallery(folder: ModelFolder, runtime: Runtime | None = None) -> Gallery:
    """Return the named styles of a model and the user's own.

    Args:
        folder: The model folder.
        runtime: The loaded model; None if styles are only listed.
    """
    if folder.styles:  # a model with a table of styles knows no others
        return Gallery(folder, table=folder.styles)
    predict = partial(_predict, runtime) if runtime else None
    digests = cache(lambda: {digest_of(folder), folder.sha256[WEIGHTS]})
    return Gallery(folder, own=OwnStyles(digests, predict, model=folder.name, size=folder.embedding_size))


def _predict(runtime: Runtime, picture: Array, size: int) -> Array:
    return runtime.predict(np.ascontiguousarray(scale_style(picture, size)[None], dtype=np.float32))


def make_style(
    styles: Sequence[str],
    embedder: StyleEmbedder,
    folder: ModelFolder,
    *,
    weights: Sequence[float] | None = None,
    style_size: int | None = None,
    about: str | None = None,
    keep_pictures: bool = True,
) -> OwnFile:
    """Return an own style made from one or more styles, without writing it.

    Args:
        styles: Picture files and names; see `brushwork.styles.resolve`.
        embedder: The loaded model.
        folder: The model folder.
        weights: One weight per style, scaled to sum to 1; equal by default.
        style_size: Short side in pixels at which pictures are embedded; None embeds them at every size of the gallery.
        about: One-line description; None names the sources.
        keep_pictures: Whether to store small copies of the pictures, which other models need to embed the style.

    Raises:
        UserError: If a style cannot be used, or the model has a table of styles.
    """
    if embedder.styles:
        raise UserError(f"model {folder.name} has a fixed table of styles; own styles need a model that takes pictures")
    check_range("style size", style_size, *STYLE_SIZES)
    shares = normalized_weights(weights, len(styles)).tolist()
    sizes = [style_size] if style_size else embedder.gallery.sizes
    rows: dict[int, list[Array]] = {size: [] for size in sizes}
    origin = []
    for style, share in zip(styles, shares, strict=True):
        found = resolve(style, embedder.gallery, files=True)
        picture = None
        if isinstance(found, Path):
            seen = images.open(found).on_white
            picture = shrink(seen) if keep_pictures else None
        for size in sizes:
            rows[size].append(embedder.embed(seen if isinstance(found, Path) else found, size))
        origin.append(Origin(Path(style).name if isinstance(found, Path) else style, share, picture))
    stated = about or "from " + ", ".join(each.file for each in origin)
    return as_own_file({size: embedder.blend(each, shares)[0] for size, each in rows.items()}, origin, folder, stated)


def as_own_file(embeddings: Mapping[int, Array], origin: Sequence[Origin], folder: ModelFolder, about: str) -> OwnFile:
    """Return an own style of a model. A deep one, whose embeddings are longer, belongs to exactly the model's weights.

    Args:
        embeddings: Style size in pixels -> embedding (D,) or (D + P,).
        origin: What it was made from.
        folder: The model.
        about: One-line description.
    """
    deep = any(len(row) > folder.embedding_size for row in embeddings.values())
    digest = folder.sha256[WEIGHTS] if deep else digest_of(folder)
    return OwnFile(about, folder.name, digest, embeddings, tuple(origin))
