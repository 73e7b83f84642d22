"""Compares losses on training styles, unseen paintings and unseen textures, with the same weights."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from brushwork.analysis import measures, painting, pictures
from brushwork.analysis.embeddings import STYLE_SIZE
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.measures import Losses
from brushwork.analysis.pairs import Pairs
from brushwork.stylizer import load


class Size(NamedTuple):
    """Side in pixels, most styles of each kind, contents for each style, steps of the optimised pixels."""

    side: int
    styles: int
    contents: int
    optimised: int


SIZES = {"tiny": Size(64, 2, 1, 2), "short": Size(96, 15, 1, 20), "report": Size(256, 48, 2, 40)}
# Distributions in the figure: title, field of the losses, whether its logarithm is taken.
SHOWN = (("content loss", "content", False), ("style loss (normalised, sum of layers)", "style", True))


def run(context: Context) -> Result:
    """Evaluate the model on the same new contents in training styles and in unseen styles."""
    context.inputs.require("styles", "new_contents", "new_styles", "new_textures")
    size, stylizer = context.choose(SIZES), load(context.inputs.model)
    contents = pictures.squares(context.inputs.new_contents, size.side)
    sources = {
        "training styles": context.inputs.styles,
        "unseen paintings": context.inputs.new_styles,
        "unseen textures": context.inputs.new_textures,
    }
    losses, rows = dict[str, Losses](), list[list[Cell]]()
    numbers: dict[str, Any] = {}
    for name, source in sources.items():
        context.say(name)
        styles = pictures.squares(source, size.side, size.styles)
        pairs = Pairs(contents, styles, measures.pair_up(len(contents), len(styles), size.contents))
        painted = painting.paint(stylizer, pairs.contents, painting.embed(stylizer, pairs.styles, STYLE_SIZE))
        losses[name] = pairs.evaluate(painted)
        limits = pairs.limits(context.folder, size.optimised, context.say)
        rows += [_row(name, losses[name]), *(_row(f"... {each}", found) for each, found in limits.items())]
        numbers[name] = {**_numbers(losses[name]), **{each: found.means() for each, found in limits.items()}}
    columns = ("styles", "pairs", "content loss", "10 to 90 %", "style loss", "10 to 90 %", "style share")
    means = {name: each.means() for name, each in losses.items()}
    seen, paintings, textures = (each["style loss"] for each in means.values())
    return Result(
        summary=(
            f"The mean style loss on unseen paintings is {paintings / seen:.2f} times, on unseen textures "
            f"{textures / seen:.2f} times that on training styles."
        ),
        numbers=numbers,
        tables=[Table(f"New photos at {size.side} px, the same weights for all", columns, rows)],
        plots=[Plot("distributions", "Distributions of the losses, as fractions of the pairs.", _histograms(losses))],
        setting={**painting.describe(stylizer, context.inputs.model), "style size": STYLE_SIZE, "side": size.side},
    )


def _numbers(losses: Losses) -> dict[str, Any]:
    return {**losses.means(), "content": losses.content.round(1).tolist(), "style": losses.style.round(5).tolist()}


def _row(name: str, losses: Losses) -> list[Cell]:
    content, style = (np.quantile(each, (0.1, 0.9)) for each in (losses.content, losses.style))
    means = losses.means()
    return [
        name, len(losses.content), means["content loss"], f"{content[0]:,.0f} to {content[1]:,.0f}",
        means["style loss"], f"{style[0]:.3f} to {style[1]:.3f}", means["style share"],
    ]  # fmt: skip


def _histograms(losses: dict[str, Losses]) -> Figure:
    figure = Figure(figsize=(11, 3.8), layout="constrained")
    for axis, (title, field, logarithm) in zip(figure.subplots(1, 2), SHOWN, strict=True):
        values = {name: getattr(each, field) for name, each in losses.items()}
        low, high = (limit(np.concatenate(list(values.values()))) for limit in (np.min, np.max))
        edges = np.geomspace(low, high, 17) if logarithm else np.linspace(low, high, 17)
        for name, each in values.items():
            axis.hist(each, edges, weights=np.full(len(each), 1 / len(each)), histtype="step", linewidth=2, label=name)
        axis.set(title=title, ylabel="fraction of the pairs", xscale="log" if logarithm else "linear")
        axis.legend(fontsize=9)
    return figure
