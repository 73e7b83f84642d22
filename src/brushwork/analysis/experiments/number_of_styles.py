"""Compares losses on unseen styles of networks trained on few or many styles, after equal steps."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.stats import spearmanr
from torch import Tensor

from brushwork.analysis import measures, pictures
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.intervals import LOSSES, loss_cells
from brushwork.analysis.measures import Losses
from brushwork.analysis.neighbours import nearest
from brushwork.analysis.pairs import Pairs
from brushwork.analysis.short_training import describe_recipe, short_recipe, train, warm_start
from brushwork.networks import PasticheNetwork


class Size(NamedTuple):
    """Numbers of training styles (0: all), the one for distances, steps, side in pixels, new styles, and pixels' steps.

    The last are the steps of the optimised pixels.
    """

    counts: tuple[int, ...]
    near: int
    steps: int
    side: int
    styles: int
    optimised: int


SIZES = {
    "tiny": Size((2, 0), 2, 2, 32, 3, 2),
    "short": Size((16, 64, 256, 1024, 4096, 0), 64, 50, 64, 55, 20),
    "report": Size((16, 64, 256, 1024, 4096, 0), 64, 2000, 128, 55, 40),
}


def run(context: Context) -> Result:
    """Train on nested sets of styles with each seed, and evaluate on new contents and new styles.

    All runs start with trained convolutions (`short_training.warm_start`), so that few steps show the difference.
    """
    context.inputs.require("contents", "styles", "new_contents", "new_styles")
    size = context.choose(SIZES)
    contents = pictures.squares(context.inputs.new_contents, size.side)
    styles = pictures.squares(context.inputs.new_styles, size.side, size.styles)
    pairs = Pairs(contents, styles, measures.pair_up(len(contents), len(styles)))
    available = len(pictures.entries(context.inputs.styles))
    recipe = short_recipe(context, steps=size.steps, side=size.side)
    evaluated: dict[int, list[Losses]] = {count: [] for count in size.counts}
    distance: dict[str, Any] = {}
    for seed in range(context.seeds):
        for count in size.counts:
            name = f"{count or 'all'}-{seed}"
            own = replace(recipe, data=replace(recipe.data, styles_limit=count), seed=seed)
            network = train(context, name, warm_start(context, name, own)).network
            evaluated[count].append(pairs.evaluate(pairs.paint(network)))
            if seed == 0 and count == size.near:
                distance = _distances(context, network, evaluated[count][0], styles, count, size.side)
    limits = pairs.limits(context.folder, size.optimised, context.say)
    counts: list[dict[str, Any]] = [
        {"styles": count or available, "seeds": [each.means() for each in losses]}
        for count, losses in evaluated.items()
    ]
    numbers = {"counts": counts, "distance": distance, **{name: each.means() for name, each in limits.items()}}
    rows: list[list[Cell]] = [
        [each["styles"], *loss_cells(evaluated[count])] for count, each in zip(evaluated, counts, strict=True)
    ]
    rows += [[name, *loss_cells([each])] for name, each in limits.items()]
    first, last = counts[0]["seeds"], counts[-1]["seeds"]
    ratio = _mean(first, "style loss") / _mean(last, "style loss")
    return Result(
        summary=(
            f"On unseen styles the style loss after training on {counts[0]['styles']:,} styles is {ratio:.2f} times "
            f"that after {available:,}, at equal steps; rank correlation of the loss with the distance to the nearest "
            f"of {size.near} training styles: {distance['rank correlation']:.2f}."
        ),
        numbers=numbers,
        tables=[Table(f"{len(styles)} new styles, each on a new photo; {context.seeds} seeds ± 95 %",
                      ("training styles", *LOSSES), rows)],
        plots=[
            Plot("curve", "Style loss on unseen styles by the number of training styles; a dot for each seed.",
                 _curve(counts)),
            Plot("distance", f"Style loss of an unseen style by the distance of its embedding to the nearest of "
                 f"{size.near} training styles.", _scatter(distance)),
        ],
        setting={**describe_recipe(recipe), "seeds": context.seeds,
                 "pastiches of a run": size.steps * recipe.data.batch},
    )  # fmt: skip


def _mean(seeds: list[dict[str, float]], name: str) -> float:
    return float(np.mean([each[name] for each in seeds]))


@torch.no_grad()
def _distances(
    context: Context, network: PasticheNetwork, losses: Losses, styles: Tensor, count: int, side: int
) -> dict[str, Any]:
    """Return the distance of each unseen style to the nearest training style, and its style loss."""
    seen = pictures.squares_of_run(context.inputs.styles, side, count)
    known, new = (torch.cat([network.embed(style) for style in each.split(1)]).numpy() for each in (seen, styles))
    _, found = nearest(known, new, 1)
    style = losses.style
    correlation = spearmanr(found[:, 0], style)
    return {
        "training styles": len(seen),
        "distance": found[:, 0].round(5).tolist(),
        "style loss": style.round(5).tolist(),
        "rank correlation": float(correlation.statistic),
        "p": float(correlation.pvalue),
    }


def _curve(counts: list[dict[str, Any]]) -> Figure:
    figure = Figure(figsize=(6, 4), layout="constrained")
    axis = figure.subplots()
    sizes = [each["styles"] for each in counts]
    axis.plot(sizes, [_mean(each["seeds"], "style loss") for each in counts])
    for each in counts:
        values = [seed["style loss"] for seed in each["seeds"]]
        axis.scatter([each["styles"]] * len(values), values, color="C0", s=18)
    axis.set(xscale="log", xlabel="training styles", ylabel="style loss on unseen styles")
    axis.grid(alpha=0.3, which="both")
    return figure


def _scatter(distance: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(6, 4), layout="constrained")
    axis = figure.subplots()
    axis.scatter(distance["distance"], distance["style loss"], s=18)
    axis.set(xlabel="distance to the nearest training style", ylabel="style loss")
    axis.grid(alpha=0.3)
    return figure
