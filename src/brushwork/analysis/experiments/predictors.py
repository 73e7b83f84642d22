"""Compares style prediction networks: backbones, pooling of the last layer or all levels, sizes of the embedding."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from brushwork.analysis import measures, pictures, plots
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.intervals import LOSSES, loss_cells
from brushwork.analysis.measures import Losses
from brushwork.analysis.pairs import Pairs
from brushwork.analysis.short_training import describe_recipe, short_recipe, train, warm_start
from brushwork.training.config import Recipe


class Size(NamedTuple):
    """Sizes of the embedding, steps of each run, sides of contents and styles in pixels, pairs, steps of the pixels."""

    embeddings: tuple[int, ...]
    steps: int
    side: int
    style_side: int
    pairs: int
    optimised: int


SIZES = {
    "tiny": Size((8,), 2, 32, 96, 3, 2),
    "short": Size((8, 32, 100, 256), 25, 64, 80, 24, 20),
    "report": Size((8, 32, 100, 256), 2000, 128, 128, 55, 40),
}
SMALL_STEPS = 0.1
PUBLISHED = 100  # size of the embedding for the comparison of backbones
# For the weights of Inception-v3 that docs/guide/training.md names; average pooling does not count padding.
INCEPTION = {"name": "inception_v3", "pixels": "unit", "count_padding": False}


def run(context: Context) -> Result:
    """Train with each predictor, its backbone frozen, on the same pictures; evaluate on new pairs.

    All runs start with trained convolutions (`short_training.warm_start`). Inception-v3 is included if its weights are
    given.
    """
    context.inputs.require("contents", "styles", "new_contents", "new_styles")
    size = context.choose(SIZES)
    base = short_recipe(context, steps=size.steps, side=size.side)
    base = replace(base, data=replace(base.data, style_sides=(size.style_side,)))
    contents = pictures.squares(context.inputs.new_contents, size.side)
    styles = pictures.squares(context.inputs.new_styles, size.style_side)
    pairs = Pairs(contents, styles, measures.pair_up(len(contents), len(styles))[: size.pairs])
    recipes = _recipes(context, base, size)
    evaluated: dict[str, list[Losses]] = {name: [] for name in recipes}
    logs, weights = dict[str, list[dict[str, float]]](), dict[str, int]()
    for seed in range(context.seeds):
        for name, recipe in recipes.items():
            run_name = f"{name.replace(', ', '-').replace(' ', '-')}-{seed}"
            trained = train(context, run_name, warm_start(context, run_name, replace(recipe, seed=seed)))
            evaluated[name].append(pairs.evaluate(pairs.paint(trained.network)))
            assert trained.network.predictor is not None
            weights[name] = sum(parameter.numel() for parameter in trained.network.predictor.parameters())
            logs.setdefault(name, trained.log)
    limits = pairs.limits(context.folder, size.optimised, context.say)
    rows: list[list[Cell]] = [[name, weights[name], *loss_cells(losses)] for name, losses in evaluated.items()]
    rows += [[name, None, *loss_cells([each])] for name, each in limits.items()]
    means = {
        name: float(np.mean([each.means()["style loss"] for each in losses])) for name, losses in evaluated.items()
    }
    return Result(
        summary=f"Of {len(evaluated)} predictors, {min(means, key=means.__getitem__)} has the least style loss on new "
        "styles after equal steps.",
        numbers={
            **{name: {"weights": weights[name], "seeds": [each.means() for each in losses]}
               for name, losses in evaluated.items()},
            **{name: each.means() for name, each in limits.items()},
        },
        tables=[Table(f"{len(pairs)} pairs of new photos and new styles; {context.seeds} seeds ± 95 %",
                      ("predictor", "weights", *LOSSES), rows)],
        plots=[Plot("curves", "Terms of the loss during training, of the first seed.", plots.curves(
            logs, {"total": "loss", "style": "style loss", "content": "content loss"}, base.data.batch))],
        setting={**describe_recipe(base), "style side": size.style_side},
    )  # fmt: skip


def _recipes(context: Context, base: Recipe, size: Size) -> dict[str, Recipe]:
    def changed(pretrained: str = base.pretrained, **network: Any) -> Recipe:
        # A map of thousands of standardised features needs a smaller learning rate, see `OptimizerConfig`.
        affine = SMALL_STEPS if network.get("pooling") == "statistics" else 1.0
        optimizer = replace(base.optimizer, affine=affine)
        return replace(base, pretrained=pretrained, network=replace(base.network, **network), optimizer=optimizer)

    found = {f"MobileNet-v2, last layer, {each}": changed(predicted_size=each) for each in size.embeddings}
    found[f"MobileNet-v2, all levels, {PUBLISHED}"] = changed(pooling="statistics")
    if context.inputs.inception is not None:
        weights = str(context.inputs.inception)
        found[f"Inception-v3, last layer, {PUBLISHED}"] = changed(weights, backbone=INCEPTION)
        found[f"Inception-v3, all levels, {PUBLISHED}"] = changed(weights, backbone=INCEPTION, pooling="statistics")
    return found
