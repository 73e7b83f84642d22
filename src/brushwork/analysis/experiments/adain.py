"""AdaIN (Huang and Belongie 2017) and our network in one table, beside the photo itself and the optimised pixels."""

import time
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from brushwork.analysis import measures, painting, pictures, plots
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.short_training import described, short_recipe, train
from brushwork.losses import LossWeights
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.training.optimize import optimize
from brushwork.training.optimize_settings import OptimizeSettings


class Size(NamedTuple):
    """Steps of each run, side in pixels, multiplier of our channels, pairs, steps of the optimised pixels."""

    steps: int
    side: int
    width: float
    pairs: int
    optimised: int


SIZES = {"tiny": Size(2, 32, 0.125, 2, 2), "short": Size(60, 64, 0.25, 6, 20), "report": Size(4000, 128, 0.5, 24, 40)}
SHOWN = 4  # pairs on the figure
# Published: one part of content to ten of style; the scale is that of features of pixels up to 255.
ADAIN_LOSS = LossWeights(content=1e-4, style=1e-3, style_form="statistics")


def run(context: Context) -> Result:
    """Train both for equally many steps on the same batches, each with its own loss; judge on new pairs."""
    context.inputs.require("contents", "styles", "new_contents", "new_styles")
    size = context.choose(SIZES)
    ours = short_recipe(context, steps=size.steps, side=size.side, width=size.width)
    optimizer = replace(ours.optimizer, learning_rate=1e-4, ema=0.98)
    theirs = replace(ours, pretrained="", network=PasticheConfig(system="adain"), loss=ADAIN_LOSS, optimizer=optimizer)
    contents = pictures.squares(context.inputs.new_contents, size.side)
    styles = pictures.squares(context.inputs.new_styles, size.side)
    pairs = measures.pair_up(len(contents), len(styles))[: size.pairs]
    contents, styles = torch.stack([contents[c] for c, _ in pairs]), torch.stack([styles[s] for _, s in pairs])
    painted: dict[str, tuple[Tensor, float | None, int]] = {"the photo itself": (contents, None, 0)}
    for name, recipe in (("conditional instance norm", ours), ("AdaIN", theirs)):
        network = train(context, name.replace(" ", "-"), recipe).network
        painted[name] = (*_paint(network, contents, styles), sum(p.numel() for p in network.parameters()))
    context.say("optimised pixels")
    painted["optimised pixels"] = (_optimise(contents, styles, size.optimised), None, 0)
    rows: list[list[Cell]] = []
    for name, (pastiches, milliseconds, weights) in painted.items():
        means = measures.judge(pastiches, contents, styles).means()
        rows.append([name, means["content loss"], means["style share"], means["SSIM"], milliseconds, weights or None])
    columns = ("method", "content loss", "style share", "SSIM", "milliseconds", "weights")
    return Result(
        summary=f"Style shares after {size.steps} steps: {rows[1][2]:.3g} with ours, {rows[2][2]:.3g} with AdaIN.",
        numbers={"rows": [dict(zip(columns, row, strict=True)) for row in rows]},
        tables=[Table(f"{len(pairs)} pairs of new photos and new styles at {size.side} px", columns, rows)],
        plots=[Plot("pastiches", "Styles, photos, and pastiches of each method.", plots.labelled_grid(
            {"style": styles[:SHOWN], **{name: each[0][:SHOWN] for name, each in painted.items()}}))],
        setting={**described(ours), "steps of the pixels": size.optimised, "timed on": "torch, style and pastiche"},
    )  # fmt: skip


@torch.no_grad()
def _paint(network: PasticheNetwork, contents: Tensor, styles: Tensor) -> tuple[Tensor, float]:
    """Returns pastiches, and the milliseconds of the fastest of them, its style's embedding among them."""
    pastiches, seconds = [], []
    for content, style in zip(contents.split(1), styles.split(1), strict=True):
        start = time.perf_counter()
        pastiches.append(network(content, network.embed(style)))
        seconds.append(time.perf_counter() - start)
    return torch.cat(pastiches), 1000 * min(seconds)


def _optimise(contents: Tensor, styles: Tensor, steps: int) -> Tensor:
    """Returns what is the lower limit: pixels that are optimised for each pair."""
    settings = OptimizeSettings(size=contents.shape[-1], coarsest=min(128, contents.shape[-1]), steps=steps)
    found = []
    for content, style in zip(contents, styles, strict=True):
        *_, last = optimize(painting.pixels(content), [painting.pixels(style)], settings=settings)
        found.append(torch.from_numpy(last.pastiche.copy()).permute(2, 0, 1))
    return torch.stack(found)
