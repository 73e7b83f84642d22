"""Compares instance norm, batch norm and no norm in the decoder of a network of one style."""

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from brushwork.analysis import measures, pictures, plots
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.intervals import LOSSES, cell, interval, loss_cells
from brushwork.analysis.measures import Losses
from brushwork.analysis.pairs import Pairs
from brushwork.analysis.short_training import describe_recipe, short_recipe, train
from brushwork.losses import LossWeights
from brushwork.networks import PasticheNetwork
from brushwork.networks.normalization import DecoderNorm


class Size(NamedTuple):
    """Steps of each run, side in pixels, multiplier of the channels, evaluated contents, steps of the pixels."""

    steps: int
    side: int
    width: float
    contents: int
    optimised: int


SIZES = {
    "tiny": Size(2, 32, 0.125, 2, 2),
    "short": Size(50, 64, 0.25, 16, 20),
    "report": Size(2000, 128, 0.5, 16, 40),
}
NAMES: dict[DecoderNorm, str] = {"instance": "instance norm", "batch": "batch norm", "none": "no norm"}
SHOWN = 4  # contents in the figure


def run(context: Context) -> Result:
    """Train one style with each norm, with the same initial weights and pictures, and evaluate on unseen photos.

    The style is the first one of the figures, with a style weight of 2 as in ``single-style-cpu.toml``.
    """
    context.inputs.require("contents", "new_contents", "new_styles")
    size = context.choose(SIZES)
    shown_contents, shown_styles = context.inputs.shown
    source = pictures.store(pictures.entries(shown_styles)[0], context.folder / "style")
    base = short_recipe(
        context, steps=size.steps, side=size.side, width=size.width, learning_rate=2e-3, styles=("style",)
    )
    base = replace(base, data=replace(base.data, styles=(str(source),)), loss=LossWeights(style=2.0))
    contents = pictures.squares(context.inputs.new_contents, size.side, size.contents)
    wanted = pictures.squares((str(source),), size.side)
    shown = pictures.squares(shown_contents, size.side)[:SHOWN]
    pairs = Pairs(contents, wanted, [(number, 0) for number in range(len(contents))])
    evaluated: dict[DecoderNorm, list[Losses]] = {norm: [] for norm in NAMES}
    logs: dict[DecoderNorm, list[list[dict[str, float]]]] = {norm: [] for norm in NAMES}
    grid = {"photo": shown}
    for seed in range(context.seeds):
        for norm in NAMES:
            network = replace(base.network, decoder_norm=norm)
            trained = train(context, f"{norm}-{seed}", replace(base, network=network, seed=seed))
            evaluated[norm].append(pairs.evaluate(_paint(trained.network, pairs.contents)))
            logs[norm].append(trained.log)
            grid.setdefault(NAMES[norm], _paint(trained.network, shown))
    limits = pairs.limits(context.folder, size.optimised, context.say)
    last = {norm: [log[-1]["total"] for log in each] for norm, each in logs.items()}
    rows: list[list[Cell]] = [[NAMES[norm], cell(last[norm]), *loss_cells(evaluated[norm])] for norm in NAMES]
    rows += [[name, None, *loss_cells([each])] for name, each in limits.items()]
    ratio = interval([batch / own for batch, own in zip(last["batch"], last["instance"], strict=True)])[0]
    return Result(
        summary=f"After equal steps the training loss with batch norm is {ratio:.2f} times that with instance norm.",
        numbers={
            **{norm: {"seeds": [each.means() for each in evaluated[norm]], "logs": logs[norm]} for norm in NAMES},
            **{name: each.means() for name, each in limits.items()},
        },
        tables=[Table(f"One style; {len(contents)} unseen photos; {context.seeds} seeds ± 95 %",
                      ("decoder", "last training loss", *LOSSES), rows)],
        plots=[
            Plot("curves", "Terms of the loss during training, means between two points, of the first seed.",
                 plots.curves({NAMES[norm]: each[0] for norm, each in logs.items()},
                              {"total": "loss", "content": "content loss", "style": "style loss (normalised, sum)"},
                              base.data.batch)),
            Plot("pastiches", "Unseen photos and their pastiches.", plots.labelled_grid(
                {"style": wanted, **grid}
            )),
        ],
        setting=describe_recipe(base),
    )  # fmt: skip


def _paint(network: PasticheNetwork, contents: Tensor) -> Tensor:
    return measures.paint(network, contents, torch.ones(len(contents), 1))
