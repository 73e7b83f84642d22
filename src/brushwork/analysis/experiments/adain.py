"""Compares AdaIN (Huang and Belongie 2017) and this network with the photo and with optimised pixels."""

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor

from brushwork.analysis import measures, pictures, plots
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.intervals import LOSSES, interval, loss_cells
from brushwork.analysis.measures import Losses
from brushwork.analysis.pairs import OPTIMISED, Pairs
from brushwork.analysis.short_training import describe_recipe, short_recipe, train
from brushwork.losses import LossWeights
from brushwork.networks import PasticheConfig, PasticheNetwork


class Size(NamedTuple):
    """Steps of each run, side in pixels, multiplier of this network's channels, pairs, steps of the pixels."""

    steps: int
    side: int
    width: float
    pairs: int
    optimised: int


SIZES = {"tiny": Size(2, 32, 0.125, 2, 2), "short": Size(40, 64, 0.25, 24, 20), "report": Size(4000, 128, 0.5, 24, 40)}
SHOWN = 4  # pairs in the figure
# The published ratio of content to style is 1 to 10; the scale is that of features of pixels up to 255.
ADAIN_LOSS = LossWeights(content=1e-4, style=1e-3, style_form="statistics")


def run(context: Context) -> Result:
    """Train both for the same number of steps on the same batches, each with its own loss; evaluate on new pairs."""
    context.inputs.require("contents", "styles", "new_contents", "new_styles")
    size = context.choose(SIZES)
    ours = short_recipe(context, steps=size.steps, side=size.side, width=size.width)
    optimizer = replace(ours.optimizer, learning_rate=1e-4, ema=0.98)
    theirs = replace(ours, pretrained="", network=PasticheConfig(system="adain"), loss=ADAIN_LOSS, optimizer=optimizer)
    contents = pictures.squares(context.inputs.new_contents, size.side)
    styles = pictures.squares(context.inputs.new_styles, size.side)
    pairs = Pairs(contents, styles, measures.pair_up(len(contents), len(styles))[: size.pairs])
    methods = {"conditional instance norm": ours, "AdaIN": theirs}
    evaluated: dict[str, list[Losses]] = {name: [] for name in methods}
    milliseconds, weights, networks = dict[str, float](), dict[str, int](), dict[str, PasticheNetwork]()
    for seed in range(context.seeds):
        for name, recipe in methods.items():
            network = train(context, f"{name.replace(' ', '-')}-{seed}", replace(recipe, seed=seed)).network
            pastiches, least = _paint(network, pairs.contents, pairs.styles)
            evaluated[name].append(pairs.evaluate(pastiches))
            milliseconds[name] = min(least, milliseconds.get(name, math.inf))
            weights[name], networks[name] = sum(p.numel() for p in network.parameters()), network
    limits = pairs.limits(context.folder, size.optimised, context.say)
    rows: list[list[Cell]] = [
        [name, *loss_cells(losses), milliseconds[name], weights[name]] for name, losses in evaluated.items()
    ]
    rows += [[name, *loss_cells([each]), None, None] for name, each in limits.items()]
    shares = {name: interval([each.means()["style share"] for each in losses])[0] for name, losses in evaluated.items()}
    return Result(
        summary=f"Style shares after {size.steps} steps: "
        + ", ".join(f"{share:.3g} with {name}" for name, share in shares.items()) + ".",
        numbers={
            **{name: {"milliseconds": milliseconds[name], "weights": weights[name],
                      "seeds": [each.means() for each in losses]} for name, losses in evaluated.items()},
            **{name: each.means() for name, each in limits.items()},
        },
        tables=[Table(f"{len(pairs)} new pairs at {size.side} px; {context.seeds} seeds ± 95 %",
                      ("method", *LOSSES, "milliseconds", "weights"), rows)],
        plots=[Plot("pastiches", "Styles, photos, and pastiches of each method.", _figure(context, networks, size))],
        setting={**describe_recipe(ours), "steps of the pixels": size.optimised,
                 "timed on": "torch, style and pastiche"},
    )  # fmt: skip


def _figure(context: Context, networks: Mapping[str, PasticheNetwork], size: Size) -> Figure:
    """Return the figure, with the last seed's networks and optimised pixels."""
    sources = context.inputs.shown
    contents, styles = (pictures.squares(source, size.side) for source in sources)
    pairs = Pairs(contents, styles, measures.pair_up(len(contents), len(styles))[:SHOWN])
    painted = {name: _paint(network, pairs.contents, pairs.styles)[0] for name, network in networks.items()}
    rows = {"style": pairs.styles, "photo": pairs.contents, **painted}
    return plots.labelled_grid({**rows, OPTIMISED: pairs.optimise(context.folder, size.optimised)})


@torch.no_grad()
def _paint(network: PasticheNetwork, contents: Tensor, styles: Tensor) -> tuple[Tensor, float]:
    """Return pastiches, and the milliseconds of the fastest one, including the embedding of its style."""
    pastiches, seconds = [], []
    for content, style in zip(contents.split(1), styles.split(1), strict=True):
        start = time.perf_counter()
        pastiches.append(network(content, network.embed(style)))
        seconds.append(time.perf_counter() - start)
    return torch.cat(pastiches), 1000 * min(seconds)
