"""How well unseen styles are rendered by networks that were trained on few or many styles, at equal steps."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.stats import spearmanr
from torch import Tensor

from brushwork.analysis import measures, pictures
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.measures import Losses
from brushwork.analysis.neighbours import nearest
from brushwork.analysis.short_training import described, short_recipe, train
from brushwork.networks import PasticheNetwork


class Size(NamedTuple):
    """Numbers of training styles (0: all), that whose distances are shown, steps, side in pixels, width, new styles."""

    counts: tuple[int, ...]
    near: int
    steps: int
    side: int
    width: float
    styles: int


SIZES = {
    "tiny": Size((2, 0), 2, 2, 32, 0.125, 3),
    "short": Size((16, 256, 0), 256, 120, 64, 0.25, 55),
    "report": Size((16, 64, 256, 1024, 4096, 0), 64, 2000, 128, 0.5, 55),
}
CONTENTS = 2  # that every unseen style meets


def run(context: Context) -> Result:
    """Train on nested sets of styles with each seed, and judge on new contents and new styles."""
    context.inputs.require("contents", "styles", "new_contents", "new_styles")
    size = context.choose(SIZES)
    contents = pictures.squares(context.inputs.new_contents, size.side)
    styles = pictures.squares(context.inputs.new_styles, size.side, size.styles)
    pairs = measures.pair_up(len(contents), len(styles), CONTENTS)
    available = len(pictures.entries(context.inputs.styles))
    recipe = short_recipe(context, steps=size.steps, side=size.side, width=size.width)
    numbers: dict[str, Any] = {"counts": []}
    distance: dict[str, Any] = {}
    for count in size.counts:
        judged = []
        for seed in range(context.seeds):
            data = replace(recipe.data, styles_limit=count)
            trained = train(context, f"{count or 'all'}-{seed}", replace(recipe, data=data, seed=seed))
            judged.append(measures.judge_network(trained.network, contents, styles, pairs))
            if seed == 0 and count == size.near:
                distance = _distances(context, trained.network, judged[0], styles, count, size.side)
        means = [each.means() for each in judged]
        numbers["counts"].append({"styles": count or available, "seeds": means})
    numbers["distance"] = distance
    rows = [_row(each) for each in numbers["counts"]]
    columns = ("training styles", "style loss", "deviation", "style share", "content loss", "SSIM")
    first, last = (each["seeds"] for each in (numbers["counts"][0], numbers["counts"][-1]))
    ratio = _mean(first, "style loss") / _mean(last, "style loss")
    return Result(
        summary=(
            f"On unseen styles the style loss after training on {rows[0][0]:,} styles is {ratio:.2f} times that after "
            f"{rows[-1][0]:,}, at equal steps; rank correlation of the loss with the distance to the nearest of "
            f"{size.near} training styles: {distance['rank correlation']:.2f}."
        ),
        numbers=numbers,
        tables=[Table(f"{len(styles)} new styles, {CONTENTS} new photos each; {context.seeds} seeds", columns, rows)],
        plots=[
            Plot("curve", "Style loss on unseen styles against the number of training styles; a dot for each seed.",
                 _curve(numbers["counts"])),
            Plot("distance", f"Style loss of an unseen style against the distance of its embedding to the nearest of "
                 f"{size.near} training styles.", _scatter(distance)),
        ],
        setting={**described(recipe), "seeds": context.seeds, "pastiches of a run": size.steps * recipe.data.batch},
    )  # fmt: skip


def _mean(seeds: list[dict[str, float]], name: str) -> float:
    return float(np.mean([each[name] for each in seeds]))


def _row(each: dict[str, Any]) -> list[Cell]:
    seeds = each["seeds"]
    spread = float(np.std([seed["style loss"] for seed in seeds], ddof=1)) if len(seeds) > 1 else None
    rest = (_mean(seeds, name) for name in ("style share", "content loss", "SSIM"))
    return [each["styles"], _mean(seeds, "style loss"), spread, *rest]


@torch.no_grad()
def _distances(
    context: Context, network: PasticheNetwork, losses: Losses, styles: Tensor, count: int, side: int
) -> dict[str, Any]:
    """Returns the distance of each unseen style to the nearest training style, and its style loss."""
    seen = pictures.squares_of_run(context.inputs.styles, side, count)
    known, new = (torch.cat([network.embed(style) for style in each.split(1)]).numpy() for each in (seen, styles))
    _, found = nearest(known, new, 1)
    style = losses.style.reshape(len(styles), CONTENTS).mean(axis=1)
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
