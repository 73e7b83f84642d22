"""Short training runs of an experiment: narrow networks and small pictures, each in a folder of its own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch

from brushwork import model_folder
from brushwork.analysis.experiment import Context
from brushwork.losses import LossWeights
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.networks.normalization import ConditionalInstanceNorm2d
from brushwork.styles import distribution
from brushwork.training import checkpoints, student
from brushwork.training.augmentation import Augmentation
from brushwork.training.config import InitConfig, OptimizerConfig, Recipe
from brushwork.training.data_config import DataConfig
from brushwork.training.run import run

BACKBONE = {"name": "mobilenet_v2", "norm": "folded", "padding": "tensorflow"}
PRETRAINED = "magenta-mobile"  # whose backbone has those options
WARM_STYLES = 200  # over which the features of a new predictor are standardised
BATCH = 4  # pastiches in a step
MANY = 10_000  # pictures of a run from which on all are decoded at its beginning, and not as they are needed
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
    batch: int = BATCH,
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
            resident=steps * batch > MANY,
            batch=batch,
            content_sides=(side,),
            style_sides=(side,),
            short_side=side + side // 2,
        ),
        loss=LossWeights(),
        optimizer=OptimizerConfig(learning_rate=learning_rate, backbone=0.0, warm_up=max(1, steps // 20), ema=0.98),
    )
    return replace(recipe, style_augmentation=STILL) if styles else recipe


def warm(context: Context, name: str, recipe: Recipe) -> Recipe:
    """Return a recipe whose network starts from convolutions that know style transfer, those of `PRETRAINED`.

    All that an embedding passes through is new, so that its size and source may be any: the predictor's last layer and
    the affine maps, which start as the mean style of that model. A run of a hundred steps then shows what is compared,
    and not how convolutions begin. That model was trained on other pictures than any experiment here.

    Args:
        context: Where the file of the start lies.
        name: Of the run.
        recipe: See `short_recipe`; its width is that model's, a quarter.
    """
    recipe = replace(recipe, network=replace(recipe.network, encoder_norm="folded"))
    network, known = student.create_network(recipe), student.load(PRETRAINED).transfer
    weights = {key: value for key, value in known.state_dict().items() if ".affine." not in key}
    network.transfer.load_state_dict({**network.transfer.state_dict(), **weights})
    mean = torch.from_numpy(distribution.read(model_folder.find(PRETRAINED)).mean)[None]
    for new, old in zip(network.transfer.modules(), known.modules(), strict=True):
        if isinstance(new, ConditionalInstanceNorm2d) and isinstance(old, ConditionalInstanceNorm2d):
            _begin_at(new, old.style_parameters(mean)[0])
    file = context.folder / "starts" / f"{name}.pt"
    file.parent.mkdir(parents=True, exist_ok=True)
    checkpoints.save_checkpoint(file, network)
    return replace(recipe, pretrained="", init=InitConfig(str(file), styles=WARM_STYLES))


@torch.no_grad()
def _begin_at(norm: ConditionalInstanceNorm2d, parameters: torch.Tensor) -> None:
    """Let every style begin at betas and gammas (2 C,)."""
    if norm.affine.bias is None:
        norm.affine.weight.copy_(parameters[:, None].expand_as(norm.affine.weight))
    else:
        norm.affine.bias.copy_(parameters)


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
