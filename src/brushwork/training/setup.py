"""Setup of a training run: networks, optimizer, loss and batches, new or from a checkpoint."""

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from brushwork.errors import UserError
from brushwork.losses import AdaINLoss, PerceptualLoss
from brushwork.networks import PasticheNetwork, StylePredictionNetwork
from brushwork.training import checkpoints, student
from brushwork.training.augmentation import NOTHING
from brushwork.training.batch_norms import share_batch_norms
from brushwork.training.cached_batches import CachedBatches, TargetNetworks
from brushwork.training.config import OptimizerConfig, Recipe
from brushwork.training.data import Batches, DecodedPictures, Feed, Pictures, ResidentPictures
from brushwork.training.process import ProcessInfo, multiplies_bfloat16
from brushwork.training.resume import check_settings, load_optimizer
from brushwork.training.semantics import StyleBank
from brushwork.training.shards import find_shards
from brushwork.training.style_targets import StyleTargets


@dataclass(frozen=True)
class Setup:
    """The objects of a training run that its steps use."""

    network: PasticheNetwork
    averaged: PasticheNetwork
    model: nn.Module  # the network as `student.Student`, distributed over processes if there are several
    optimizer: torch.optim.Optimizer
    loss: PerceptualLoss
    teacher: PasticheNetwork | None
    autocast: AbstractContextManager[Any]
    first: int  # the first step
    shift: int  # index in the table of styles of the first style picture
    targets: StyleTargets | None  # Gram matrices by style, if styles are the same in every step
    minutes: float = 0.0  # of training before the first step
    process: ProcessInfo = field(default_factory=lambda: ProcessInfo("cpu"))
    best: float = math.inf  # the smallest validation loss so far
    bank: StyleBank | None = None  # labelled styles, if the semantic term has a weight


def prepare(recipe: Recipe, checkpoint: Path | None, process: ProcessInfo) -> Setup:
    """Return the setup of a run, new or from a checkpoint.

    Raises:
        UserError: If weights cannot be read or do not fit.
    """
    network = student.create_network(recipe)
    averaged = student.copy_for_average(network)
    saved = _restore(checkpoint, network, averaged) if checkpoint else None
    if saved and checkpoint:
        check_settings(saved.get("recipe", {}), recipe, checkpoint)
    loss = (AdaINLoss if recipe.loss.style_form == "statistics" else PerceptualLoss)(recipe.loss)
    teacher = student.load_teacher(recipe.teacher, network.config) if recipe.teacher else None
    # The memory format must be set before the optimizer is created.
    for part in (network, averaged, loss, teacher):
        if part is not None:
            part.to(process.device)
            part.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    network.train(not recipe.add_style)
    if recipe.optimizer.transfer == 0:
        network.transfer.requires_grad_(False)
    if network.predictor is not None and recipe.optimizer.backbone == 0:
        network.predictor.backbone.requires_grad_(False).eval()
    optimizer = _optimizer(recipe.optimizer, network, fused=not process.device.startswith("mps"))
    if saved:
        load_optimizer(optimizer, saved["optimizer"])
    shift = len(network.config.styles) - 1 if recipe.add_style else 0
    if process.world > 1:
        share_batch_norms(network, process)
    model: nn.Module = student.Student(network, shift)
    if recipe.compile:
        _compile(network.transfer, network.predictor, loss.features, teacher and teacher.transfer)
    if process.world > 1:
        model = DistributedDataParallel(model)
    kind = process.device.split(":")[0]
    half = recipe.precision == "bf16" or (recipe.precision == "auto" and multiplies_bfloat16(kind))
    autocast = torch.autocast(kind, torch.bfloat16) if half else nullcontext()
    first = int(saved["step"]) if saved else 0
    targets = StyleTargets() if _has_constant_styles(recipe) else None
    minutes, best = (float((saved or {}).get(*each)) for each in (("minutes", 0.0), ("best", math.inf)))
    return Setup(
        network, averaged, model, optimizer, loss, teacher, autocast, first, shift, targets, minutes, process, best
    )


def _compile(*parts: nn.Module | None) -> None:
    """Compile networks for each shape of batches separately: one code for all shapes is slower."""
    for part in parts:
        if part is not None:
            part.compile(dynamic=False)


def _restore(path: Path, network: PasticheNetwork, averaged: PasticheNetwork) -> dict[str, Any]:
    """Load a network and its average from a checkpoint, and return the rest of its state."""
    loaded, saved = checkpoints.load_checkpoint(path, averaged=False)
    if loaded.config != network.config or "optimizer" not in saved:
        raise UserError(f"the network of {path} is not the recipe's; start a new run with init={path}")
    network.load_state_dict(loaded.state_dict())
    averaged.load_state_dict(saved["averaged"])
    return saved


def _optimizer(config: OptimizerConfig, network: PasticheNetwork, *, fused: bool) -> torch.optim.Optimizer:
    """Return the optimizer; the `share` of each group of weights is its factor of the learning rate."""
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config.name]
    parts: list[tuple[nn.Module, float]] = [(network.transfer, config.transfer)]
    if network.predictor is not None:
        parts += [(network.predictor.backbone, config.backbone), (network.predictor.bottleneck, config.affine)]
        if (hidden := network.predictor.hidden) is not None:
            # A map changes its output by its rate times its fan-in.
            widths = [hidden.get_parameter(f"{index}.weight").shape[1] for index in (0, 2)]
            parts += [(hidden[0], config.affine), (hidden[2], config.affine * widths[0] / widths[1])]
    groups = [
        {"params": [parameter for parameter in part.parameters() if parameter.requires_grad], "share": share}
        for part, share in parts
    ]
    optimizer: torch.optim.Optimizer = kind(
        [group for group in groups if group["params"]],
        lr=config.learning_rate,
        betas=(config.betas[0], config.betas[1]),
        weight_decay=config.weight_decay,
        fused=fused,
    )
    return optimizer


def check_sources(recipe: Recipe) -> None:
    """Check that the pictures of a recipe exist, before networks are built and loaded.

    Raises:
        UserError: If a source is missing, or none is named.
    """
    for name, source in (("contents", recipe.data.contents), ("styles", recipe.data.styles)):
        if not source:
            raise UserError(f"the recipe names no pictures; set data.{name}")
        find_shards(source)
    for source in (recipe.validation.contents, recipe.validation.styles):
        find_shards(source)


def open_batches(recipe: Recipe, process: ProcessInfo) -> Batches:
    """Return the batches of a process.

    Raises:
        UserError: If the data cannot be read, or a batch cannot be divided among the processes.
    """
    data = recipe.data
    if data.batch % process.world:
        raise UserError(f"data.batch is {data.batch}; it must be a multiple of the {process.world} processes")

    def pictures(source: tuple[str, ...], half: int) -> Pictures:
        seed = (recipe.seed, half)
        table = half == 1 and bool(recipe.network.styles or recipe.add_style)
        limit = data.styles_limit if half == 1 else 0
        if not (data.resident or table):
            return DecodedPictures(source, seed, short_side=data.short_side, workers=data.workers, limit=limit)
        resident = ResidentPictures(
            source, seed, short_side=data.short_side, workers=data.workers, device=process.device, limit=limit
        )
        if table:
            _check_table(recipe, resident)
        return resident

    return Batches(
        Feed(pictures(data.contents, 0), data.content_sides, recipe.content_augmentation),
        Feed(pictures(data.styles, 1), data.style_sides, recipe.style_augmentation),
        batch_size=data.batch // process.world,
        seed=recipe.seed,
        device=process.device,
        rank=process.rank,
        world_size=process.world,
    )


@torch.no_grad()
def standardise(setup: Setup, recipe: Recipe, batches: Batches | CachedBatches, process: ProcessInfo) -> None:
    """Measure the constants of standardisation over the first training styles, if the predictor has none."""
    predictor, averaged = setup.network.predictor, setup.averaged.predictor
    if predictor is None or averaged is None or predictor.standardised:
        return
    count = recipe.init.styles
    if isinstance(batches, CachedBatches):
        features = batches.style_features(count)
    else:
        styles = (batches.batch(step).style for step in range(-(-count // batches.batch_size)))
        features = torch.cat([predictor.features(style) for style in styles])
    if process.world > 1:
        distributed.broadcast(features, 0)
    predictor.standardise(features)
    averaged.load_state_dict(predictor.state_dict())


def cache_targets(batches: Batches, recipe: Recipe, setup: Setup, folder: Path) -> CachedBatches:
    """Return batches with cached targets, made from plain ones.

    Raises:
        UserError: If the targets would change during the run.
    """
    predictor = setup.network.predictor
    if recipe.loss.style_form == "statistics":
        raise UserError("loss.style_form statistics has no cached targets; set cache.styles=0")
    if predictor is None or recipe.optimizer.backbone != 0:
        raise UserError("cached targets need a predictor with a frozen backbone; set optimizer.backbone=0")
    if setup.teacher is not None and not _has_same_features(predictor, setup.teacher.predictor):
        raise UserError("cached targets need the teacher's backbone; start from it with init.predictor")
    return CachedBatches(batches, recipe, TargetNetworks(predictor, setup.loss, setup.autocast), folder)


def _has_same_features(one: StylePredictionNetwork, other: StylePredictionNetwork | None) -> bool:
    """Return whether two style prediction networks pool the same features of a style."""
    if other is None or one.pooling != other.pooling:
        return False
    states = one.backbone.state_dict(), other.backbone.state_dict()
    return states[0].keys() == states[1].keys() and all(
        torch.equal(states[0][key], states[1][key]) for key in states[0]
    )


def _check_table(recipe: Recipe, styles: ResidentPictures) -> None:
    """Raise `UserError` unless each style of a table has a picture; the n-th picture trains the n-th column."""
    for name, error in styles.skipped.items():
        raise UserError(f"the style picture {name} cannot be used: {error}")
    names = 1 if recipe.add_style else len(recipe.network.styles)
    if len(styles.pixels) != names:
        raise UserError(f"{len(styles.pixels)} style pictures for {names} styles; name each picture in network.styles")


def _has_constant_styles(recipe: Recipe) -> bool:
    """Return whether a style is the same image in every step, so that its Gram matrices can be computed once."""
    zoom = recipe.style_augmentation.zoom
    plain = replace(NOTHING, zoom=zoom) == recipe.style_augmentation
    return plain and zoom[0] == zoom[1] and len(recipe.data.style_sides) == 1
