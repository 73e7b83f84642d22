"""Compares AdaIN (Huang and Belongie 2017) and this network with the photo and with optimised pixels."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import torch
from matplotlib.figure import Figure
from torch import Tensor

from brushwork import model_folder
from brushwork.analysis import measures, pictures, plots
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.intervals import LOSSES, interval, loss_cells
from brushwork.analysis.measures import Losses
from brushwork.analysis.pairs import OPTIMISED, Pairs
from brushwork.analysis.short_training import describe_recipe, short_recipe, train
from brushwork.errors import UserError
from brushwork.losses import LossWeights
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.training import checkpoints, student


class Size(NamedTuple):
    """Steps of each run, side in pixels, multiplier of this network's channels, pairs, steps of the pixels.

    A trained run is evaluated at another side, `trained`.
    """

    steps: int
    side: int
    width: float
    pairs: int
    optimised: int
    trained: int


SIZES = {
    "tiny": Size(2, 32, 0.125, 2, 2, 64),
    "short": Size(40, 64, 0.25, 24, 20, 128),
    "report": Size(4000, 128, 0.5, 24, 40, 256),
}
SHOWN = 4  # pairs in the figure
OURS, THEIRS = "conditional instance norm", "AdaIN"
Networks: TypeAlias = dict[str, list[PasticheNetwork]]  # of several seeds
ADAIN_LOSS = LossWeights(content=1.0, style=10.0, style_form="statistics")  # the published weights


def run(context: Context) -> Result:
    """Compare the two on new pairs: a trained run with the model, or both after the same number of steps."""
    context.inputs.require("new_contents", "new_styles")
    size = context.choose(SIZES)
    if context.inputs.adain is None:
        context.inputs.require("contents", "styles")
        side, (networks, setting) = size.side, _train(context, size)
    else:
        side, (networks, setting) = size.trained, _load(context.inputs.adain, context.inputs.model)
    contents = pictures.squares(context.inputs.new_contents, side)
    styles = pictures.squares(context.inputs.new_styles, side)
    pairs = Pairs(contents, styles, measures.pair_up(len(contents), len(styles))[: size.pairs])
    evaluated: dict[str, list[Losses]] = {}
    milliseconds = dict[str, float]()
    for name, found in networks.items():
        context.say(f"rendering with {name}")
        painted = [_paint(network, pairs.contents, pairs.styles) for network in found]
        evaluated[name] = [pairs.evaluate(pastiches) for pastiches, _ in painted]
        milliseconds[name] = min(least for _, least in painted)
    weights = {name: _count_weights(found[0]) for name, found in networks.items()}
    limits = pairs.limits(context.folder, size.optimised, context.say)
    rows: list[list[Cell]] = [
        [name, *loss_cells(losses), milliseconds[name], weights[name]] for name, losses in evaluated.items()
    ]
    rows += [[name, *loss_cells([each]), None, None] for name, each in limits.items()]
    shares = {name: interval([each.means()["style share"] for each in losses])[0] for name, losses in evaluated.items()}
    last = {name: found[-1] for name, found in networks.items()}
    points = {**{name: losses[-1] for name, losses in evaluated.items()}, **limits}
    return Result(
        summary="Style shares: " + ", ".join(f"{share:.3g} with {name}" for name, share in shares.items()) + ".",
        numbers={
            **{name: {"milliseconds": milliseconds[name], "weights": weights[name],
                      "seeds": [each.means() for each in losses]} for name, losses in evaluated.items()},
            **{name: each.means() for name, each in limits.items()},
        },
        tables=[Table(f"{len(pairs)} new pairs at {side} px; {len(networks[OURS])} seeds ± 95 %",
                      ("method", *LOSSES, "milliseconds", "weights"), rows)],
        plots=[
            Plot("pastiches", "Styles, photos, and pastiches of each method.", _figure(context, last, side, size)),
            Plot("losses", "Content loss and style loss of each pair by each method.", _scatter(points)),
        ],
        setting={**setting, "steps of the pixels": size.optimised, "timed on": "torch, style and pastiche, float32"},
    )  # fmt: skip


def _train(context: Context, size: Size) -> tuple[Networks, Mapping[str, Any]]:
    """Train both for the same number of steps on the same batches, each with its own loss."""
    ours = short_recipe(context, steps=size.steps, side=size.side, width=size.width)
    optimizer = replace(ours.optimizer, learning_rate=5e-4)
    theirs = replace(ours, pretrained="", network=PasticheConfig(system="adain"), loss=ADAIN_LOSS, optimizer=optimizer)
    networks: Networks = {OURS: [], THEIRS: []}
    for seed in range(context.seeds):
        for name, recipe in {OURS: ours, THEIRS: theirs}.items():
            trained = train(context, f"{name.replace(' ', '-')}-{seed}", replace(recipe, seed=seed))
            networks[name].append(trained.network)
    return networks, describe_recipe(ours)


def _load(run: Path, model: str | None) -> tuple[Networks, Mapping[str, Any]]:
    """Load a trained run of AdaIN and the model, the default if it is None.

    Raises:
        UserError: If the run cannot be read or is not one of AdaIN.
    """
    theirs, saved = checkpoints.load_checkpoint(run)
    if theirs.config.system != "adain":
        raise UserError(f"{run} is not a run of AdaIN, such as one of recipes/adain-cpu.toml")
    name = model or model_folder.DEFAULT_MODEL
    setting = {"model": name, "steps of AdaIN": saved["step"], "batch": saved["recipe"]["data"]["batch"]}
    return {OURS: [student.load(name).eval()], THEIRS: [theirs.eval()]}, setting


def _count_weights(network: PasticheNetwork) -> int:
    """Return the number of all weights, trained or frozen; AdaIN's encoder is counted once."""
    return sum(each.numel() for each in (*network.parameters(), *network.buffers()))


def _figure(context: Context, networks: Mapping[str, PasticheNetwork], side: int, size: Size) -> Figure:
    """Return the figure, with the last seed's networks and optimised pixels."""
    contents, styles = (pictures.squares(source, side) for source in context.inputs.shown)
    pairs = Pairs(contents, styles, measures.pair_up(len(contents), len(styles))[:SHOWN])
    painted = {name: _paint(network, pairs.contents, pairs.styles)[0] for name, network in networks.items()}
    rows = {"style": pairs.styles, "photo": pairs.contents, **painted}
    return plots.labelled_grid({**rows, OPTIMISED: pairs.optimise(context.folder, size.optimised)})


def _scatter(points: Mapping[str, Losses]) -> Figure:
    """Return a figure with a point for each pair of each method."""
    figure = Figure(figsize=(6.5, 4.2), layout="constrained")
    axis = figure.subplots()
    for name, losses in points.items():
        axis.scatter(losses.content, losses.style, s=14, label=name)
    axis.set(xlabel="content loss", ylabel="style loss", yscale="log")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=9)
    return figure


@torch.no_grad()
def _paint(network: PasticheNetwork, contents: Tensor, styles: Tensor) -> tuple[Tensor, float]:
    """Return pastiches, and the milliseconds of the fastest one, including the embedding of its style."""
    pastiches, seconds = [], []
    for content, style in zip(contents.split(1), styles.split(1), strict=True):
        start = time.perf_counter()
        pastiches.append(network(content, network.embed(style)))
        seconds.append(time.perf_counter() - start)
    return torch.cat(pastiches), 1000 * min(seconds)
