"""One weighting for all styles: networks of one style each, one network of N styles, and one of any style."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from brushwork.analysis import measures, pictures, plots
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.short_training import described, short_recipe, train


class Size(NamedTuple):
    """Styles, steps for each of them, side in pixels, width, contents that are judged."""

    styles: int
    steps: int
    side: int
    width: float
    contents: int


SIZES = {"tiny": Size(2, 2, 32, 0.125, 2), "short": Size(3, 80, 64, 0.25, 8), "report": Size(8, 1000, 128, 0.5, 16)}
KINDS = ("one network each", "one network of N styles", "one network of any style")


def run(context: Context) -> Result:
    """Train the three systems with the same loss on the same styles, equally many pastiches a style.

    The network of any style is trained on these styles and all others: as many steps as the network of N styles.
    """
    context.inputs.require("contents", "styles", "new_contents")
    size = context.choose(SIZES)
    options = {"side": size.side, "width": size.width}
    entries = pictures.entries(context.inputs.styles, size.styles)
    files = [str(pictures.stored(entry, context.folder / f"style-{n}")) for n, entry in enumerate(entries)]
    styles = pictures.squares(files, size.side)
    contents = pictures.squares(context.inputs.new_contents, size.side, size.contents)
    single = short_recipe(context, steps=size.steps, learning_rate=2e-3, styles=("style",), **options)  # type: ignore[arg-type]
    names = tuple(f"style-{number}" for number in range(size.styles))
    steps = size.steps * size.styles
    table = short_recipe(context, steps=steps, learning_rate=2e-3, styles=names, **options)  # type: ignore[arg-type]
    table = replace(table, data=replace(table.data, styles=tuple(files)))
    any_style = short_recipe(context, steps=steps, **options)  # type: ignore[arg-type]
    painted: dict[str, list[Tensor]] = {kind: [] for kind in KINDS}
    together = train(context, "table", table).network
    arbitrary = train(context, "any", any_style).network
    for number, file in enumerate(files):
        alone = train(context, f"single-{number}", replace(single, data=replace(single.data, styles=(file,)))).network
        chosen = (
            torch.ones(1, 1),
            torch.eye(size.styles)[number : number + 1],
            arbitrary.embed(styles[number : number + 1]),
        )
        for kind, network, embedding in zip(KINDS, (alone, together, arbitrary), chosen, strict=True):
            painted[kind].append(measures.paint(network, contents, embedding.detach().expand(len(contents), -1)))
    rows, losses = list[list[Cell]](), np.zeros((len(KINDS), size.styles))
    for place, kind in enumerate(KINDS):
        judged = [
            measures.judge(each, contents, style.expand(len(contents), -1, -1, -1))
            for each, style in zip(painted[kind], styles.split(1), strict=True)
        ]
        losses[place] = [each.style.mean() for each in judged]
        content = float(np.mean([each.content.mean() for each in judged]))
        rows.append([kind, *losses[place].tolist(), float(losses[place].mean()), content])
    spread = losses.max(axis=1) / losses.min(axis=1)
    return Result(
        summary=(
            "Under one weighting the mean style loss is "
            + ", ".join(f"{each.mean():.2f} ({kind})" for kind, each in zip(KINDS, losses, strict=True))
            + f"; between styles it varies by factors of {spread.min():.1f} to {spread.max():.1f}."
        ),
        numbers={kind: {"style loss by style": each.tolist()} for kind, each in zip(KINDS, losses, strict=True)},
        tables=[Table(f"Style loss on {len(contents)} new photos at {size.side} px",
                      ("system", *names, "mean", "content loss"), rows)],
        plots=[
            Plot("pastiches", "Styles, and one photo by each system.", plots.labelled_grid(
                {"style": styles, **{kind: torch.stack([each[0] for each in painted[kind]]) for kind in KINDS}})),
            Plot("losses", "Style loss by style.", _bars(losses)),
        ],
        setting={**described(single), "steps of N and any": steps, "loss": "content 1/40000, style 5, normalised"},
    )  # fmt: skip


def _bars(losses: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Figure:
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axis = figure.subplots()
    for place, kind in enumerate(KINDS):
        axis.bar(np.arange(losses.shape[1]) + 0.27 * (place - 1), losses[place], 0.25, label=kind)
    axis.set(xlabel="style", ylabel="style loss", xticks=range(losses.shape[1]))
    axis.legend(fontsize=9)
    return figure
