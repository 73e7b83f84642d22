"""Style prediction networks: backbones, pooling of the last layer against all levels, and sizes of the embedding."""

from dataclasses import replace
from typing import Any, NamedTuple

from brushwork.analysis import measures, pictures, plots
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.short_training import BACKBONE, described, short_recipe, train
from brushwork.training.config import InitConfig, Recipe


class Size(NamedTuple):
    """Sizes of the embedding, steps of each run, sides of contents and of styles in pixels, width, pairs."""

    embeddings: tuple[int, ...]
    steps: int
    side: int
    style_side: int
    width: float
    pairs: int


SIZES = {
    "tiny": Size((8,), 2, 32, 96, 0.125, 3),
    "short": Size((8, 100), 80, 64, 96, 0.25, 55),
    "report": Size((8, 32, 100, 256), 2000, 128, 128, 0.5, 55),
}
PUBLISHED = 100  # the size of the embedding where backbones are compared
# Ours: the file of Inception-v3 is named in docs/guide/training.md, and its average pools do not count padding.
INCEPTION = {"name": "inception_v3", "pixels": "unit", "count_padding": False}


def run(context: Context) -> Result:
    """Train with each predictor, backbone frozen, from the same start on the same pictures; judge on new pairs.

    Inception-v3 is among them where ``pretrained`` names its weights.
    """
    context.inputs.require("contents", "styles", "new_contents", "new_styles")
    size = context.choose(SIZES)
    base = short_recipe(context, steps=size.steps, side=size.side, width=size.width)
    base = replace(base, data=replace(base.data, style_sides=(size.style_side,)), init=InitConfig(styles=200))
    contents = pictures.squares(context.inputs.new_contents, size.side)
    styles = pictures.squares(context.inputs.new_styles, size.style_side, size.pairs)
    pairs = measures.pair_up(len(contents), len(styles))
    rows, logs, numbers = list[list[Cell]](), {}, dict[str, Any]()
    for name, recipe in _recipes(context, base, size).items():
        trained = train(context, name.replace(" ", "-"), recipe)
        losses = measures.judge_network(trained.network, contents, styles, pairs)
        assert trained.network.predictor is not None
        weights = sum(parameter.numel() for parameter in trained.network.predictor.parameters())
        rows.append([name, weights, *losses.means().values()])
        logs[name], numbers[name] = trained.log, {"weights": weights, **losses.means()}
    columns = ("predictor", "weights", *losses.means())
    best = min(numbers, key=lambda name: numbers[name]["style loss"])
    return Result(
        summary=f"Of {len(rows)} predictors {best} leaves the smallest style loss on new styles after equal steps.",
        numbers=numbers,
        tables=[Table(f"{len(pairs)} pairs of new photos and new styles", columns, rows)],
        plots=[Plot("curves", "Terms of the loss during training.", plots.curves(
            logs, {"total": "loss", "style": "style loss", "content": "content loss"}, base.data.batch))],
        setting={**described(base), "style side": size.style_side},
    )  # fmt: skip


def _recipes(context: Context, base: Recipe, size: Size) -> dict[str, Recipe]:
    def changed(pretrained: str = base.pretrained, **network: Any) -> Recipe:
        return replace(base, pretrained=pretrained, network=replace(base.network, **network))

    found = {f"MobileNet-v2, last layer, {each}": changed(predicted_size=each) for each in size.embeddings}
    found[f"MobileNet-v2, all levels, {PUBLISHED}"] = changed(pooling="statistics", backbone=BACKBONE)
    if context.inputs.inception is not None:
        weights = str(context.inputs.inception)
        found[f"Inception-v3, last layer, {PUBLISHED}"] = changed(weights, backbone=INCEPTION)
        found[f"Inception-v3, all levels, {PUBLISHED}"] = changed(weights, backbone=INCEPTION, pooling="statistics")
    return found
