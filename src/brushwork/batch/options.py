"""Options of a run: how its pastiches are rendered and written."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from brushwork.batch.inputs import exists
from brushwork.errors import UserError, unknown
from brushwork.images.metadata import STRIP
from brushwork.rendering.settings import LEAST_MEMORY, RenderSettings, Stroke, check_range, check_strength
from brushwork.styles.embeddings import STYLE_SIZES, normalized_weights


@dataclass(frozen=True)
class RegionOption:
    """A mask, the style where it is white, and the strength: ``mask.png=painting.jpg:0.8``."""

    mask: str
    style: str
    strength: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Options(RenderSettings):
    """Options of rendering and writing; see ``brushwork stylize --help``.

    ``page`` is the page of a TIFF file, from 1; None for all pages.

    Raises:
        UserError: If a value is out of range.
    """

    weights: Sequence[float] | None = None
    strength: float = 1.0
    size: int | None = None
    style_size: int | None = None
    format: str | None = None
    quality: int | None = None
    depth: int | None = None
    overwrite: bool = False
    regions: tuple[RegionOption, ...] = ()
    protect: str | None = None
    page: int | None = 1
    strip: str | None = None
    skip_existing: bool = False
    refine: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_strength(self.strength)
        check_range("size", self.size, 16, 100_000)
        check_range("style size", self.style_size, *STYLE_SIZES)
        check_range("quality", self.quality, 1, 100)
        check_range("time to refine", self.refine, 1, 100_000)
        if self.depth not in (None, 8, 16):
            raise UserError(f"the depth is {self.depth}; it must be 8 or 16 bits per channel")
        if self.page is not None and self.page < 1:
            raise UserError(f"the page is {self.page}; pages are counted from 1")
        if self.strip not in (None, *STRIP):
            raise UserError(unknown("part of the metadata", str(self.strip), STRIP))
        if self.skip_existing and self.overwrite:
            raise UserError("--skip-existing and --overwrite exclude each other; leave out one")


DEFAULT = Options()


def parse_weights(text: str | None, styles: int, *, each: bool = False) -> list[float] | None:
    """Parse the weights of a blend of styles, such as ``0.7,0.3``.

    Raises:
        UserError: If they are not numbers, their count differs from that of the styles, or there is nothing to blend.
    """
    if text is None:
        return None
    if each:
        raise UserError("--weights blends styles, but --each and folders of styles do not; leave out one")
    try:
        weights = [float(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"weights {text!r} are not numbers separated by commas, such as 0.7,0.3") from None
    normalized_weights(weights, styles)
    if styles == 1:
        raise UserError("--weights does nothing with one style; add another with -s or leave it out")
    return weights


def parse_region(text: str, is_mask: Callable[[str], bool] = exists) -> RegionOption:
    """Parse a region such as ``mask.png=painting.jpg`` or ``mask.png=painting.jpg:0.8``.

    Args:
        text: The region.
        is_mask: Returns whether a text is the name of a mask, which may contain ``=``.

    Raises:
        UserError: If it has another form or its strength is not in [0, 1].
    """
    # File names may contain "=": split at the first one that follows the name of a mask, else at the first.
    places = [place for place, letter in enumerate(text) if letter == "="]
    place = next((each for each in places if is_mask(text[:each])), places[0] if places else 0)
    mask, style = text[:place], text[place + 1 :]
    if not (mask and style):
        raise UserError(
            f"region {text!r} is not a mask and a style, such as mask.png=painting.jpg or alpha=ink.jpg:0.8"
        )
    strength = 1.0
    if match := re.fullmatch(r"(.+):(-?\d*\.?\d+)", style):
        style, strength = match[1], float(match[2])
    check_strength(strength)
    return RegionOption(mask, style, strength)


def parse_page(text: str | None) -> int | None:
    """Parse a page such as ``3``; ``all`` gives None.

    Raises:
        UserError: If it is neither.
    """
    if text == "all":
        return None
    try:
        return int(text or 1)
    except ValueError:
        raise UserError(f"the page is {text!r}; it must be all or a number from 1") from None


def parse_stroke(text: str) -> Stroke:
    """Parse a stroke: ``auto``, ``own`` or a number, whose range `Options` checks."""
    try:
        return float(text)
    except ValueError:
        return cast("Stroke", text)


def parse_memory(text: str | None) -> int | None:
    """Parse a size in bytes such as ``2G``, ``500M`` or ``1.5 GiB``.

    Raises:
        UserError: If it has another form, or is below 512 MB.
    """
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d+\.?\d*)\s*([MG])(i?B)?\s*", text, re.IGNORECASE)
    if not match:
        raise UserError(f"memory {text!r} is not a size such as 2G or 500M")
    size = int(float(match[1]) * 2 ** {"M": 20, "G": 30}[match[2].upper()])
    if size < LEAST_MEMORY:
        raise UserError(f"the memory is {text}; brushwork needs 512M")
    return size
