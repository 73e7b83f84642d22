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
    """All that a step touches."""

    network: PasticheNetwork
    averaged: PasticheNetwork
    model: nn.Module  # the network as `student.Student`, spread over processes where there are several
    optimizer: torch.optim.Optimizer
    loss: PerceptualLoss
    teacher: PasticheNetwork | None
    autocast: AbstractContextManager[Any]
    first: int  # the step to begin with
    shift: int  # where the pictures' numbers begin in the table of styles
    targets: StyleTargets | None  # Gram matrices by style, where styles are the same in every step
    minutes: float = 0.0  # of training before the first step
    process: ProcessInfo = field(default_factory=lambda: ProcessInfo("cpu"))
    best: float = math.inf  # the smallest validation loss so far
    bank: StyleBank | None = None  # labelled styles, where the recipe weighs semantics


def prepare(recipe: Recipe, checkpoint: Path | None, process: ProcessInfo) -> Setup:
    """The setup of a run, new, or as a checkpoint left it.

    Raises:
        UserError: If weights cannot be read or do not fit.
    """
    network = student.begin(recipe)
    averaged = student.average(network)
    saved = _restore(checkpoint, network, averaged) if checkpoint else None
    if saved and checkpoint:
        check_settings(saved.get("recipe", {}), recipe, checkpoint)
    loss = (AdaINLoss if recipe.loss.style_form == "statistics" else PerceptualLoss)(recipe.loss)
    teacher = student.load_teacher(recipe.teacher, network.config) if recipe.teacher else None
    # The memory format must be settled before the optimizer is made.
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
        model.compile()
    if process.world > 1:
        model = DistributedDataParallel(model)
    kind = process.device.split(":")[0]
    half = recipe.precision == "bf16" or (recipe.precision == "auto" and multiplies_bfloat16(kind))
    autocast = torch.autocast(kind, torch.bfloat16) if half else nullcontext()
    first = int(saved["step"]) if saved else 0
    targets = StyleTargets() if _styles_stay(recipe) else None
    minutes, best = (float((saved or {}).get(*each)) for each in (("minutes", 0.0), ("best", math.inf)))
    return Setup(
        network, averaged, model, optimizer, loss, teacher, autocast, first, shift, targets, minutes, process, best
    )


def _restore(path: Path, network: PasticheNetwork, averaged: PasticheNetwork) -> dict[str, Any]:
    """Fill a network and its average from a checkpoint and returns the rest of it."""
    loaded, saved = checkpoints.load_checkpoint(path, averaged=False)
    if loaded.config != network.config or "optimizer" not in saved:
        raise UserError(f"{path} is of another network than the recipe's; start again with init={path}")
    network.load_state_dict(loaded.state_dict())
    averaged.load_state_dict(saved["averaged"])
    return saved


def _optimizer(config: OptimizerConfig, network: PasticheNetwork, *, fused: bool) -> torch.optim.Optimizer:
    """The optimizer; each group of weights has the `share` of the learning rate that is its own."""
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config.name]
    parts: list[tuple[nn.Module, float]] = [(network.transfer, config.transfer)]
    if network.predictor is not None:
        parts += [(network.predictor.backbone, config.backbone), (network.predictor.bottleneck, config.affine)]
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
    """Check that the pictures that a recipe names exist, before networks are built and loaded.

    Raises:
        UserError: If a source is missing, or none is named.
    """
    for name, source in (("contents", recipe.data.contents), ("styles", recipe.data.styles)):
        if not source:
            raise UserError(f"the recipe names no pictures: set data.{name}")
        find_shards(source)
    for source in (recipe.validation.contents, recipe.validation.styles):
        find_shards(source)


def open_batches(recipe: Recipe, process: ProcessInfo) -> Batches:
    """The batches of a process.

    Raises:
        UserError: If the data cannot be read, or a batch cannot be shared by so many processes.
    """
    data = recipe.data
    if data.batch % process.world:
        raise UserError(f"a batch of {data.batch} cannot be shared by {process.world} processes")

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
    """Measure the constants of a predictor that has none yet, over the first training styles."""
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
    """Batches with cached targets, made of plain ones.

    Raises:
        UserError: If the targets would change during the run.
    """
    predictor = setup.network.predictor
    if recipe.loss.style_form == "statistics":
        raise UserError("cached targets are Gram matrices, and style_form statistics has none: set cache.styles=0")
    if predictor is None or recipe.optimizer.backbone != 0:
        raise UserError("cached targets need a predictor whose backbone is frozen: set optimizer.backbone=0")
    if setup.teacher is not None and not _share_features(predictor, setup.teacher.predictor):
        raise UserError("cached features are of one backbone: start from the teacher's, with init.predictor")
    return CachedBatches(batches, recipe, TargetNetworks(predictor, setup.loss, setup.autocast), folder)


def _share_features(one: StylePredictionNetwork, other: StylePredictionNetwork | None) -> bool:
    """Whether two prediction networks pool the same features of a style."""
    if other is None or one.pooling != other.pooling:
        return False
    states = one.backbone.state_dict(), other.backbone.state_dict()
    return states[0].keys() == states[1].keys() and all(
        torch.equal(states[0][key], states[1][key]) for key in states[0]
    )


def _check_table(recipe: Recipe, styles: ResidentPictures) -> None:
    """Raise `UserError` unless each style of a table has its picture: the n-th picture trains the n-th column."""
    for name, error in styles.skipped.items():
        raise UserError(f"the style picture {name} cannot be used: {error}")
    names = 1 if recipe.add_style else len(recipe.network.styles)
    if len(styles.pixels) != names:
        raise UserError(f"{len(styles.pixels)} style pictures for {names} styles; network.styles names each picture")


def _styles_stay(recipe: Recipe) -> bool:
    """Whether a style picture is the same image in every step, so that its Gram matrices are computed once."""
    zoom = recipe.style_augmentation.zoom
    still = replace(NOTHING, zoom=zoom) == recipe.style_augmentation
    return still and zoom[0] == zoom[1] and len(recipe.data.style_sides) == 1
