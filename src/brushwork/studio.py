"""A stylizer at work on one run: every style is opened and embedded once, every content painted with its own blend."""

import time
from collections.abc import MutableMapping

import numpy as np

from brushwork import color, images
from brushwork.errors import UserError
from brushwork.images import ImageError, Picture
from brushwork.options import Options
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer


class Studio:
    """A stylizer, the options of a run, and the embeddings it has already asked for."""

    def __init__(self, stylizer: Stylizer, options: Options) -> None:
        self.stylizer = stylizer
        self.options = options
        self._pictures: dict[str, Array] = {}
        self._embeddings: dict[str, Array] = {}
        self._closed = False
        if options.keep_colors == "histogram" and stylizer.styles:
            raise UserError("histogram recolours style pictures, and this model has named styles; use luma")

    def blend(self, styles: tuple[str, ...], content: Picture) -> Array:
        """The embedding (1, D) of the blend of some styles, for a content.

        Raises:
            UserError: If a style cannot be read or is unknown; the message names it.
        """
        return self.stylizer.blend([self._embed(style, content) for style in styles], self.options.weights)

    def paint(self, content: Picture, embedding: Array, seconds: MutableMapping[str, float]) -> Picture:
        """The pastiche of a content; its frames, where there are many, are painted when they are asked for.

        The time goes into ``seconds["stylise"]``.
        """
        strength, keep_colors = self.options.strength, self.options.keep_colors
        seconds["stylise"] = 0.0

        def stylize(image: Array) -> Array:
            if self._closed:
                raise UserError("stopped")
            start = time.perf_counter()
            pastiche = self.stylizer.stylize(image, embedding, strength)
            if keep_colors == "luma" and strength > 0:
                pastiche = color.luma(image, pastiche)
            seconds["stylise"] += time.perf_counter() - start
            return pastiche

        return content.map(stylize)

    def close(self) -> None:
        """Lets no frame of an animation be painted any more: whoever stops a run does not wait for hundreds."""
        self._closed = True

    def _embed(self, style: str, content: Picture) -> Array:
        """The embedding of one style; recoloured like the content it is for that content alone, else for all."""
        recolour = self.options.keep_colors == "histogram"
        if not recolour and style in self._embeddings:
            return self._embeddings[style]
        try:
            picture = self._open(style)
        except ImageError as error:  # it names the style; whoever notes it adds the content
            raise UserError(str(error)) from None
        if recolour:
            if isinstance(picture, str):
                raise UserError(f"histogram recolours style pictures, and {style!r} is a named style; use luma")
            picture = color.histogram(picture, content.image)
        try:
            embedding = self.stylizer.embed(picture, self.options.style_size)
        except UserError as error:
            raise UserError(str(error) if isinstance(picture, str) else f"{style}: {error}") from None
        if not recolour:
            self._embeddings[style] = embedding
        return embedding

    def _open(self, style: str) -> Array | str:
        """A style picture, on white where transparent, no larger than the predictor sees it; or a style's name."""
        if style in self._pictures:
            return self._pictures[style]
        found = style if self.stylizer.styles else self.stylizer.gallery.find(style)
        if isinstance(found, str):
            return found
        picture = images.open(found)
        image, alpha = picture.image, picture.alpha
        if alpha is not None:
            image = np.asarray(1 - alpha[..., None] * (1 - image), dtype=np.float32)
        self._pictures[style] = images.fit_short(image, self.options.style_size or self.stylizer.style_size)
        return self._pictures[style]
