"""Interpolates embeddings from a content's own style to another one, with the losses of every step."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure

from brushwork.analysis import measures, painting, pictures, plots
from brushwork.analysis.embeddings import STYLE_SIZE
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.intervals import LOSSES, loss_cells
from brushwork.analysis.measures import Losses
from brushwork.analysis.pairs import Pairs
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer, load


class Size(NamedTuple):
    """Side in pixels, pairs, steps from one style to the other, pairs in the figure, steps of the optimised pixels."""

    side: int
    pairs: int
    steps: int
    shown: int
    optimised: int


SIZES = {"tiny": Size(64, 2, 3, 2, 2), "short": Size(192, 6, 7, 4, 20), "report": Size(256, 16, 9, 4, 40)}


def run(context: Context) -> Result:
    """Interpolate embeddings linearly for new contents and new styles (Ghiasi et al. 2017, figure 8)."""
    context.inputs.require("new_contents", "new_styles")
    size, stylizer = context.choose(SIZES), load(context.inputs.model)
    contents = pictures.squares(context.inputs.new_contents, size.side)
    styles = pictures.squares(context.inputs.new_styles, size.side)
    pairs = Pairs(contents, styles, measures.pair_up(len(contents), len(styles))[: size.pairs])
    found: dict[float, Losses] = {}
    ends = [painting.embed(stylizer, each, STYLE_SIZE) for each in (pairs.contents, pairs.styles)]
    for weight in np.linspace(0, 1, size.steps):
        context.say(f"weight {weight:.2f}")
        found[float(weight)] = pairs.evaluate(painting.paint(stylizer, pairs.contents, _between(ends, weight)))
    limits = pairs.limits(context.folder, size.optimised, context.say)
    columns = ("weight of the style", *LOSSES)
    rows: list[list[Cell]] = [[weight, *loss_cells([losses])] for weight, losses in found.items()]
    means = {weight: losses.means() for weight, losses in found.items()}
    shares = [each["style share"] for each in means.values()]
    falls = sum(later < earlier for earlier, later in pairwise(shares))
    return Result(
        summary=(
            f"The style share goes from {shares[0]:.3g} at the content's own style to {shares[-1]:.3g} at the target; "
            f"it falls in {falls} of {len(rows) - 1} steps."
        ),
        numbers={"steps": [{"weight": weight, **each} for weight, each in means.items()],
                 **{name: losses.means() for name, losses in limits.items()}},
        tables=[Table(f"Means of {len(pairs)} pairs at {size.side} px", columns,
                      [*rows, *([name, *loss_cells([losses])] for name, losses in limits.items())])],
        plots=[
            Plot("walk", "The content, its pastiches from its own style to the other, and the style.",
                 _figure(context, stylizer, size)),
            Plot("losses", "Losses by the weight of the style.", _curves(means)),
        ],
        setting={**painting.describe(stylizer, context.inputs.model), "style size": STYLE_SIZE, "side": size.side},
    )  # fmt: skip


def _between(ends: Sequence[Array], weight: float) -> Array:
    """Return the embeddings (N, D) interpolated between two others with a weight of the second."""
    return (ends[0] + np.float32(weight) * (ends[1] - ends[0])).astype(np.float32)


def _figure(context: Context, stylizer: Stylizer, size: Size) -> Figure:
    contents, styles = (pictures.squares(source, size.side) for source in context.inputs.shown)
    pairs = Pairs(contents, styles, measures.pair_up(len(contents), len(styles))[: size.shown])
    ends = [painting.embed(stylizer, each, STYLE_SIZE) for each in (pairs.contents, pairs.styles)]
    weights = np.linspace(0, 1, size.steps)
    walk = [painting.paint(stylizer, pairs.contents, _between(ends, weight)) for weight in weights]
    steps = [pairs.contents, *walk, pairs.styles]
    rows = {f"pair {number + 1}": torch.stack([step[number] for step in steps]) for number in range(len(pairs))}
    return plots.labelled_grid(rows, ["content", *(f"{weight:.2g}" for weight in weights), "style"])


def _curves(means: Mapping[float, Mapping[str, float]]) -> Figure:
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    for place, axis in enumerate(figure.subplots(1, 3)):
        name = ("style share", "content loss", "SSIM")[place]
        axis.plot(list(means), [each[name] for each in means.values()], marker="o")
        axis.set(title=name, xlabel="weight of the style")
        axis.grid(alpha=0.3)
    return figure
