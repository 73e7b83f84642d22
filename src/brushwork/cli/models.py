"""`brushwork models`: what can be played."""

import json as encoder
from typing import Annotated

from typer import Option


def models(json: Annotated[bool, Option("--json", help="As JSON.")] = False) -> None:
    """List the models: name, licence, size, scores and where they come from."""
    from rich.console import Console
    from rich.table import Table

    from brushwork import checkpoints

    folders = [checkpoints.read(checkpoints.MODELS / name) for name in checkpoints.names()]
    if json:
        print(encoder.dumps([checkpoints.describe(folder) for folder in folders], indent=2))
        return
    table = Table("name", "licence", "size", "scores", "source", box=None, pad_edge=False, header_style="bold")
    for folder in folders:
        facts = checkpoints.describe(folder)
        scores = ", ".join(f"{name} {value:g}" for name, value in folder.card.scores.items()) or "not measured"
        name = f"{folder.name} (default)" if facts["default"] else folder.name
        table.add_row(name, folder.card.licence, f"{folder.size / 1e6:.1f} MB", scores, folder.card.source)
    Console().print(table)
