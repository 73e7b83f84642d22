"""From a style picture, a name or an embedding of the caller's to the embedding that a model paints with."""

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
    """The half of a model that turns styles into embeddings. A style is a value: no current one is remembered.

    Args:
        runtime: The model, loaded for inference.
        style_size: Short side, in pixels, at which a style is embedded where nothing says how large is painted.
        style_sizes: The same by the long side of what is painted, see `ModelCard.style_sizes`; empty for one size.
        styles: Names of a table's styles; empty where embeddings are predicted from pictures.
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
        """Every name that `embed` knows: those of a table, or of the gallery."""
        return tuple(self.gallery.styles)

    def style_size_for(self, painted: int | None) -> int:
        """Return the style size that was measured to be best where the long side of what is painted is so many pixels.

        None is for what is not known yet.
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

        The whole picture is seen, in its own proportions, its short side scaled to ``size`` pixels. A named style of
        the gallery has its embedding for that size, see `NamedStyle.at`; one of a table has no size.

        Args:
            style: A picture, an array (H, W, 3) of floats in [0, 1] or uint8 or a Pillow image, laid on white where it
                is transparent; the path of a picture file; or the name of a style, see `brushwork.styles.resolve`.
                An embedding is returned as it is.
            size: Short side in pixels, 80 to 2048; None for the model's own, see `style_size_for`.
            painted: Long side in pixels of what will be painted in the style, if that is known.
            colors_of: A content whose colours the style picture is given first (``keep_colors="histogram"``).

        Raises:
            UserError: If the picture cannot be used, is too small or too long, or the model does not know that name.
        """
        check_range("style size", size, *STYLE_SIZES)
        if isinstance(style, str | PathLike):
            style = resolve(style, self.gallery, files=True)
        if colors_of is not None and (isinstance(style, NamedStyle) or self.styles):
            raise UserError("histogram recolours style pictures, and this is a named style; use luma")
        size = size or self.style_size_for(painted)
        if isinstance(style, NamedStyle):
            return style.at(size)
        if isinstance(style, np.ndarray) and style.ndim < 3:
            if colors_of is not None:
                raise UserError("histogram recolours style pictures, and this is an embedding; use luma")
            return as_embedding(style)
        if self.styles:
            raise UserError(f"this model renders its own styles only: {', '.join(self.styles)}")
        return self._predict(style, size, colors_of)

    def blend(self, embeddings: Sequence[Array], weights: Sequence[float] | None = None) -> Array:
        """Return the embedding (1, D) of a mixture of styles: their weighted mean (Ghiasi et al. 2017, section 3.5).

        Args:
            embeddings: Embeddings (1, D).
            weights: One a style, scaled to sum to 1; equal where none are given.

        Raises:
            UserError: If the weights do not fit the styles, are negative or not finite, or sum to 0.
        """
        alike = pad_alike(embeddings, self.gallery.embedding_size)
        stacked = np.concatenate([row for row in alike if row is not None])  # (S, D)
        return np.asarray(normalized_weights(weights, len(stacked)) @ stacked, dtype=np.float32)[None]

    def _predict(self, style: Picture | Pixels | Path, size: int, colors_of: Pixels | None) -> Array:
        """The embedding (1, D) of a picture by the style prediction network."""
        image = (
            open_style(style, size) if isinstance(style, Path) else images.as_image("the style", style, on_white=True)
        )
        scaled = scale_style(image, size)
        if colors_of is not None:
            content = reduced_copy(images.as_image("the content", colors_of))
            scaled = color.match_color_statistics(scaled, content)
        return self.runtime.predict(np.ascontiguousarray(scaled[None], dtype=np.float32))
