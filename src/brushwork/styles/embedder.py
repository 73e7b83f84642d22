"""Turns a style picture, a name or a given embedding into the embedding that a model renders with."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from brushwork import images
from brushwork.errors import UserError
from brushwork.images import Picture, Pixels, color
from brushwork.rendering.regions import Style
from brushwork.rendering.settings import check_range
from brushwork.runtime import Array, Runtime
from brushwork.styles.embeddings import (
    STYLE_SIZES,
    as_embedding,
    normalized_weights,
    open_style,
    pad_alike,
    reduced_copy,
    scale_style,
    style_size_for,
)
from brushwork.styles.gallery import Gallery, NamedStyle
from brushwork.styles.names import resolve


class StyleEmbedder:
    """The half of a model that turns styles into embeddings. It remembers no current style: a style is a value.

    Args:
        runtime: The model, loaded for inference.
        style_size: Short side in pixels at which a style is embedded if the size of the output is unknown.
        style_sizes: Long side of the output -> style size, see `ModelCard.style_sizes`; empty if `style_size` is used
            for every output.
        styles: Names of the styles in the model's table; empty if the model predicts embeddings from pictures.
        gallery: Named styles of a model that predicts embeddings from pictures.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        style_size: int = 256,
        style_sizes: Sequence[tuple[int, int]] = (),
        styles: Sequence[str] = (),
        gallery: Gallery | None = None,
    ) -> None:
        self.runtime = runtime
        self.style_size = style_size
        self.style_sizes = tuple(style_sizes)
        self.styles = tuple(styles)
        self.gallery = Gallery(table=self.styles) if self.styles else gallery or Gallery()

    @property
    def names(self) -> tuple[str, ...]:
        """All style names that `embed` accepts: those of the table or of the gallery."""
        return tuple(self.gallery.styles)

    def style_size_for(self, painted: int | None) -> int:
        """Return the style size in pixels that measured best for outputs with this long side.

        Args:
            painted: Long side of the output in pixels; None if it is not known yet.
        """
        if painted is None or not self.style_sizes:
            return self.style_size
        return style_size_for(painted, self.style_sizes)

    def embed(
        self,
        style: Style | NamedStyle,
        size: int | None = None,
        *,
        painted: int | None = None,
        colors_of: Pixels | None = None,
    ) -> Array:
        """Return the embedding (1, D) of a style.

        The network sees the whole picture in its proportions, with the short side scaled to ``size`` pixels. A named
        style of the gallery has embeddings for several sizes (`NamedStyle.at`); a style of a table has no size.

        Args:
            style: A `Picture`, an array (H, W, 3) of floats in [0, 1] or uint8, a Pillow image (transparent parts
                become white), the path of a picture file, or the name of a style, see `brushwork.styles.resolve`.
                An embedding is returned unchanged.
            size: Short side in pixels, 80 to 2048; None for the model's default, see `style_size_for`.
            painted: Long side of the output in pixels, if known.
            colors_of: Content whose colour statistics the style picture gets first (``keep_colors="histogram"``).

        Raises:
            UserError: If the picture cannot be used, is too small or too narrow, or the name is unknown.
        """
        check_range("style size", size, *STYLE_SIZES)
        if isinstance(style, str | PathLike):
            style = resolve(style, self.gallery, files=True)
        if colors_of is not None and (isinstance(style, NamedStyle) or self.styles):
            raise UserError("histogram recolours style pictures and cannot be used with a named style; use luma")
        size = size or self.style_size_for(painted)
        if isinstance(style, NamedStyle):
            return style.at(size)
        if isinstance(style, np.ndarray) and style.ndim < 3:
            if colors_of is not None:
                raise UserError("histogram recolours style pictures and cannot be used with an embedding; use luma")
            return as_embedding(style)
        if self.styles:
            raise UserError(f"this model has a fixed table of styles: {', '.join(self.styles)}")
        return self._predict(style, size, colors_of)

    def blend(self, embeddings: Sequence[Array], weights: Sequence[float] | None = None) -> Array:
        """Return the weighted mean (1, D) of style embeddings (Ghiasi et al. 2017, section 3.5).

        Args:
            embeddings: Embeddings (1, D).
            weights: One weight per style, scaled to sum to 1; equal by default.

        Raises:
            UserError: If the weights do not fit the styles, are negative or not finite, or sum to 0.
        """
        alike = pad_alike(embeddings, self.gallery.embedding_size)
        stacked = np.concatenate([row for row in alike if row is not None])  # (S, D)
        return np.asarray(normalized_weights(weights, len(stacked)) @ stacked, dtype=np.float32)[None]

    def _predict(self, style: Picture | Pixels | Path, size: int, colors_of: Pixels | None) -> Array:
        """Return the embedding (1, D) that the style prediction network computes from a picture."""
        image = (
            open_style(style, size) if isinstance(style, Path) else images.as_image("the style", style, on_white=True)
        )
        scaled = scale_style(image, size)
        if colors_of is not None:
            content = reduced_copy(images.as_image("the content", colors_of))
            scaled = color.match_color_statistics(scaled, content)
        return self.runtime.predict(np.ascontiguousarray(scaled[None], dtype=np.float32))
