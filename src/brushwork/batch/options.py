"""How the pastiches of a run are made and written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from brushwork.errors import UserError
from brushwork.rendering.strokes import AUTO, STROKES, Stroke
from brushwork.rendering.tiles import GRID, MODES, SMALLEST_TILE
from brushwork.stylizer import check_strength, shares

KEEP_COLORS = ("luma", "histogram")


@dataclass(frozen=True)
class RegionOption:
    """A mask, what is painted where it is white, and how strongly: ``mask.png=painting.jpg:0.8``."""

    mask: str
    style: str
    strength: float = 1.0


@dataclass(frozen=True)
class Options:
    """How the pastiches of a run are made and written; see ``brushwork stylize --help``.

    Raises:
        UserError: If a value is out of its range.
    """

    weights: Sequence[float] | None = None
    strength: float = 1.0
    keep_colors: str | None = None
    size: int | None = None
    style_size: int | None = None
    format: str | None = None
    quality: int | None = None
    depth: int | None = None
    overwrite: bool = False
    regions: tuple[RegionOption, ...] = ()
    protect: str | None = None
    stroke: Stroke = AUTO
    tile: str = "auto"
    tile_size: int | None = None
    memory: int | None = None

    def __post_init__(self) -> None:
        check_strength(self.strength)
        if self.keep_colors not in (None, *KEEP_COLORS):
            raise UserError(f"unknown way to keep colours {self.keep_colors!r}; known: {', '.join(KEEP_COLORS)}")
        for name, value, low, high in (
            ("size", self.size, 16, 100_000),
            ("style size", self.style_size, 80, 2048),
            ("quality", self.quality, 1, 100),
            ("tile size", self.tile_size, SMALLEST_TILE, 16_384),
            ("stroke", None if self.stroke == AUTO else self.stroke, *STROKES),
        ):
            if value is not None and not low <= value <= high:
                raise UserError(f"the {name} is {value:g}; it must lie between {low} and {high}")
        if self.depth not in (None, 8, 16):
            raise UserError(f"the depth is {self.depth}; it must be 8 or 16 bits a channel")
        if self.tile not in MODES:
            raise UserError(f"unknown way to tile {self.tile!r}; known: {', '.join(MODES)}")
        if self.tile_size is not None and self.tile_size % GRID:
            raise UserError(f"the tile size is {self.tile_size}; it must be a multiple of {GRID}")


def parse_weights(text: str | None, styles: int, *, each: bool = False) -> list[float] | None:
    """The weights of a blend of so many styles, from ``0.7,0.3``.

    Raises:
        UserError: If they are no numbers, not one a style, or nothing is blended.
    """
    if text is None:
        return None
    if each:
        raise UserError("weights are for a blend of styles; leave out either --weights or --each")
    try:
        weights = [float(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"weights {text!r} are not numbers with commas between them, such as 0.7,0.3") from None
    shares(weights, styles)
    return weights


def parse_region(text: str) -> RegionOption:
    """A region from ``mask.png=painting.jpg`` or ``mask.png=painting.jpg:0.8``.

    Raises:
        UserError: If it is no such thing, or its strength is not in [0, 1].
    """
    mask, equals, style = text.partition("=")
    if not (mask and equals and style):
        raise UserError(
            f"region {text!r} is not a mask and a style, such as mask.png=painting.jpg or alpha=ink.jpg:0.8"
        )
    strength = 1.0
    if match := re.fullmatch(r"(.+):(-?\d*\.?\d+)", style):
        style, strength = match[1], float(match[2])
    check_strength(strength)
    return RegionOption(mask, style, strength)


def parse_stroke(text: str) -> Stroke:
    """A stroke from ``auto``, ``own`` or a number.

    Raises:
        UserError: If it is none of these.
    """
    if text in (AUTO, "own"):
        return AUTO if text == AUTO else None
    try:
        return float(text)
    except ValueError:
        low, high = STROKES
        raise UserError(f"the stroke is {text!r}; it is auto, own or a number from {low:g} to {high:g}") from None


def parse_memory(text: str | None) -> int | None:
    """Bytes from ``2G``, ``500M`` or ``1.5 GiB``.

    Raises:
        UserError: If it is no such size, or below 256 MB.
    """
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d+\.?\d*)\s*([MG])(i?B)?\s*", text, re.IGNORECASE)
    if not match:
        raise UserError(f"memory {text!r} is no size such as 2G or 500M")
    size = int(float(match[1]) * 2 ** {"M": 20, "G": 30}[match[2].upper()])
    if size < 2**28:
        raise UserError(f"the memory is {text}; brushwork alone needs 256M")
    return size
