"""Trains one network for N styles, blends its styles, and adds one more style by one column."""

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from brushwork.analysis import measures, pictures, plots
from brushwork.analysis.experiment import Context, Plot, Result, Table
from brushwork.analysis.intervals import LOSSES, loss_cells
from brushwork.analysis.pairs import Pairs
from brushwork.analysis.short_training import BATCH, Trained, describe_recipe, short_recipe, train
from brushwork.networks import PasticheNetwork
from brushwork.training.config import InitConfig, Recipe


class Size(NamedTuple):
    """Styles, steps of the run and for one more style, side in pixels, width, side of the grid, steps of the pixels."""

    styles: int
    steps: int
    more: int
    side: int
    width: float
    grid: int
    optimised: int


SIZES = {
    "tiny": Size(5, 2, 2, 32, 0.125, 3, 2),
    "short": Size(32, 800, 60, 64, 0.25, 6, 20),
    "report": Size(32, 4000, 200, 128, 0.5, 6, 40),
}


def run(context: Context) -> Result:
    """Train a table of styles (Dumoulin et al. 2017), blend four of them on a grid, and add the first new style.

    The styles of figures are the first of the table.
    """
    context.inputs.require("contents", "styles", "new_contents", "new_styles")
    size = context.choose(SIZES)
    names = tuple(f"style-{number}" for number in range(size.styles))
    recipe = short_recipe(context, steps=size.steps, side=size.side, width=size.width, learning_rate=2e-3, styles=names)
    files = _store(context, size.styles)
    recipe = replace(recipe, data=replace(recipe.data, styles=files))
    trained = train(context, "table", recipe)
    contents = pictures.squares(context.inputs.new_contents, size.side)
    styles = pictures.squares(files, size.side)
    pairs = Pairs(contents, styles, measures.pair_up(len(contents), len(styles)))
    added = _add(context, recipe, size)
    wanted = pictures.squares(added.data.styles, size.side)
    more = Pairs(contents, wanted, [(number, 0) for number in range(min(len(contents), size.styles))])
    after = train(context, "added", added)
    own = pairs.evaluate(_paint(trained.network, pairs.contents, 0))
    unchanged = pairs.evaluate(_paint(after.network, pairs.contents, 0))
    extra = more.evaluate(_paint(after.network, more.contents, size.styles, len(more)))
    limits, more_limits = (each.limits(context.folder, size.optimised, context.say) for each in (pairs, more))
    found = {f"{size.styles} styles, trained together": own, "the same, after one was added": unchanged, **limits}
    found[f"the added style, {size.more} steps of one column"] = extra
    found |= {f"{name}, the added style": each for name, each in more_limits.items()}
    kept = torch.equal(
        trained.network(contents[:1], torch.eye(size.styles)[:1]),
        after.network(contents[:1], torch.eye(size.styles + 1)[:1]),
    )
    each = trained.network.transfer.style_parameters(torch.eye(size.styles)[:1]).shape[1]
    total = sum(parameter.numel() for parameter in trained.network.transfer.parameters())
    same = "bit for bit the same" if kept else "changed"
    return Result(
        summary=(
            f"{size.styles} styles have {total - each * size.styles:,} weights in common and {each:,} each (beta and "
            f"gamma). One more style was learned in {size.more} steps of its column alone; the others are {same}."
        ),
        numbers={
            "rows": {name: losses.means() for name, losses in found.items()},
            "each style": own.style.round(4).tolist(),
            "weights": total,
            "weights of a style": each,
            "others unchanged": kept,
            "log": trained.log,
            "log of the added": after.log,
        },
        tables=[Table(f"New photos at {size.side} px, one per style", ("network", *LOSSES),
                      [[name, *loss_cells([losses])] for name, losses in found.items()])],
        plots=_plots(context, size, trained, after, torch.cat([styles, wanted])),
        setting={**describe_recipe(recipe), "styles": size.styles, "steps for one more": size.more},
    )  # fmt: skip


def _plots(context: Context, size: Size, trained: Trained, after: Trained, styles: Tensor) -> list[Plot]:
    small, large = (pictures.squares(context.inputs.shown[0], scale * size.side)[0] for scale in (1, 2))
    mixtures = plots.labelled_grid(_mixtures(trained.network, large, size))
    gallery = plots.grid(_gallery(after.network, small, styles, size))
    terms = {"total": "loss", "style": "style loss", "content": "content loss"}
    return [
        Plot("mixtures", "A photo in blends of four styles, which are at the corners.", mixtures),
        Plot("styles", "Styles and a photo in each; the last one is the added style.", gallery),
        Plot("curves", "Terms of the loss during training.", plots.curves({"N styles": trained.log}, terms, BATCH)),
    ]


def _store(context: Context, count: int) -> tuple[str, ...]:
    """Return files of `count` styles: those of figures, then training styles that the seed selects."""
    shown = pictures.entries(context.inputs.show_styles) if context.inputs.show_styles else []
    chosen = [*shown[:count], *pictures.entries(context.inputs.styles, count)][:count]
    return tuple(str(pictures.store(each, context.folder / f"style-{n:02d}")) for n, each in enumerate(chosen))


def _paint(network: PasticheNetwork, contents: Tensor, first: int, repeated: int = 1) -> Tensor:
    """Return pastiches (N, 3, S, S) in the styles of the table from `first` on, each `repeated` times."""
    numbers = torch.arange(len(contents)) // repeated + first
    return measures.paint(network, contents, torch.eye(len(network.config.styles))[numbers])


def _add(context: Context, recipe: Recipe, size: Size) -> Recipe:
    """Return the recipe that adds the first new style to the trained table."""
    style = pictures.store(pictures.entries(context.inputs.new_styles)[0], context.folder / "added-style")
    return replace(
        recipe,
        steps=size.more,
        log_every=max(1, size.more // 10),
        grid_every=size.more,
        init=InitConfig(str(context.folder / "runs" / "table")),
        add_style="added",
        data=replace(recipe.data, styles=(str(style),), styles_limit=0),
        optimizer=replace(recipe.optimizer, learning_rate=2e-2, warm_up=1),
    )


def _mixtures(network: PasticheNetwork, content: Tensor, size: Size) -> dict[str, Tensor]:
    """Return rows of pastiches in bilinear blends of the first four styles."""
    ends = torch.linspace(0, 1, size.grid)
    rows = {}
    for down in ends:
        weights = torch.zeros(size.grid, size.styles)
        for across, right in enumerate(ends):
            weights[across, :4] = torch.stack(
                [(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right]
            )
        rows[f"{down:.1f}"] = measures.paint(network, content.expand(size.grid, -1, -1, -1), weights)
    return rows


def _gallery(network: PasticheNetwork, content: Tensor, styles: Tensor, size: Size) -> list[Tensor]:
    """Return rows of styles, each above its row of pastiches."""
    painted = measures.paint(network, content.expand(len(styles), -1, -1, -1), torch.eye(size.styles + 1))
    across = 11
    return [
        row for start in range(0, len(styles), across) for row in (styles[start:][:across], painted[start:][:across])
    ]
