"""How the pastiches of a run are made and written."""

from collections.abc import Sequence
from dataclasses import dataclass

from brushwork.errors import UserError
from brushwork.stylizer import check_strength, shares

KEEP_COLORS = ("luma", "histogram")


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

    def __post_init__(self) -> None:
        check_strength(self.strength)
        if self.keep_colors not in (None, *KEEP_COLORS):
            raise UserError(f"unknown way to keep colours {self.keep_colors!r}; known: {', '.join(KEEP_COLORS)}")
        for name, value, low, high in (
            ("size", self.size, 16, 100_000),
            ("style size", self.style_size, 80, 2048),
            ("quality", self.quality, 1, 100),
        ):
            if value is not None and not low <= value <= high:
                raise UserError(f"the {name} is {value}; it must lie between {low} and {high}")
        if self.depth not in (None, 8, 16):
            raise UserError(f"the depth is {self.depth}; it must be 8 or 16 bits a channel")


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
