"""The walk from a content's own style to another in the space of embeddings, with the losses of every step."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure

from brushwork.analysis import measures, painting, pictures, plots
from brushwork.analysis.embeddings import STYLE_SIZE
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.stylizer import load


class Size(NamedTuple):
    """Side in pixels, pairs, steps from one style to the other, and pairs that are shown."""

    side: int
    pairs: int
    steps: int
    shown: int


SIZES = {"tiny": Size(64, 2, 3, 2), "short": Size(192, 6, 7, 4), "report": Size(256, 16, 9, 4)}
TERMS = ("style share", "style loss", "content loss", "SSIM")


def run(context: Context) -> Result:
    """Walk on straight lines of embeddings, with new contents and new styles (Ghiasi et al. 2017, figure 8)."""
    context.inputs.require("new_contents", "new_styles")
    size, stylizer = context.choose(SIZES), load(context.inputs.model)
    contents = pictures.squares(context.inputs.new_contents, size.side)
    styles = pictures.squares(context.inputs.new_styles, size.side)
    pairs = measures.pair_up(len(contents), len(styles))[: size.pairs]
    contents, styles = torch.stack([contents[c] for c, _ in pairs]), torch.stack([styles[s] for _, s in pairs])
    own, target = (painting.embed(stylizer, each, STYLE_SIZE) for each in (contents, styles))
    rows: list[list[Cell]] = []
    shown = [contents[: size.shown]]
    for weight in np.linspace(0, 1, size.steps):
        context.say(f"weight {weight:.2f}")
        painted = painting.paint(stylizer, contents, (own + np.float32(weight) * (target - own)).astype(np.float32))
        means = measures.judge(painted, contents, styles).means()
        rows.append([float(weight), *(means[term] for term in TERMS)])
        shown.append(painted[: size.shown])
    columns = ("weight of the style", *TERMS)
    shares = [row[1] for row in rows]
    falls = sum(later < earlier for earlier, later in pairwise(shares))  # type: ignore[operator]
    return Result(
        summary=(
            f"The style share goes from {shares[0]:.3g} at the content's own style to {shares[-1]:.3g} at the target; "
            f"it falls in {falls} of {len(rows) - 1} steps."
        ),
        numbers={"steps": [dict(zip(columns, row, strict=True)) for row in rows]},
        tables=[Table(f"Means of {len(pairs)} pairs at {size.side} px", columns, rows)],
        plots=[
            Plot("walk", "The content, the walk from its own style to the other, and the style.",
                 plots.labelled_grid(
                     {f"pair {number + 1}": torch.stack([*(each[number] for each in shown), styles[number]])
                      for number in range(len(shown[0]))},
                     ["content", *(f"{row[0]:.2g}" for row in rows), "style"])),
            Plot("losses", "Losses by the weight of the style.", _curves(rows)),
        ],
        setting={"model": context.inputs.model or "the default", "style size": STYLE_SIZE, "side": size.side},
    )  # fmt: skip


def _curves(rows: list[list[Cell]]) -> Figure:
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    for place, axis in enumerate(figure.subplots(1, 3)):
        name, column = (("style share", 1), ("content loss", 3), ("SSIM", 4))[place]
        axis.plot([row[0] for row in rows], [row[column] for row in rows], marker="o")
        axis.set(title=name, xlabel="weight of the style")
        axis.grid(alpha=0.3)
    return figure
