"""Instance norm against batch norm and no norm, in the decoder of a network of one style."""

from dataclasses import replace
from typing import Any, NamedTuple

import torch

from brushwork.analysis import measures, pictures, plots
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.short_training import described, short_recipe, train
from brushwork.losses import LossWeights
from brushwork.networks.normalization import DecoderNorm


class Size(NamedTuple):
    """Steps of each run, side of the pictures in pixels, multiplier of the channels, contents that are judged."""

    steps: int
    side: int
    width: float
    contents: int


SIZES = {"tiny": Size(2, 32, 0.125, 2), "short": Size(250, 96, 0.25, 16), "report": Size(2000, 128, 0.5, 16)}
NAMES: dict[DecoderNorm, str] = {"instance": "instance norm", "batch": "batch norm", "none": "no norm"}
SHOWN = 4  # contents on the figure


def run(context: Context) -> Result:
    """Train one style with each norm, from the same start on the same pictures, and judge on photos not trained on.

    The first of the new styles is trained, at a style weight of 2 as in ``single-style-cpu.toml``.
    """
    context.inputs.require("contents", "new_contents", "new_styles")
    size = context.choose(SIZES)
    style = pictures.entries(context.inputs.new_styles)[:1]
    source = pictures.stored(style[0], context.folder / "style")
    base = short_recipe(
        context, steps=size.steps, side=size.side, width=size.width, learning_rate=2e-3, styles=("style",)
    )
    base = replace(base, data=replace(base.data, styles=(str(source),)), loss=LossWeights(style=2.0))
    contents = pictures.squares(context.inputs.new_contents, size.side, size.contents)
    wanted = pictures.squares((str(source),), size.side)
    rows = {"content": contents[:SHOWN]}
    logs, numbers = {}, dict[str, dict[str, Any]]()
    for norm in NAMES:
        trained = train(context, norm, replace(base, network=replace(base.network, decoder_norm=norm)))
        painted = measures.paint(trained.network, contents, torch.ones(len(contents), 1))
        losses = measures.judge(painted, contents, wanted.expand(len(contents), -1, -1, -1))
        rows[NAMES[norm]], logs[NAMES[norm]] = painted[:SHOWN], trained.log
        numbers[norm] = {**losses.means(), "log": trained.log}
    cells: list[list[Cell]] = [
        [
            NAMES[norm],
            each["log"][-1]["total"],
            each["content loss"],
            each["style loss"],
            each["style share"],
            each["SSIM"],
        ]
        for label, each in zip(NAMES.values(), numbers.values(), strict=True)
    ]
    columns = ("decoder", "last training loss", "content loss", "style loss", "style share", "SSIM")
    ratio = numbers["batch"]["log"][-1]["total"] / numbers["instance"]["log"][-1]["total"]
    return Result(
        summary=f"After equal steps the training loss with batch norm is {ratio:.2f} times that with instance norm.",
        numbers=numbers,
        tables=[Table(f"One style; {len(contents)} photos that were not trained on", columns, cells)],
        plots=[
            Plot("curves", "Terms of the loss during training, means of the steps between two points.", plots.curves(
                logs, {"total": "loss", "content": "content loss", "style": "style loss (normalised, sum of layers)"},
                base.data.batch,
            )),
            Plot("pastiches", "Photos that were not trained on, and their pastiches.", plots.labelled_grid(
                {"style": wanted, **rows}
            )),
        ],
        setting=described(base),
    )  # fmt: skip
