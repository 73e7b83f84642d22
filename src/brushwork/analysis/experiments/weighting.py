"""Compares networks of one style, of N styles and of any style, trained with the same weights for all styles."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from brushwork.analysis import measures, pictures, plots
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.intervals import LOSSES, cell, loss_cells
from brushwork.analysis.measures import Losses
from brushwork.analysis.pairs import Pairs
from brushwork.analysis.short_training import short_recipe, train, warm_start
from brushwork.networks import PasticheNetwork
from brushwork.training.config import Recipe

# A network, and the embedding (1, D) of the style that it renders.
Embedded: TypeAlias = tuple[PasticheNetwork, Tensor]


class Size(NamedTuple):
    """Styles, steps for each style, side in pixels, evaluated contents, steps of the optimised pixels."""

    styles: int
    steps: int
    side: int
    contents: int
    optimised: int


SIZES = {"tiny": Size(2, 2, 32, 2, 2), "short": Size(3, 20, 64, 4, 20), "report": Size(8, 1000, 128, 16, 40)}
KINDS = ("one network each", "one network of N styles", "one network of any style")


def run(context: Context) -> Result:
    """Train the three systems with the same loss on the same styles, with the same number of pastiches per style.

    The network of any style is trained on these styles and all others, for as many steps as the network of N styles.
    All start with trained convolutions (`short_training.warm_start`).
    """
    context.inputs.require("contents", "styles", "new_contents")
    size = context.choose(SIZES)
    entries = pictures.entries(context.inputs.show_styles or context.inputs.styles, size.styles)
    files = [str(pictures.store(entry, context.folder / f"style-{n}")) for n, entry in enumerate(entries)]
    styles = pictures.squares(files, size.side)
    contents = pictures.squares(context.inputs.new_contents, size.side, size.contents)
    pairs = Pairs(
        contents, styles, [(content, style) for style in range(len(styles)) for content in range(len(contents))]
    )
    shown = pictures.squares(context.inputs.shown[0], size.side)[:1].expand(len(styles), -1, -1, -1)
    evaluated: dict[str, list[Losses]] = {kind: [] for kind in KINDS}
    grid = {"style": styles}
    for seed in range(context.seeds):
        systems = _train(context, files, size, seed)
        for kind, system in systems.items():
            evaluated[kind].append(pairs.evaluate(_paint(system, pairs.contents, len(contents))))
            if seed == 0:
                grid[kind] = _paint(system, shown, 1)
    limits = pairs.limits(context.folder, size.optimised, context.say)
    found = {**evaluated, **{name: [each] for name, each in limits.items()}}
    by_style = {name: _by_style(losses, len(styles)) for name, losses in found.items()}
    names = [f"style {number + 1}" for number in range(len(styles))]
    rows: list[list[Cell]] = [
        [name, *map(cell, by_style[name].T.tolist()), *loss_cells(losses)] for name, losses in found.items()
    ]
    means = {kind: by_style[kind].mean(axis=0) for kind in KINDS}
    spread = [each.max() / each.min() for each in means.values()]
    return Result(
        summary=(
            "With the same weights, the mean style loss is "
            + ", ".join(f"{each.mean():.2f} ({kind})" for kind, each in means.items())
            + f"; between styles it varies by factors of {min(spread):.1f} to {max(spread):.1f}."
        ),
        numbers={name: {"style loss by seed and style": each.tolist(), "seeds": [one.means() for one in found[name]]}
                 for name, each in by_style.items()},
        tables=[Table(f"Style loss by style, and means, on {len(contents)} new photos at {size.side} px; "
                      f"{context.seeds} seeds ± 95 %", ("system", *names, *LOSSES), rows)],
        plots=[
            Plot("pastiches", "Styles, and a photo rendered by each system.", plots.labelled_grid(grid)),
            Plot("losses", "Style loss by style.", _bars(means)),
        ],
        setting={"steps for a style": size.steps, "side": size.side, "batch": 4,
                 "loss": "content 1/40000, style 5, normalised"},
    )  # fmt: skip


def _train(context: Context, files: list[str], size: Size, seed: int) -> dict[str, list[Embedded]]:
    """Return, for each kind, the network that renders each style, and the style's embedding (1, D)."""
    count = len(files)
    steps = size.steps * count

    def trained(name: str, recipe: Recipe, sources: Sequence[str]) -> PasticheNetwork:
        own = replace(recipe, seed=seed, data=replace(recipe.data, styles=tuple(sources)))
        return train(context, f"{name}-{seed}", warm_start(context, f"{name}-{seed}", own)).network

    names = tuple(f"style-{number}" for number in range(count))
    single, table = (
        short_recipe(context, steps=each, side=size.side, learning_rate=2e-3, styles=styles)
        for each, styles in ((size.steps, ("style",)), (steps, names))
    )
    together = trained("table", table, files)
    arbitrary = trained("any", short_recipe(context, steps=steps, side=size.side), [*files, *context.inputs.styles])
    alone = [trained(f"single-{number}", single, [file]) for number, file in enumerate(files)]
    with torch.no_grad():
        embeddings = [arbitrary.embed(pictures.squares((file,), size.side)) for file in files]
    return {
        KINDS[0]: [(network, torch.ones(1, 1)) for network in alone],
        KINDS[1]: [(together, row) for row in torch.eye(count).split(1)],
        KINDS[2]: [(arbitrary, embedding) for embedding in embeddings],
    }


def _paint(system: list[Embedded], contents: Tensor, each: int) -> Tensor:
    """Return pastiches (N, 3, S, S) of contents (N, 3, S, S), in groups of `each` for the styles in turn."""
    parts = zip(system, contents.split(each), strict=True)
    return torch.cat([measures.paint(network, part, row.expand(len(part), -1)) for (network, row), part in parts])


def _by_style(losses: list[Losses], styles: int) -> NDArray[np.float64]:
    """Return the mean style loss (seeds, styles)."""
    return np.stack([each.style.reshape(styles, -1).mean(axis=1) for each in losses])


def _bars(means: Mapping[str, NDArray[np.float64]]) -> Figure:
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axis = figure.subplots()
    for place, (kind, losses) in enumerate(means.items()):
        axis.bar(np.arange(1, len(losses) + 1) + 0.27 * (place - 1), losses, 0.25, label=kind)
    axis.set(xlabel="style", ylabel="style loss", xticks=range(1, len(losses) + 1))
    axis.legend(fontsize=9)
    return figure
