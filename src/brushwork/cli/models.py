"""`brushwork models`: what can be played."""

from typing import Annotated

from typer import Option


def models(as_json: Annotated[bool, Option("--json", metavar="", help="Print JSON.")] = False) -> None:
    """List the models: name, licence, size, scores and where they come from."""
    import json

    from brushwork import checkpoints

    folders = [checkpoints.read(checkpoints.MODELS / name) for name in checkpoints.names()]
    if as_json:
        print(json.dumps([checkpoints.describe(folder) for folder in folders], indent=2))
        return
    rows = [("name", "licence", "size", "scores", "source")]
    for folder in folders:
        scores = ", ".join(f"{name} {value:g}" for name, value in folder.card.scores.items()) or "not measured"
        name = f"{folder.name} (default)" if folder.name == checkpoints.DEFAULT_MODEL else folder.name
        rows.append((name, folder.card.licence, f"{folder.size / 1e6:.1f} MB", scores, folder.card.source))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
