"""Settings of rendering that do not depend on the style: colours, stroke, tiles, memory."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal, TypeAlias

from brushwork.errors import UserError, unknown
from brushwork.images import Rows
from brushwork.runtime import SMALLEST_SIDE

KEEP_COLORS = ("luma", "histogram")
AUTO: Literal["auto"] = "auto"
# Name of the stroke that leaves the network's brush at its size in pixels.
OWN: Literal["own"] = "own"
STROKES = 0.25, 8.0
MODES = ("auto", "never", "fast", "exact")
# Features are 4 pixels apart: tiles that started elsewhere would see other features.
GRID = 4
SMALLEST_TILE, LARGEST_TILE = 128, 16_384
# Bytes that Python, OpenVINO, pyvips, a model and the smallest tiles take.
LEAST_MEMORY = 2**29

Stroke: TypeAlias = float | Literal["auto", "own"]


@dataclass(frozen=True, kw_only=True)
class RenderSettings:
    """Settings of rendering; `Stylizer.stylize` documents each of them and has the same defaults.

    Raises:
        UserError: If a value is unknown or out of range.
    """

    keep_colors: str | None = None
    stroke: Stroke = AUTO
    tile: str = AUTO
    tile_size: int | None = None
    memory: int | None = None

    def __post_init__(self) -> None:
        if self.keep_colors not in (None, *KEEP_COLORS):
            raise UserError(unknown("way to keep colours", str(self.keep_colors), KEEP_COLORS))
        if self.tile not in MODES:
            raise UserError(unknown("way to tile", str(self.tile), MODES))
        _check_stroke(self.stroke)
        _check_tile_size(self.tile_size)
        if self.memory is not None and not (_is_number(self.memory) and self.memory >= LEAST_MEMORY):
            raise UserError(f"the memory is {self.memory!r} bytes; brushwork needs {LEAST_MEMORY} (512 MiB)")


def check_range(name: str, value: float | None, low: float, high: float) -> None:
    """Check that an optional number is in a range.

    Raises:
        UserError: If it is not a number or is out of range.
    """
    if value is None:
        return
    if not _is_number(value):
        raise UserError(f"the {name} is {value!r}; it must be a number from {low:g} to {high:g}")
    if not low <= value <= high:
        raise UserError(f"the {name} is {value:g}; it must be between {low:g} and {high:g}")


def check_strength(strength: float) -> None:
    """Check that a strength is a number in [0, 1]; else raise `UserError`."""
    if not _is_number(strength):
        raise UserError(
            f"the strength is {strength!r}; it must be a number from 0 (the photo) to 1 (the full pastiche)"
        )
    if not 0 <= strength <= 1:  # also true for NaN
        raise UserError(f"the strength is {strength:g}; it must be between 0 (the photo) and 1 (the full pastiche)")


def check_size(role: str, image: Rows) -> tuple[int, int]:
    """Return height and width of an image.

    Raises:
        UserError: If a side is below 16 pixels.
    """
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise UserError(f"the {role} is {width} x {height} pixels; both sides must be at least {SMALLEST_SIDE}")
    return height, width


def _check_stroke(stroke: Stroke) -> None:
    low, high = STROKES
    if isinstance(stroke, str) or not _is_number(stroke):
        if stroke not in (AUTO, OWN):
            raise UserError(f"the stroke is {stroke!r}; it is auto, own or a number from {low:g} to {high:g}")
        return
    check_range("stroke", stroke, low, high)


def _check_tile_size(size: int | None) -> None:
    check_range("tile size", size, SMALLEST_TILE, LARGEST_TILE)
    if size is not None and (not isinstance(size, Integral) or size % GRID):
        raise UserError(f"the tile size is {size!r}; it must be a multiple of {GRID}")


def _is_number(value: object) -> bool:
    """Return whether a value is a number other than True and False."""
    return isinstance(value, Real) and not isinstance(value, bool)
