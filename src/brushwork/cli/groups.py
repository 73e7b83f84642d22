"""Options that several commands take together, each group as one parameter, see `grouped`."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from brushwork.cli.options import (
    Depth,
    Device,
    Format,
    FrameProtect,
    FrameRegions,
    FrameStroke,
    KeepColors,
    Precision,
    Protect,
    Quality,
    Regions,
    Size,
    Strength,
    Stroke,
    StyleSize,
    Threads,
    Weights,
    given,
)

if TYPE_CHECKING:
    from brushwork.stylizer import Stylizer


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command whose parameters that are groups, dataclasses, are an option for each of their fields."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}

    @wraps(command)
    def run(**values: Any) -> None:
        made = {
            name: group(**{each.name: values.pop(each.name) for each in fields(group)})
            for name, group in groups.items()
        }
        command(**values, **made)

    parameters: list[Parameter] = []
    for name, parameter in signature(command).parameters.items():
        options = _options(groups[name]) if name in groups else [parameter.replace(annotation=hints[name])]
        parameters += [each.replace(kind=Parameter.KEYWORD_ONLY) for each in options]
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return run


def _options(group: Any) -> list[Parameter]:
    """The fields of a group as parameters."""
    hints = get_type_hints(group, include_extras=True)
    return [
        Parameter(each.name, Parameter.KEYWORD_ONLY, default=each.default, annotation=hints[each.name])
        for each in fields(group)
    ]


@dataclass
class StyleOptions:
    """What is painted: styles and how they are mixed, where they go, colours, strokes, size."""

    weights: Weights = None
    style_size: StyleSize = None
    strength: Strength = None
    keep_colors: KeepColors = None
    stroke: Stroke = None
    region: Regions = None
    protect: Protect = None
    size: Size = None

    def values(self, styles: int, *, each: bool = False) -> dict[str, Any]:
        """Return those that were given, for the blend of so many styles, or for each of them.

        Raises:
            UserError: If one cannot be read.
        """
        from brushwork.batch.options import parse_region, parse_stroke, parse_weights

        weights = parse_weights(self.weights, styles, each=each)
        return given(
            weights=tuple(weights) if weights else None, style_size=self.style_size, strength=self.strength,
            keep_colors=self.keep_colors, stroke=parse_stroke(self.stroke) if self.stroke else None,
            regions=tuple(parse_region(text) for text in self.region or ()), protect=self.protect, size=self.size,
        )  # fmt: skip


@dataclass
class FrameStyleOptions(StyleOptions):
    """The same of the frames of a clip."""

    stroke: FrameStroke = None
    region: FrameRegions = None
    protect: FrameProtect = None


@dataclass
class FileOptions:
    """How a picture is written."""

    format: Format = None
    quality: Quality = None
    depth: Depth = None


@dataclass
class Machine:
    """What executes a model."""

    device: Device = None
    precision: Precision = None
    threads: Threads = None

    def loader(self, model: str | Path | None, detail: float | None = None) -> "Callable[[], Stylizer]":
        """Return a function that loads the stylizer of a model.

        Raises:
            UserError: At once, if the device or the precision is unknown, or threads are fewer than 1.
        """
        from functools import partial

        from brushwork import stylizer
        from brushwork.runtime.opening import check_choices

        choices = given(**vars(self))
        defaults = {name: parameter.default for name, parameter in signature(stylizer.load).parameters.items()}
        check_choices(*({**defaults, **choices}[each.name] for each in fields(self)))
        return partial(stylizer.load, model, **choices, **given(detail=detail))
