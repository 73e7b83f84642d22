"""One network for N styles: trained, its styles mixed, and one more style added by one column."""

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from brushwork.analysis import measures, pictures, plots
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.short_training import described, short_recipe, train
from brushwork.networks import PasticheNetwork
from brushwork.training.config import InitConfig, Recipe


class Size(NamedTuple):
    """Styles, steps of the run, steps for one more style, side in pixels, width, and side of the grid of mixtures."""

    styles: int
    steps: int
    more: int
    side: int
    width: float
    grid: int


SIZES = {
    "tiny": Size(5, 2, 2, 32, 0.125, 3),
    "short": Size(32, 120, 20, 64, 0.25, 6),
    "report": Size(32, 4000, 200, 128, 0.5, 6),
}
CONTENTS = 2  # that every style meets


def run(context: Context) -> Result:
    """Train a table of styles (Dumoulin et al. 2017), mix four of them on a grid, and add the first new style."""
    context.inputs.require("contents", "styles", "new_contents", "new_styles")
    size = context.choose(SIZES)
    names = tuple(f"style-{number}" for number in range(size.styles))
    recipe = short_recipe(context, steps=size.steps, side=size.side, width=size.width, learning_rate=2e-3, styles=names)
    recipe = replace(recipe, data=replace(recipe.data, styles_limit=size.styles))
    trained = train(context, "table", recipe)
    contents = pictures.squares(context.inputs.new_contents, size.side)
    styles = pictures.squares_of_run(context.inputs.styles, size.side, size.styles)
    own = _judge(trained.network, contents, styles, 0)
    added = _add(context, recipe, size)
    wanted = pictures.squares(added.data.styles, size.side)
    after = train(context, "added", added)
    extra = _judge(after.network, contents, wanted, size.styles)
    unchanged = _judge(after.network, contents, styles, 0)
    kept = torch.equal(
        trained.network(contents[:1], torch.eye(size.styles)[:1]),
        after.network(contents[:1], torch.eye(size.styles + 1)[:1]),
    )
    each = trained.network.transfer.style_parameters(torch.eye(size.styles)[:1]).shape[1]
    total = sum(parameter.numel() for parameter in trained.network.transfer.parameters())
    rows: list[list[Cell]] = [
        [f"{size.styles} styles, trained together", *own.means().values()],
        ["the same after one was added", *unchanged.means().values()],
        [f"the added style, {size.more} steps of one column", *extra.means().values()],
    ]
    columns = ("network", *own.means())
    same = "bit for bit the same" if kept else "changed"
    return Result(
        summary=(
            f"{size.styles} styles share {total - each * size.styles:,} weights and have {each:,} of their own each "
            f"(beta and gamma). One more style learned by its column alone in {size.more} steps; the others are {same}."
        ),
        numbers={
            "rows": [dict(zip(columns, row, strict=True)) for row in rows],
            "each style": own.style.round(4).tolist(),
            "weights": total,
            "weights of a style": each,
            "others unchanged": kept,
            "log": trained.log,
            "log of the added": after.log,
        },
        tables=[Table(f"New photos at {size.side} px, {CONTENTS} a style", columns, rows)],
        plots=[
            Plot("mixtures", "One photo in mixtures of four styles, which are at the corners.", plots.labelled_grid(
                _mixtures(trained.network, contents[0], size))),
            Plot("styles", "Styles, one photo in each, and at the end the style that was added.", plots.grid(
                _gallery(after.network, contents[0], torch.cat([styles, wanted]), size))),
            Plot("curves", "Terms of the loss during training.", plots.curves(
                {"N styles": trained.log}, {"total": "loss", "style": "style loss", "content": "content loss"},
                recipe.data.batch)),
        ],
        setting={**described(recipe), "styles": size.styles, "steps for one more": size.more},
    )  # fmt: skip


def _judge(network: PasticheNetwork, contents: Tensor, styles: Tensor, first: int) -> measures.Losses:
    """Returns the losses of a table's styles, from number `first` on, each on some contents."""
    pairs = measures.pair_up(len(contents), len(styles), CONTENTS)
    table = torch.eye(len(network.config.styles))
    chosen = torch.stack([contents[c] for c, _ in pairs])
    painted = measures.paint(network, chosen, torch.stack([table[first + s] for _, s in pairs]))
    return measures.judge(painted, chosen, torch.stack([styles[s] for _, s in pairs]))


def _add(context: Context, recipe: Recipe, size: Size) -> Recipe:
    """Returns the recipe that adds the first new style to the trained table."""
    style = pictures.stored(pictures.entries(context.inputs.new_styles)[0], context.folder / "added-style")
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
    """Returns rows of pastiches: bilinear mixtures of the first four styles."""
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
    """Returns rows of styles, each above its row of pastiches."""
    painted = measures.paint(network, content.expand(len(styles), -1, -1, -1), torch.eye(size.styles + 1))
    across = 11
    return [
        row for start in range(0, len(styles), across) for row in (styles[start:][:across], painted[start:][:across])
    ]
