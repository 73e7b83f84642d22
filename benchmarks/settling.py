"""Short training runs that differ in one setting each: their curves, and their scores on unseen pictures.

    python -m benchmarks.settling recipes/arbitrary-cpu.toml --set steps=150 --contents photos --styles paintings
        --vary optimizer.learning_rate=5e-4,1e-3,2e-3 --vary loss.style=2.5,10 --output settling

Every run is the recipe with one value changed; the first run is the recipe itself. Finished runs in the folder are not
repeated. Curves are means over a window of log lines.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Annotated, NamedTuple

import matplotlib
import typer
from rich.console import Console
from rich.table import Table

from brushwork.evaluation import pairs as pairing
from brushwork.evaluation.evaluate import evaluate, of_model
from brushwork.evaluation.metrics import geometric_mean
from brushwork.evaluation.pairs import Pair
from brushwork.runtime.pytorch import TorchRuntime
from brushwork.stylizer import Stylizer
from brushwork.training import checkpoints, recipe_file
from brushwork.training.config import Recipe
from brushwork.training.logs import open_log
from brushwork.training.train import train

matplotlib.use("agg")
from matplotlib import pyplot as plt

WINDOW = 3  # log lines
TITLES = {"style": "style term / its first value", "content": "content term"}


class Run(NamedTuple):
    """A finished run: its name, its scores on the pairs, and the lines of its log."""

    name: str
    share: float
    content: float
    ssim: float
    log: list[dict[str, float]]


def variants(recipe: Path, settings: Sequence[str], vary: Sequence[str]) -> Iterator[tuple[str, Recipe]]:
    """Yield the recipe itself, then with each value of each varied key, or with several keys changed at once."""
    yield "unchanged", recipe_file.load(recipe, settings)
    for variation in vary:
        if " " in variation:
            yield variation, recipe_file.load(recipe, [*settings, *variation.split()])
            continue
        key, _, values = variation.partition("=")
        for value in values.split(","):
            yield f"{key}={value}", recipe_file.load(recipe, [*settings, f"{key}={value}"])


def run(name: str, recipe: Recipe, folder: Path, pairs: Sequence[Pair], size: int) -> Run:
    """Train in a folder, or resume there, and score the averaged weights."""
    exists = (folder / checkpoints.CHECKPOINT).exists()
    with open_log(folder) as write:
        for progress in train(recipe, folder, resume=exists):
            write(progress)
    network, _ = checkpoints.load_checkpoint(folder)
    stylizer = Stylizer(TorchRuntime(network), style_size=size)
    scores = [each.record.scores for each in evaluate(pairs, of_model(stylizer), size)]
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    share = geometric_mean(score.share for score in scores)
    return Run(name, share, fmean(s.content_loss for s in scores), fmean(s.ssim for s in scores), log)


def draw(runs: Sequence[Run], batch: int, path: Path) -> None:
    """Plot the curves of style and content, one line for each run."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for axis, term in zip(axes, ("style", "content"), strict=True):
        for each in runs:
            values = [line[term] for line in each.log]
            if term == "style":  # raw and normalised losses differ by ten decades
                values = [value / values[0] for value in values]
            smooth = [fmean(values[max(0, k - WINDOW + 1) : k + 1]) for k in range(len(values))]
            axis.plot([line["step"] * batch for line in each.log], smooth, label=each.name)
        axis.set(xlabel="pastiches", title=TITLES[term], yscale="log")
        axis.grid(alpha=0.3, which="both")
    axes[0].legend(fontsize=8)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def main(
    recipe: Annotated[Path, typer.Argument(help="The recipe.")],
    contents: Annotated[Path, typer.Option(help="Folder of contents for the scores.")],
    styles: Annotated[Path, typer.Option(help="Folder of styles for the scores.")],
    output: Annotated[Path, typer.Option(help="Folder of the runs, their table and curves.")],
    vary: Annotated[
        list[str], typer.Option(help="key=value,value: runs with this one change; 'key=value key=value': one run.")
    ],
    settings: Annotated[list[str] | None, typer.Option("--set", help="Change the recipe for all: key=value.")] = None,
    pairs: Annotated[int, typer.Option(help="Number of pairs.", min=1)] = 16,
    size: Annotated[int, typer.Option(help="Side of their squares.", min=64)] = 128,
) -> None:
    """Compare settings of a recipe by short runs."""
    chosen = pairing.choose(contents, styles, pairs)
    console = Console(highlight=False, width=120)
    runs: list[Run] = []
    batch = 0
    for name, varied in variants(recipe, settings or (), vary):
        with console.status(name):
            runs.append(run(name, varied, output / name.replace("/", "-"), chosen, size))
        batch = varied.data.batch
        console.print(f"{name}: share {runs[-1].share:.3f}, content {runs[-1].content:,.0f}, SSIM {runs[-1].ssim:.3f}")
    table = Table("run", "style share", "content loss", "SSIM", "last style term", "last content term")
    for each in runs:
        last = [fmean(line[term] for line in each.log[-WINDOW:]) for term in ("style", "content")]
        table.add_row(
            each.name, f"{each.share:.3f}", f"{each.content:,.0f}", f"{each.ssim:.3f}", f"{last[0]:.3f}",
            f"{last[1]:,.0f}",
        )  # fmt: skip
    console.print(table)
    draw(runs, batch, output / "curves.png")


if __name__ == "__main__":
    typer.run(main)
