"""Short training runs of an experiment: narrow networks and small pictures, each run in a separate folder."""

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
from brushwork.training.augmentation import NOTHING
from brushwork.training.config import InitConfig, OptimizerConfig, Recipe
from brushwork.training.data_config import DataConfig
from brushwork.training.run import run

BACKBONE = {"name": "mobilenet_v2", "norm": "folded", "padding": "tensorflow"}
PRETRAINED = "magenta-mobile"  # a model whose backbone has those options
WARM_STYLES = 200  # styles over which the features of a new predictor are standardised
BATCH = 4  # pastiches in a step
MANY = 10_000  # number of pictures of a run above which all are decoded at its start, not when they are needed


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
    """Return the common recipe of short runs, for any style with a frozen pretrained backbone.

    Args:
        context: The inputs.
        steps: Number of steps.
        side: Side of contents and styles in pixels.
        width: Multiplier of the channels.
        batch: Pastiches in a step.
        learning_rate: The learning rate, which decays to a hundredth over the run.
        seed: Seed of weights and pictures.
        styles: Names of a table of styles, which replaces the style prediction network; each style is one picture,
            without augmentation.
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
    return replace(recipe, style_augmentation=NOTHING) if styles else recipe


def warm_start(context: Context, name: str, recipe: Recipe) -> Recipe:
    """Return a recipe whose network starts with the trained convolutions of `PRETRAINED`.

    The predictor's last layer and the affine maps are new, so that embeddings may have any size and source; the affine
    maps start with the mean style of that model. So a run of a hundred steps shows the difference between embeddings,
    not the start of the convolutions. The model was trained on other pictures than those of any experiment.

    Args:
        context: Context with the folder of the initial weights.
        name: Name of the run.
        recipe: See `short_recipe`; its width must be that of the model, a quarter.
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
    """Set the initial betas and gammas (2 C,) of every style."""
    if norm.affine.bias is None:
        norm.affine.weight.copy_(parameters[:, None].expand_as(norm.affine.weight))
    else:
        norm.affine.bias.copy_(parameters)


def train(context: Context, name: str, recipe: Recipe) -> Trained:
    """Train in a folder of the experiment, or continue there; a finished run is loaded and not repeated.

    Raises:
        UserError: If the data cannot be read or the loss is no longer finite.
    """
    folder = context.folder / "runs" / name
    exists = (folder / checkpoints.CHECKPOINT).exists()
    for progress in run(recipe, folder, resume=exists):
        context.say(f"{name}: step {progress.step} of {progress.steps}, loss {progress.terms['total']:.3g}")
    network, _ = checkpoints.load_checkpoint(folder)
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return Trained(network.eval(), [json.loads(line) for line in lines])


def describe_recipe(recipe: Recipe) -> Mapping[str, Any]:
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
