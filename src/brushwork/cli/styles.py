"""`brushwork styles`: the styles that have names, in words or on one's own photo."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

if TYPE_CHECKING:
    from brushwork.model_folder import ModelFolder


def _option(names: str, metavar: str, words: str) -> Any:
    """An option; a metavar of "" is a flag's."""
    return Option(*names.split(), metavar=metavar, help=words)


Sheet = Annotated[Path | None, _option("--sheet", "PHOTO", "Render every style on a photo, as one contact sheet.")]
Output = Annotated[Path | None, _option("--output -o", "FILE", "Where the sheet goes; else photo-styles.jpg.")]
Size = Annotated[int, _option("--size", "PIXELS", "Long side of each picture on the sheet.")]
Overwrite = Annotated[bool, _option("--overwrite", "", "Replace a sheet that exists.")]
Json = Annotated[bool, _option("--json", "", "Print JSON.")]
Model = Annotated[str | None, _option("--model", "NAME|FOLDER", "Whose styles; see brushwork models.")]
Device = Annotated[str, _option("--device", "auto|cpu|gpu|cuda|mps", "What paints; gpu is Intel's.")]
Precision = Annotated[str, _option("--precision", "auto|f32|bf16|f16|int8", "auto is the device's fastest.")]
Threads = Annotated[int | None, _option("--threads", "N", "Threads of the CPU; else all cores.")]


def styles(
    sheet: Sheet = None,
    output: Output = None,
    size: Size = 320,
    overwrite: Overwrite = False,
    as_json: Json = False,
    model: Model = None,
    device: Device = "auto",
    precision: Precision = "auto",
    threads: Threads = None,
) -> None:
    """List the styles that have names, or show them all on a photo.

    brushwork styles --sheet photo.jpg

    brushwork stylize photo.jpg -s ukiyo-e
    """
    from brushwork import model_folder
    from brushwork.errors import UserError

    if sheet is None:
        if output is not None:
            raise UserError("-o is where a sheet goes; name a photo with --sheet")
        _list(model_folder.find(model), as_json)
        return
    if as_json:
        raise UserError("--json lists the styles and --sheet paints them; leave out one")
    _paint(sheet, output, size, overwrite, model, device=device, precision=precision, threads=threads)


def _paint(photo: Path, output: Path | None, size: int, overwrite: bool, model: str | None, **choices: Any) -> None:
    """Writes the sheet of a photo."""
    import sys

    from brushwork import images, stylizer
    from brushwork.batch.options import Options
    from brushwork.cli.progress import track
    from brushwork.styles.sheet import cells, compose, target

    Options(size=size)  # its limits are those of every command
    path = target(photo, output, overwrite=overwrite)
    content = images.open(photo, size=size).filled()
    player = stylizer.load(model, **choices)
    coming = cells(content.image, player.names, lambda image, name: player.stylize(image, player.embed(name)))
    painted = list(track(coming, len(player.names) + 1))
    images.save(compose(painted, content.alpha), path, overwrite=overwrite)
    print(f"{path}  {len(player.names)} styles", file=sys.stderr)


def _list(folder: "ModelFolder", as_json: bool) -> None:
    """Prints the named styles of a model."""
    import json
    import sys

    from brushwork.styles.gallery import Gallery

    rows = [{"name": name, "kind": each.kind, "about": each.about} for name, each in Gallery(folder).styles.items()]
    rows = rows or [{"name": name, "kind": "table", "about": ""} for name in folder.styles]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    if not rows:
        print(f"{folder.name} has no named styles; -s takes any picture")
        return
    from rich.console import Console
    from rich.table import Table

    # In a pipe no line is broken: who reads it there may want columns.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in rows[0]:
        table.add_column(column, no_wrap=column != "about")
    for row in rows:
        table.add_row(*row.values())
    console.print(table)
