"""Groups of options that several commands share; a group is one parameter of a command, see `grouped`."""

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
    """Return a command in which each parameter that is a group (a dataclass) becomes one option per field."""
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
    """Return the fields of a group as parameters."""
    hints = get_type_hints(group, include_extras=True)
    return [
        Parameter(each.name, Parameter.KEYWORD_ONLY, default=each.default, annotation=hints[each.name])
        for each in fields(group)
    ]


@dataclass
class StyleOptions:
    """Styles and their weights, regions, colours, strokes and size of pictures."""

    weights: Weights = None
    style_size: StyleSize = None
    strength: Strength = None
    keep_colors: KeepColors = None
    stroke: Stroke = None
    region: Regions = None
    protect: Protect = None
    size: Size = None

    def values(self, styles: int, *, each: bool = False) -> dict[str, Any]:
        """Return the given options as keyword arguments, for a blend of ``styles`` styles or for each of them.

        Raises:
            UserError: If a value cannot be parsed.
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
    """Styles and their weights, regions, colours, strokes and size of a clip's frames."""

    stroke: FrameStroke = None
    region: FrameRegions = None
    protect: FrameProtect = None


@dataclass
class FileOptions:
    """Options for writing pictures."""

    format: Format = None
    quality: Quality = None
    depth: Depth = None


@dataclass
class Machine:
    """Device, precision and threads."""

    device: Device = None
    precision: Precision = None
    threads: Threads = None

    def loader(self, model: str | Path | None, detail: float | None = None) -> "Callable[[], Stylizer]":
        """Return a function that loads the stylizer of a model.

        Raises:
            UserError: If the device or precision is unknown or the number of threads is below 1.
        """
        from functools import partial

        from brushwork import stylizer
        from brushwork.runtime.opening import check_choices

        choices = given(**vars(self))
        defaults = {name: parameter.default for name, parameter in signature(stylizer.load).parameters.items()}
        check_choices(*({**defaults, **choices}[each.name] for each in fields(self)))
        return partial(stylizer.load, model, **choices, **given(detail=detail))
