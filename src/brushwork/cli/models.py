"""`brushwork models`: lists the shipped models and shows their cards."""

from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from brushwork.model_folder import ModelFolder


def models(
    model: Annotated[str | None, Argument(metavar="[NAME|FOLDER]", hidden=True)] = None,
    as_json: Annotated[bool, Option("--json", metavar="", help="Print JSON.")] = False,
) -> None:
    """List the models with name, licence, size, scores and source, or show the card of one model.

    brushwork models magenta-mobile
    """
    import json

    from brushwork import model_folder

    if model is not None:
        values = _values(model_folder.find(model))
        print(json.dumps(values, indent=2) if as_json else _card(values))
        return
    folders = [model_folder.read(model_folder.MODELS / name) for name in model_folder.names()]
    print(json.dumps([_values(folder) for folder in folders], indent=2) if as_json else _table(folders))


def _values(folder: "ModelFolder") -> dict[str, Any]:
    """Return the card of a model as plain values, with the names of its styles."""
    from brushwork import model_folder
    from brushwork.styles.gallery import Gallery

    return {**model_folder.describe(folder), "styles": list(folder.styles or Gallery(folder).styles)}


def _scores(scores: dict[str, float]) -> str:
    return ", ".join(
        f"{name} {value:.3g}" if value < 1000 else f"{name} {value:,.0f}" for name, value in scores.items()
    )


def _sizes(style_sizes: "Sequence[tuple[int, int]]") -> str:
    """Describe the style sizes by the long side of the pastiche."""
    each = ", ".join(f"{size} for {painted} pixels" for painted, size in style_sizes)
    return f"; by default {each}, interpolated in between" if each else ""


def _table(folders: "list[ModelFolder]") -> str:
    """Return a table with one line per model."""
    rows = [("name", "licence", "size", "styles", "scores", "for", "source")]
    for folder in folders:
        values = _values(folder)
        name = f"{folder.name} (default)" if values["default"] else folder.name
        size, styles = f"{folder.size / 1e6:.1f} MB", str(len(values["styles"]) or "-")
        stated = _scores(values["scores"]) or "not measured", values["about"], values["source"]
        rows.append((name, folder.card.licence, size, styles, *stated))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _card(values: dict[str, Any]) -> str:
    """Return the card of a model, one or more lines per entry."""
    low, high = values["style_size_range"]
    rows = {
        "name": values["name"] + (" (default)" if values["default"] else ""),
        "title": values["title"],
        "for": values["about"],
        "licence": values["licence"],
        "source": values["source"],
        "data": values["data"],
        "recipe": values["recipe"],
        "hours": values["hours"] if values["hours"] is None else f"{values['hours']:g}, {values['hardware']}",
        "size": f"{values['bytes'] / 1e6:.1f} MB",
        "style size": f"{values['style_size']} pixels, useful from {low} to {high}" + _sizes(values["style_sizes"]),
        "styles": f"{len(values['styles'])} named styles; see brushwork styles" if values["styles"] else None,
        "limits": "\n".join(values["limits"]),
        "measured": values["measured"],
        "scores": _scores(values["scores"]),
        **{f"- {peer}": _scores(scores) for peer, scores in values["peers"].items()},
    }
    width = max(map(len, rows)) + 2
    lines = {name: str(value or "not stated").replace("\n", "\n" + " " * width) for name, value in rows.items()}
    return "\n".join(f"{name:<{width}}{line}" for name, line in lines.items())
