"""Short training runs of an experiment: narrow networks and small pictures, each in a folder of its own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from brushwork.analysis.experiment import Context
from brushwork.losses import LossWeights
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.training import checkpoints
from brushwork.training.augmentation import Augmentation
from brushwork.training.config import OptimizerConfig, Recipe
from brushwork.training.data_config import DataConfig
from brushwork.training.run import run

BACKBONE = {"name": "mobilenet_v2", "norm": "folded", "padding": "tensorflow"}
PRETRAINED = "magenta-mobile"  # whose backbone has those options
STILL = Augmentation((1.0, 1.0), random_crop=False, flip_left_right=False)


class Trained(NamedTuple):
    """The averaged weights of a run, and the lines of its log."""

    network: PasticheNetwork
    log: list[dict[str, float]]


def short_recipe(
    context: Context,
    *,
    steps: int,
    side: int,
    width: float = 0.25,
    batch: int = 4,
    learning_rate: float = 1e-3,
    seed: int = 0,
    styles: Sequence[str] = (),
) -> Recipe:
    """Return the recipe that the short runs have in common: any style, with a frozen pretrained backbone.

    Args:
        context: Where contents and styles come from.
        steps: Steps of the run.
        side: Side in pixels of contents and styles.
        width: Multiplier of the channels.
        batch: Pastiches in a step.
        learning_rate: The learning rate; it falls to a hundredth along the run.
        seed: Of weights and pictures.
        styles: Names of a table of styles, which takes the place of the prediction network; each style is one picture,
            always seen whole.
    """
    every = max(1, steps // 20)
    network = PasticheConfig(styles=tuple(styles), backbone=BACKBONE, width=width, encoder_norm="instance")
    recipe = Recipe(
        steps=steps,
        seed=seed,
        pretrained="" if styles else PRETRAINED,
        log_every=every,
        grid_every=steps,
        checkpoint_every=steps,
        checkpoint_minutes=2.0,
        network=network,
        data=DataConfig(
            contents=context.inputs.contents,
            styles=context.inputs.styles,
            batch=batch,
            content_sides=(side,),
            style_sides=(side,),
            short_side=side + side // 2,
        ),
        loss=LossWeights(),
        optimizer=OptimizerConfig(learning_rate=learning_rate, backbone=0.0, warm_up=max(1, steps // 20), ema=0.98),
    )
    return replace(recipe, style_augmentation=STILL) if styles else recipe


def train(context: Context, name: str, recipe: Recipe) -> Trained:
    """Train in a folder of the experiment's own, or go on there; a finished run is read and not repeated.

    Raises:
        UserError: If the data cannot be read or the loss is no longer finite.
    """
    folder = context.folder / "runs" / name
    there = (folder / checkpoints.CHECKPOINT).exists()
    for progress in run(recipe, folder, resume=there):
        context.say(f"{name}: step {progress.step} of {progress.steps}, loss {progress.terms['total']:.3g}")
    network, _ = checkpoints.load_checkpoint(folder)
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return Trained(network.eval(), [json.loads(line) for line in lines])


def described(recipe: Recipe) -> Mapping[str, Any]:
    """Return the settings of a recipe that a page states."""
    data = recipe.data
    return {
        "steps": recipe.steps,
        "batch": data.batch,
        "side": data.content_sides[0],
        "width": recipe.network.width,
        "learning rate": recipe.optimizer.learning_rate,
        "precision": recipe.precision,
    }
