"""Principal components of the embeddings: the effect of each axis, and the quality with only the first ones."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure

from brushwork.analysis import measures, painting, pictures, plots
from brushwork.analysis.embeddings import STYLE_SIZE, EmbeddedStyles, embed_pictures
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.intervals import LOSSES, loss_cells
from brushwork.analysis.layout import Components, principal_components
from brushwork.analysis.pairs import Pairs
from brushwork.analysis.sliders import render_sliders
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer, load


class Size(NamedTuple):
    """Pictures for the components (0: all), side, evaluated pairs, axes in the figure and with sliders, and steps.

    The steps are those of the optimised pixels.
    """

    pictures: int
    side: int
    pairs: int
    axes: int
    sliders: int
    optimised: int


SIZES = {
    "tiny": Size(16, 64, 2, 2, 3, 2),
    "short": Size(0, 192, 6, 5, 8, 20),
    "report": Size(0, 256, 24, 6, 12, 40),
}
PHOTOS = 3  # photos of the sliders
KEPT = (0, 1, 2, 5, 10, 15, 20, 30, 50, 100)
STEPS = (-2.5, -1.5, -0.75, 0.0, 0.75, 1.5, 2.5)  # standard deviations along an axis


def run(context: Context) -> Result:
    """Compute the components of the training styles' embeddings, and evaluate on new contents and new styles."""
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
    pairs = Pairs(contents, wanted, measures.pair_up(len(contents), len(wanted))[: size.pairs])
    embeddings = painting.embed(stylizer, pairs.styles, STYLE_SIZE)
    rows, means = list[list[Cell]](), dict[int, dict[str, float]]()
    for count in sorted({min(count, len(components.axes)) for count in KEPT}):
        context.say(f"the first {count} components")
        kept = components.keep(embeddings, count)
        losses = pairs.evaluate(painting.paint(stylizer, pairs.contents, kept))
        rows.append([count, float(components.explained[:count].sum()), *loss_cells([losses])])
        means[count] = losses.means()
    columns = ("components kept", "variance explained", *LOSSES)
    found = pairs.evaluate(painting.paint(stylizer, pairs.contents, embeddings))
    share = found.means()["style share"]
    limits = pairs.limits(context.folder, size.optimised, context.say)
    rows.append(["the embedding itself", 1.0, *loss_cells([found])])
    rows += [[name, None, *loss_cells([losses])] for name, losses in limits.items()]
    shares = {count: each["style share"] for count, each in means.items()}
    enough = min((count for count, each in shares.items() if each <= 1.05 * share), default=len(components.axes))
    shown = pictures.squares(context.inputs.shown[0], size.side)[:PHOTOS]
    return Result(
        summary=f"With {enough} components the style share is within 5 % of that of the whole embedding.",
        numbers={"kept": means, "the embedding itself": found.means(),
                 **{name: losses.means() for name, losses in limits.items()}},
        tables=[Table(f"{len(pairs)} pairs of new contents and new styles at {size.side} px", columns, rows)],
        plots=[
            Plot("axes", "A photo with the mean embedding moved along the first axes, in standard deviations.",
                 _strips(stylizer, components, shown[0], size.axes)),
            Plot("kept", "Style share with only the first components; the line is that of the whole embedding.",
                 _curve(shares, share)),
        ],
        pages={"sliders.html": _sliders(stylizer, styles, components, shown, size.sliders)},
        setting={**painting.describe(stylizer, context.inputs.model), "pictures": len(styles), "style size": STYLE_SIZE,
                 "side": size.side},
    )  # fmt: skip


def _sliders(
    stylizer: Stylizer, styles: EmbeddedStyles, components: Components, photos: torch.Tensor, axes: int
) -> str:
    """Return a page with a slider for each of the first axes."""

    def paint(photo: int, embeddings: Array) -> Array:
        repeated = photos[photo].expand(len(embeddings), -1, -1, -1)
        return painting.paint(stylizer, repeated, embeddings).permute(0, 2, 3, 1).numpy()

    names = [f"photo {number + 1}" for number in range(len(photos))]
    return render_sliders(styles, components, names, paint, axes=axes, title="Axes of the space of styles")


def _strips(stylizer: Stylizer, components: Components, content: torch.Tensor, axes: int) -> Figure:
    """Return a row of pastiches for each axis."""
    rows = {}
    for number in range(min(axes, len(components.axes))):
        along = np.asarray(STEPS, np.float32)[:, None] * components.deviations[number] * components.axes[number]
        repeated = content.expand(len(STEPS), -1, -1, -1)
        rows[f"axis {number + 1}"] = painting.paint(stylizer, repeated, components.mean + along)
    return plots.labelled_grid(rows, [f"{step:+g}" if step else "mean" for step in STEPS])


def _curve(shares: Mapping[int, float], whole: float) -> Figure:
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axis = figure.subplots()
    axis.plot(list(shares), list(shares.values()), marker="o")
    axis.axhline(whole, color="#999999", linestyle="--", linewidth=0.8)
    axis.set(xlabel="components kept", ylabel="style share", xscale="symlog", ylim=(0, None))
    axis.grid(alpha=0.3)
    return figure
