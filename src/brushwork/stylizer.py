"""Stylises photos: embeds a style once, then renders any content in it."""

from collections.abc import Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from brushwork import images, model_folder
from brushwork.images import Picture, Pixels, Rows
from brushwork.model_detail import at_detail
from brushwork.rendering import memory as memories
from brushwork.rendering import strokes
from brushwork.rendering.memory import Tiling
from brushwork.rendering.paint import paint
from brushwork.rendering.regions import Region, Style, StyleMap, combine, mix_masks
from brushwork.rendering.settings import AUTO, RenderSettings, Stroke, check_size, check_strength
from brushwork.rendering.tiles import HeldStatistics, Progress
from brushwork.runtime import Array, Runtime
from brushwork.runtime.opening import check_choices, open_runtime
from brushwork.styles.adding import open_gallery
from brushwork.styles.embedder import StyleEmbedder
from brushwork.styles.embeddings import pad_alike, reduced_copy
from brushwork.styles.gallery import Gallery

Content: TypeAlias = Pixels | str | PathLike[str]


class Stylizer(StyleEmbedder):
    """A loaded model that stylises images. It remembers no current style: a style is a value.

    Args:
        runtime: The model, loaded for inference.
        style_size: See `StyleEmbedder`.
        style_sizes: See `StyleEmbedder`.
        styles: See `StyleEmbedder`.
        gallery: See `StyleEmbedder`.
        width: Multiplier of the paper's channels, from which the memory of an image is estimated.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        style_size: int = 256,
        style_sizes: Sequence[tuple[int, int]] = (),
        styles: Sequence[str] = (),
        gallery: Gallery | None = None,
        width: float = 1.0,
    ) -> None:
        super().__init__(runtime, style_size=style_size, style_sizes=style_sizes, styles=styles, gallery=gallery)
        self.width = width

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Stylizer cannot be pickled; call brushwork.load in the process that uses it")

    def stylize(
        self,
        content: Content,
        style: Style | None,
        strength: float = 1.0,
        *,
        keep_colors: str | None = None,
        stroke: Stroke = AUTO,
        regions: Sequence[Region] = (),
        protect: NDArray[Any] | None = None,
        tile: str = AUTO,
        tile_size: int | None = None,
        memory: int | None = None,
    ) -> Array:
        """Return the pastiche of a content in a style, float32 (H, W, 3) in [0, 1].

        Args:
            content: The photo, at least 16 x 16: an array (H, W, 3) of floats in [0, 1] or uint8, a Pillow image,
                a `Picture` (its first frame), or a path.
            style: An embedding (1, D), a picture, a path or a name, as `embed` takes them; None leaves the photo
                wherever no region is.
            strength: 0 returns the content bit for bit, 1 the full pastiche. Between them the embedding moves from
                the content's own to the style's (the identity interpolation of Ghiasi et al. 2017, section 3.5), and
                the pastiche is blended with the content by 1 - (1 - strength)^2: the embedding alone never reaches the
                photo, and this weight keeps the way there even.
            keep_colors: ``luma`` takes the lightness of the pastiche and the colours of the content,
                ``histogram`` gives the style picture the content's colours before it is embedded; see
                `keep_chroma` and `match_color_statistics`. None takes the style's colours.
            stroke: Size of the brush relative to the image, 0.25 to 8; 1 is as in an image of 1024 pixels. ``auto``
                is 1 for larger images and ``own`` for others, ``own`` the network's brush at any size; see
                `brushwork.rendering.strokes`.
            regions: Parts of the image with styles of their own, painted in the same pass.
            protect: Mask (h, w) in [0, 1]; where it is 1 the content stays as it is.
            tile: ``never`` paints the image at once, ``exact`` in tiles with the same pixels but for rounding,
                ``fast`` in tiles that come close; ``auto`` at once where memory allows, else in exact tiles, or fast
                ones where the runtime has no others. See `brushwork.rendering.tiles`.
            tile_size: Side of a tile, a multiple of 4 from 128 to 16384; None for what memory allows, up to 768.
            memory: Bytes that may be used, at least 2^29; None for most of what is free.

        Raises:
            UserError: If an argument is invalid.
        """
        settings = RenderSettings(keep_colors=keep_colors, stroke=stroke, tile=tile, tile_size=tile_size, memory=memory)
        picture = images.open(content) if isinstance(content, str | PathLike) else content
        if isinstance(picture, Picture) and (regions or strength):
            picture = picture.filled()
        image = images.as_image("the content", picture)
        if isinstance(picture, Picture):
            image = picture.frames[0].pixels
        recolor = keep_colors == "histogram"
        composed = self.compose(image, style, strength, regions=regions, protect=protect, recolor=recolor)
        pastiche = np.empty(image.shape, np.float32)
        self.paint(image, composed, pastiche, settings)
        return pastiche[..., :3]

    def compose(
        self,
        content: Rows,
        style: Style | None,
        strength: float = 1.0,
        *,
        regions: Sequence[Region] = (),
        protect: NDArray[Any] | None = None,
        recolor: bool = False,
        own: Array | None = None,
    ) -> StyleMap:
        """Return the style map of a content: its styles and their masks, for one image or many of the same size.

        Args:
            content: Rows (H, W, 3) or (H, W, 4) in [0, 1]: an array, or a canvas larger than memory.
            style: As in `stylize`.
            strength: As in `stylize`.
            regions: As in `stylize`; masks are scaled to the size of the largest.
            protect: As in `stylize`.
            recolor: Whether style pictures get the content's colour statistics.
            own: Embedding (1, D) of the content if it is known, for example of a shot's first frame; otherwise it is
                computed if a strength below 1 needs it.

        Raises:
            UserError: If an argument is invalid.
        """
        check_size("content", content)
        for each in (strength, *(region.strength for region in regions)):
            check_strength(each)
        masks = mix_masks([region.mask for region in regions]) if regions else None
        protected = None if protect is None else images.as_mask("the protect mask", protect)
        seen = reduced_copy(content) if recolor else None
        painted = max(content.shape[:2])
        wanted = [(self.embed(region.style, painted=painted, colors_of=seen), region.strength) for region in regions]
        rest = (None, 0.0) if style is None else (self.embed(style, painted=painted, colors_of=seen), strength)
        strengths = [each for _, each in (*wanted, rest)]
        if own is None and self.needs_own(strengths):
            own = self.own_embedding(content)
        placed = [*wanted, rest]
        *rows, own = pad_alike([*(row for row, _ in placed), own], self.gallery.embedding_size)
        alike = [(row, each) for row, (_, each) in zip(rows, placed, strict=True)]
        return combine(alike, own, masks, protected, table=bool(self.styles))

    def needs_own(self, strengths: Sequence[float]) -> bool:
        """Return whether a content's own embedding is needed, to paint parts of it at these strengths."""
        return not self.styles and any(strengths) and min(strengths) < 1

    def own_embedding(self, content: Rows) -> Array:
        """Return the embedding (1, D) of a content itself, towards which a strength below 1 moves."""
        return self.embed(reduced_copy(content), painted=max(content.shape[:2]))

    def paint(
        self,
        content: Rows,
        style: StyleMap,
        target: Rows,
        settings: RenderSettings,
        *,
        tiling: Tiling | None = None,
        held: HeldStatistics | None = None,
        progress: Progress = lambda fraction: None,
    ) -> None:
        """Render a content into a target with a style map; see `brushwork.rendering.paint.paint`.

        Args:
            content: Rows (H, W, 3), or (H, W, 4) with alpha, in [0, 1]: an array, or a canvas larger than memory.
            style: Style map from `compose` for this content or, in a clip, for the shot's first frame.
            target: Rows of the content's shape.
            settings: Colours, stroke, tiles and memory.
            tiling: Result of `choose_tiling` if it is already known, for example for all frames of a clip.
            held: Statistics of the previous frame.
            progress: Called with the fraction completed, 0 to 1.

        Raises:
            UserError: If the runtime cannot render this.
        """
        height, width = check_size("content", content)
        if tiling is None:
            filling = memories.filling(height * width, content.shape[2] == 4)
            tiling = self.choose_tiling((height, width), settings, style.masks is not None, filling)
        paint(self.runtime, content, style, target, settings, tiling, held, progress)

    def choose_tiling(
        self, size: tuple[int, int], settings: RenderSettings, masked: bool = False, held: int = 0
    ) -> Tiling:
        """Decide whether an image of a size (H, W), with regions or without, is painted in tiles, and how.

        Bytes that are held meanwhile are taken from the memory; see `brushwork.rendering.memory.choose_tiling`.
        """
        side = strokes.copy_side(settings.stroke, *size)
        if side is not None and side > max(size):  # fine brush: the network sees an enlarged copy
            size = round(size[0] * side / max(size)), round(size[1] * side / max(size))
        pixel = memories.per_pixel(self.width, masked)
        return memories.choose_tiling(size, settings, pixel, self.runtime.streams, held)


def load(
    model: str | Path | None = None,
    *,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    detail: float = 1.0,
) -> Stylizer:
    """Load a model and return its stylizer.

    Args:
        model: Name of a shipped model, or a model folder; None for the default model.
        device: ``auto``, ``cpu``, ``gpu`` (an Intel GPU, through OpenVINO), ``cuda`` or ``mps`` (through torch).
        precision: ``auto``, ``f32``, ``bf16``, ``f16`` or ``int8``.
        threads: Number of CPU threads; None for all cores.
        detail: 1 keeps the most detail of the photo, 0 gives the most style; see `brushwork.model_detail`.

    Raises:
        UserError: If model, device or precision is unknown or unavailable, or the model has only one detail.
    """
    check_choices(device, precision, threads)
    folder = at_detail(model_folder.find(model), detail)
    digest = folder.sha256[model_folder.WEIGHTS]
    network = partial(model_folder.load_network, folder)
    runtime = open_runtime(folder.path, digest, network, device=device, precision=precision, threads=threads)
    return Stylizer(
        runtime,
        style_size=folder.card.style_size,
        style_sizes=folder.card.style_sizes,
        styles=folder.styles,
        gallery=open_gallery(folder, runtime),
        width=float(folder.network.get("width", 1.0)),
    )
