"""A photo in the style of a picture: embed the style once, then stylise any content with it."""

import ctypes
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brushwork import extras, images, model_folder
from brushwork.errors import UserError, unknown
from brushwork.model_folder import ModelFolder
from brushwork.rendering import strokes, tiles
from brushwork.rendering.regions import Paint, Region, mix
from brushwork.rendering.strokes import Stroke
from brushwork.runtime import SMALLEST_SIDE, Array, Runtime
from brushwork.styles.gallery import Gallery

DEVICES = ("auto", "cpu", "gpu", "cuda", "mps")
PRECISIONS = ("auto", "f32", "bf16", "f16", "int8")
# A style's short side is scaled to style_size: without a limit a ribbon of pixels would grow out of memory.
LONGEST_STYLE = 32


class Stylizer:
    """A model that stylises. A style is a value: nothing here remembers a current one.

    Args:
        runtime: What plays the model.
        style_size: Short side, in pixels, at which a style is embedded by default; smaller means finer strokes.
        styles: Names of a table's styles; empty where embeddings are predicted from pictures.
        gallery: Named styles of a model that predicts embeddings from pictures.
        width: Multiplier of the paper's channels, which tells how much memory a picture takes.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        style_size: int = 256,
        styles: Sequence[str] = (),
        gallery: Gallery | None = None,
        width: float = 1.0,
    ) -> None:
        self.runtime = runtime
        self.width = width
        self.style_size = style_size
        self.styles = tuple(styles)
        self.gallery = gallery or Gallery()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that `embed` knows: those of a table, or of the gallery."""
        return self.styles or tuple(self.gallery.styles)

    def embed(self, style: Array | str, size: int | None = None) -> Array:
        """The embedding (1, D) of a style picture (H, W, 3) in [0, 1], or of a named style.

        The whole picture is seen, in its own proportions, its short side scaled to ``size`` pixels. A named style of
        the gallery has its embedding for that size, see `NamedStyle.at`; one of a table has no size.

        Raises:
            UserError: If the picture is too small or too long, or the model does not know that name.
        """
        if isinstance(style, str):
            if not self.styles:
                return self.gallery.embed(style, size or self.style_size)
            if style not in self.styles:
                raise UserError(f"unknown style {style!r}; this model knows: {', '.join(self.styles)}")
            return np.asarray([[float(name == style) for name in self.styles]], dtype=np.float32)
        if self.styles:
            raise UserError(f"this model renders its own styles only: {', '.join(self.styles)}")
        height, width = check_size("style", style)
        if max(height, width) > LONGEST_STYLE * min(height, width):
            raise UserError(f"the style is {width} x {height}: more than {LONGEST_STYLE} times as long as wide")
        scale = (size or self.style_size) / min(height, width)
        scaled = images.resize(style, (round(height * scale), round(width * scale)))
        return self.runtime.predict(np.ascontiguousarray(scaled[None], dtype=np.float32))

    def blend(self, embeddings: Sequence[Array], weights: Sequence[float] | None = None) -> Array:
        """The embedding (1, D) of a mixture of styles: their weighted mean (Ghiasi et al. 2017, section 3.5).

        Args:
            embeddings: Embeddings (1, D).
            weights: One a style, scaled to sum to 1; equal where none are given.

        Raises:
            UserError: If the weights do not fit the styles, are negative or not finite, or sum to 0.
        """
        stacked = np.concatenate(embeddings)  # (S, D)
        return np.asarray(shares(weights, len(stacked)) @ stacked, dtype=np.float32)[None]

    def stylize(
        self,
        content: Array,
        embedding: Array | None,
        strength: float = 1.0,
        *,
        regions: Sequence[Region] = (),
        protect: Array | None = None,
        stroke: Stroke = None,
        tile: str = "never",
        tile_size: int = tiles.TILE,
    ) -> Array:
        """The pastiche (H, W, 3) in [0, 1] of a content (H, W, 3) in [0, 1] in the style of an embedding (1, D).

        Args:
            content: The photo; both sides at least 16.
            embedding: The style; None leaves the photo wherever no region is.
            strength: 0 returns the content bit for bit, 1 the full pastiche. Between them the embedding moves from
                the content's own to the style's (the identity interpolation of Ghiasi et al. 2017, section 3.5), and
                the pastiche is blended with the content by 1 - (1 - strength)^2: the embedding alone never reaches the
                photo, and this share keeps the way there even.
            regions: Parts of the picture with styles of their own, painted in the same pass.
            protect: Mask (h, w) in [0, 1]; where it is 1 the content stays as it is.
            stroke: Size of the brush relative to the picture, 1 as in a picture of 1024 pixels; ``auto`` is 1 for
                larger pictures; None is the network's own brush, whatever the picture; see
                `brushwork.rendering.strokes`.
            tile: ``never``, ``fast`` or ``exact``; see `brushwork.rendering.tiles`.
            tile_size: Side of a tile; a multiple of 4.

        Raises:
            UserError: If a strength is not in [0, 1], the content is too small, or a mask is empty.
        """
        check_strength(strength)
        check_size("content", content)
        if strength == 0 and not regions:
            return content.copy()
        style = self.compose(content, embedding, strength, regions=regions, protect=protect)
        pastiche = np.empty(content.shape, np.float32)
        size = content.shape[0] if tile == "never" else tile_size
        brush = strokes.chosen(stroke, *content.shape[:2])
        tiles.paint(self.runtime, content, style, pastiche, mode=tile, tile=size, stroke=brush)
        return pastiche

    def compose(
        self,
        content: Array,
        embedding: Array | None,
        strength: float = 1.0,
        *,
        regions: Sequence[Region] = (),
        protect: Array | None = None,
    ) -> Paint:
        """What a content is painted with; see `stylize`. The content may be a reduced copy.

        The masks of the regions are fitted to the largest of them.
        """
        wanted: list[tuple[Array | None, float]] = [(region.embedding, region.strength) for region in regions]
        wanted.append((embedding, strength) if embedding is not None else (None, 0.0))
        for _, each in wanted:
            check_strength(each)
        own = None
        # A table of styles has no embedding of the content, so there the whole way is a blend.
        if not self.styles and any(style is None or each < 1 for style, each in wanted):
            own = self.embed(_middle(content))
        embeddings, seen = [], []
        for style, each in wanted:
            if style is None:  # the photo, which the layers see as what is nearest to it
                style = regions[0].embedding if own is None else own
            elif own is not None and each < 1:
                style = self.blend([own, style], [1 - each, each])
            embeddings.append(style)
            seen.append(each if self.styles else 1 - (1 - each) ** 2)
        masks = None
        if regions:
            largest = max((region.mask for region in regions), key=lambda mask: mask.size)
            masks = mix([region.mask for region in regions], largest.shape[:2])
        return Paint(np.concatenate(embeddings), np.asarray(seen, np.float32), masks, protect)


def shares(weights: Sequence[float] | None, count: int) -> NDArray[np.float64]:
    """Weights of so many styles, scaled to sum to 1; equal where none are given.

    Raises:
        UserError: If they are not one a style, are negative or not finite, or sum to 0.
    """
    values = np.asarray([1.0] * count if weights is None else weights, dtype=np.float64)
    if len(values) != count:
        raise UserError(f"{len(values)} weights for {count} styles; give one weight a style")
    if not np.isfinite(values).all() or (values < 0).any() or values.sum() == 0:
        raise UserError("weights must be finite, not negative, and sum to more than 0")
    scaled: NDArray[np.float64] = values / values.sum()
    return scaled


def check_strength(strength: float) -> None:
    """Raises `UserError` where a strength is not in [0, 1]."""
    if not 0 <= strength <= 1:  # NaN is not, either
        raise UserError(f"the strength is {strength:g}; it must lie between 0 (the photo) and 1 (the full pastiche)")


def check_size(role: str, image: Array) -> tuple[int, int]:
    """Height and width of an image (H, W, 3).

    Raises:
        UserError: If it is no such image, or a side is below 16 pixels.
    """
    if image.ndim != 3 or image.shape[2] != 3:
        raise UserError(f"the {role} is an array of shape {image.shape}; an image is (height, width, 3)")
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise UserError(f"the {role} is {width} x {height} pixels; both sides must be at least {SMALLEST_SIDE}")
    return height, width


def check_choices(device: str, precision: str, threads: int | None) -> None:
    """Raises `UserError` where a device or precision is unknown, or threads are fewer than 1."""
    for kind, value, known in (("device", device, DEVICES), ("precision", precision, PRECISIONS)):
        if value not in known:
            raise UserError(unknown(kind, value, known))
    if threads is not None and threads < 1:
        raise UserError(f"threads is {threads}; it must be at least 1")


def load(
    model: str | Path | None = None, *, device: str = "auto", precision: str = "auto", threads: int | None = None
) -> Stylizer:
    """A stylizer that plays a model.

    Args:
        model: Name of a model that came with the package, or a model folder; None for the default.
        device: ``auto``, ``cpu``, ``gpu`` (Intel's, through OpenVINO), ``cuda`` or ``mps`` (through torch).
        precision: ``auto``, ``f32``, ``bf16``, ``f16`` or ``int8``.
        threads: Threads of the CPU; None for all cores.

    Raises:
        UserError: If model, device or precision is unknown or not to be had here.
    """
    check_choices(device, precision, threads)
    folder = model_folder.find(model)
    if device == "auto":
        device = "cuda" if _has_cuda() else "cpu"
    runtime = _open_runtime(folder, device, precision, threads)
    width = float(folder.network.get("width", 1.0))
    return Stylizer(
        runtime, style_size=folder.card.style_size, styles=folder.styles, gallery=Gallery(folder), width=width
    )


def _open_runtime(folder: ModelFolder, device: str, precision: str, threads: int | None) -> Runtime:
    """OpenVINO for CPUs and Intel's GPUs, torch for the others."""
    if device in ("cpu", "gpu"):
        from brushwork.runtime.openvino import OpenVINORuntime

        digest = folder.sha256[model_folder.WEIGHTS]
        return OpenVINORuntime(folder.path, digest, device=device, precision=precision, threads=threads)
    extras.require("torch", f"device {device!r}")
    from brushwork.runtime.pytorch import TorchRuntime

    return TorchRuntime(model_folder.load_network(folder), device=device, precision=precision, threads=threads)


def _has_cuda() -> bool:
    """Whether torch can use an NVIDIA GPU here. It is asked only where there is a driver: its import takes seconds."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    if not extras.installed("torch"):
        return False
    import torch

    return torch.cuda.is_available()


def _middle(content: Array) -> Array:
    """A content (H, W, 3), of a ribbon its middle: as much as may be embedded."""
    longest = LONGEST_STYLE * min(content.shape[:2])
    rows, columns = (slice(max(0, side - longest) // 2, (side + longest) // 2) for side in content.shape[:2])
    return content[rows, columns]
