"""Principal components of the embeddings: what each axis does, and the quality with the first of them alone."""

from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure

from brushwork.analysis import measures, painting, pictures, plots
from brushwork.analysis.embeddings import STYLE_SIZE, embed_pictures
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.layout import Components, principal_components
from brushwork.stylizer import Stylizer, load


class Size(NamedTuple):
    """Pictures whose components are taken (0: all), side in pixels, pairs that are judged, axes that are shown."""

    pictures: int
    side: int
    pairs: int
    axes: int


SIZES = {"tiny": Size(16, 64, 2, 2), "short": Size(0, 192, 6, 5), "report": Size(0, 256, 24, 6)}
KEPT = (0, 1, 2, 5, 10, 15, 20, 30, 50, 100)
STEPS = (-2.5, -1.5, -0.75, 0.0, 0.75, 1.5, 2.5)  # standard deviations along an axis


def run(context: Context) -> Result:
    """Take the components of the training styles' embeddings, and judge on new contents and new styles."""
    context.inputs.require("styles", "new_contents", "new_styles")
    size, stylizer = context.choose(SIZES), load(context.inputs.model)
    styles = embed_pictures(
        stylizer,
        context.inputs.styles,
        limit=size.pictures,
        cache=context.folder / "embeddings.npz",
        say=context.say,
    )
    components = principal_components(styles.embeddings)
    contents = pictures.squares(context.inputs.new_contents, size.side)
    wanted = pictures.squares(context.inputs.new_styles, size.side)
    pairs = measures.pair_up(len(contents), len(wanted))[: size.pairs]
    contents, wanted = (
        torch.stack([each[pair[place]] for pair in pairs]) for place, each in ((0, contents), (1, wanted))
    )
    embeddings = painting.embed(stylizer, wanted, STYLE_SIZE)
    rows: list[list[Cell]] = []
    for count in sorted({min(count, len(components.axes)) for count in KEPT}):
        context.say(f"the first {count} components")
        kept = components.keep(embeddings, count)
        means = measures.judge(painting.paint(stylizer, contents, kept), contents, wanted).means()
        explained = float(components.explained[:count].sum())
        rows.append([count, explained, means["style share"], means["content loss"], means["SSIM"]])
    columns = ("components kept", "variance explained", "style share", "content loss", "SSIM")
    whole = measures.judge(painting.paint(stylizer, contents, embeddings), contents, wanted).means()
    rows.append(["the embedding itself", 1.0, whole["style share"], whole["content loss"], whole["SSIM"]])
    enough = next(row for row in rows if isinstance(row[2], float) and row[2] <= 1.05 * whole["style share"])
    return Result(
        summary=f"With {enough[0]} components the style share is within 5 % of that of the whole embedding.",
        numbers={"kept": [dict(zip(columns, row, strict=True)) for row in rows]},
        tables=[Table(f"{len(pairs)} pairs of new contents and new styles at {size.side} px", columns, rows)],
        plots=[
            Plot("axes", "One photo, the mean embedding moved along the first axes; steps in standard deviations.",
                 _strips(stylizer, components, contents[0], size.axes)),
            Plot("kept", "Style share with the first components alone; the line is that of the whole embedding.",
                 _curve(rows, whole["style share"])),
        ],
        setting={"model": context.inputs.model or "the default", "pictures": len(styles), "style size": STYLE_SIZE,
                 "side": size.side},
    )  # fmt: skip


def _strips(stylizer: Stylizer, components: Components, content: torch.Tensor, axes: int) -> Figure:
    """Returns a row of pastiches for each axis."""
    rows = {}
    for number in range(min(axes, len(components.axes))):
        along = np.asarray(STEPS, np.float32)[:, None] * components.deviations[number] * components.axes[number]
        repeated = content.expand(len(STEPS), -1, -1, -1)
        rows[f"axis {number + 1}"] = painting.paint(stylizer, repeated, components.mean + along)
    return plots.labelled_grid(rows, [f"{step:+g}" if step else "mean" for step in STEPS])


def _curve(rows: list[list[Cell]], whole: float) -> Figure:
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axis = figure.subplots()
    kept = [(row[0], row[2]) for row in rows if isinstance(row[0], int) and isinstance(row[2], float)]
    axis.plot([count for count, _ in kept], [share for _, share in kept], marker="o")
    axis.axhline(whole, color="#999999", linestyle="--", linewidth=0.8)
    axis.set(xlabel="components kept", ylabel="style share", xscale="symlog", ylim=(0, None))
    axis.grid(alpha=0.3)
    return figure
