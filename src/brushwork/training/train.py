"""The training loop.

Batches, learning rate and moving average are functions of the recipe and the step. So a run that was interrupted or
killed continues from its last checkpoint with the same result, bit for bit on one CPU.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn

from brushwork.errors import UserError
from brushwork.training import checkpoints, consistency, student
from brushwork.training.cached_batches import CachedBatches
from brushwork.training.checkpoints import CHECKPOINT
from brushwork.training.config import OptimizerConfig, Recipe
from brushwork.training.data import Batch, Batches
from brushwork.training.grid import draw_grid
from brushwork.training.process import ProcessInfo, find_process
from brushwork.training.progress import Progress, TermMeans, Timer
from brushwork.training.semantics import StyleBank
from brushwork.training.setup import Setup, cache_targets, check_sources, open_batches, prepare, standardise
from brushwork.training.validation import Validation

BEST = "best.pt"  # the checkpoint with the least validation loss
CACHE = "cache"  # the folder of cached targets in a run's folder


def train(
    recipe: Recipe,
    folder: Path,
    *,
    resume: bool = False,
    device: str = "auto",
    max_minutes: float = math.inf,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Progress]:
    """Train the network of a recipe, yield records of progress, and write a checkpoint whenever the run ends.

    Under torchrun, each process trains on its part of every batch, and only the first one writes.

    Args:
        recipe: The recipe of the run.
        folder: Folder of ``checkpoint.pt``.
        resume: Whether to continue from that checkpoint.
        device: ``cpu``, ``cuda``, ``mps`` or ``auto``.
        max_minutes: Minutes after which the run ends with a checkpoint.
        stop: Called after every step; returns whether to end the run with a checkpoint.

    Raises:
        UserError: If the data cannot be read, weights do not fit, or the loss is no longer finite; the last good
            checkpoint is kept.
    """
    deadline, process = _deadline(max_minutes), find_process(device)
    check_sources(recipe)
    setup = prepare(recipe, folder / CHECKPOINT if resume else None, process)
    with open_batches(recipe, process) as plain:
        sample = plain.batch(0)  # of the sample grids
        batches = cache_targets(plain, recipe, setup, folder / CACHE) if recipe.cache.styles else plain
        standardise(setup, recipe, batches, process)
        setup = replace(setup, bank=StyleBank.of(recipe, setup.network.predictor, process.device, folder / CACHE))
        validation = Validation.open(recipe, setup) if process.lead else None
        intervals = _intervals(recipe, validated=Validation.is_possible(recipe, setup))
        means, timer, best = TermMeans(), Timer(setup.minutes, recipe.checkpoint_minutes), setup.best
        for step in range(setup.first, recipe.steps):
            steps = plan_steps(recipe, step, lead_minutes(timer.minutes, process))
            rate = learning_rate(recipe.optimizer, step, steps)
            means.add(take_step(setup, recipe, batches, step, rate))
            done = step + 1
            stopped = _stopped(stop(), time.monotonic() > deadline, process)
            last = done >= steps or bool(stopped)
            due = [name for name, every in intervals.items() if last or done % every == 0]
            measured = validation.measure(recipe, setup) if validation and "validation" in due else {}
            if measured and measured["total"] < best:
                best = measured["total"]
                _save(folder / BEST, setup, recipe, done, timer.minutes, best)
            if process.lead and ("checkpoint" in due or timer.checkpoint_due()):
                means.check(done)
                _save(folder / CHECKPOINT, setup, recipe, done, timer.minutes, best)
            if due:
                means.join(process)
                record = means.record(done, done if last and not stopped else steps, rate, timer.minutes)
                drawn = draw_grid(setup.averaged, sample, setup.shift) if process.lead and "grid" in due else None
                reason = stopped if done < steps else ""
                yield replace(record, validation=measured, grid=drawn, stopped=reason, first=setup.first)
                means = TermMeans()
            if last:
                break


def _deadline(max_minutes: float) -> float:
    """Return the end of the run on the clock of `time.monotonic`."""
    if not max_minutes >= 0:  # also false for NaN
        raise UserError(f"max_minutes is {max_minutes}; it must be 0 or more")
    return time.monotonic() + 60 * max_minutes


def take_step(
    setup: Setup, recipe: Recipe, batches: Batches | CachedBatches, step: int, rate: float
) -> dict[str, Tensor]:
    """Take a step at a learning rate; return the terms of its pastiches and, as ``gradient``, the gradient's norm."""
    terms = accumulate(setup, recipe, batches, step)
    terms["gradient"] = update_weights(setup, recipe, rate)
    student.update_ema(setup.averaged, setup.network, recipe.optimizer.ema, step)
    return terms


def plan_steps(recipe: Recipe, step: int, minutes: float) -> int:
    """Return the steps of the whole run: the recipe's, or those that its minutes allow at the speed so far."""
    if not recipe.minutes:
        return recipe.steps
    if minutes >= recipe.minutes:
        return step + 1
    expected = step * recipe.minutes / minutes if minutes and step else recipe.steps
    return min(recipe.steps, max(step + 2, round(expected)))


def accumulate(setup: Setup, recipe: Recipe, batches: Batches | CachedBatches, step: int) -> dict[str, Tensor]:
    """Accumulate the gradient of a step over its batches; return the terms of their pastiches, (B,) or one each."""
    setup.optimizer.zero_grad(set_to_none=True)
    count, gathered = recipe.optimizer.accumulate, dict[str, list[Tensor]]()
    for number in range(step * count, (step + 1) * count):
        batch = batches.batch(number)
        total, terms = batch_loss(setup, recipe, batch, number)
        (total / count).backward()
        for name, term in terms.items():
            gathered.setdefault(name, []).append(term.detach().flatten())
    if setup.bank is not None and setup.network.predictor is not None:
        # Once a step, on separate styles: those of a batch are too few to include several of one artist.
        term = setup.bank.loss(setup.network.predictor, recipe.semantics, (recipe.seed, step))
        (recipe.semantics.weight * term).backward()
        gathered["semantics"] = [term.detach().flatten()]
    return {name: torch.cat(values) for name, values in gathered.items()}


def batch_loss(setup: Setup, recipe: Recipe, batch: Batch, step: int = 0) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss of a batch, which is minimised, and its terms; the step determines the random choices."""
    with setup.autocast:
        pastiche, embedding = setup.model(batch)
        terms = _perceptual(setup, batch, pastiche)
        total = terms["total"].mean()
        if setup.teacher is not None:
            with torch.no_grad():
                target = student.embed(setup.teacher, batch)
            taught, compared = student.compare(recipe, setup.teacher, batch.content, target, pastiche, embedding)
            total, terms = total + taught, terms | compared
        if recipe.consistency.weight:
            seed = consistency_seed(recipe, setup.process, step)
            terms["consistency"] = consistency.consistency_loss(
                setup.network, batch.content, embedding, pastiche, recipe.consistency, seed
            )
            total = total + recipe.consistency.weight * terms["consistency"]
    return total, terms


def consistency_seed(recipe: Recipe, process: ProcessInfo, step: int) -> int:
    """Return the seed of a step's motion in this process; it differs between processes, as their pictures do."""
    return (recipe.seed * recipe.steps + step) * process.world + process.rank


def _perceptual(setup: Setup, batch: Batch, pastiche: Tensor) -> dict[str, Tensor]:
    """Return the terms of pastiches; only those without the loss network if it is not used."""
    loss = setup.loss
    if not loss.weights.uses_network:
        terms = loss.regularise(pastiche)
    elif batch.targets is not None:
        terms = loss.compare(pastiche, batch.targets.content, batch.targets.style)
    else:
        terms = loss.compare(pastiche, loss.content_target(batch.content), _style_target(setup, batch))
    return loss.add_stripes(terms, pastiche, batch.content)


def update_weights(setup: Setup, recipe: Recipe, rate: float) -> Tensor:
    """Update the weights by the accumulated gradient, and return its norm () before clipping."""
    for group in setup.optimizer.param_groups:
        group["lr"] = rate * group.get("share", 1.0)  # missing in checkpoints of older versions
    norm = nn.utils.clip_grad_norm_(setup.network.parameters(), recipe.optimizer.clip or math.inf)
    setup.optimizer.step()
    return norm


def learning_rate(config: OptimizerConfig, step: int, steps: int) -> float:
    """Return the learning rate of a step, counted from 0: a linear rise, then a decay that ends at the floor."""
    if step < config.warm_up:
        return config.learning_rate * (step + 1) / config.warm_up
    start = max(config.warm_up, round(steps * (1 - config.anneal)))
    passed = max(0.0, (step - start) / max(1, steps - 1 - start))
    left = {"constant": 1.0, "linear": 1 - passed, "cosine": (1 + math.cos(math.pi * passed)) / 2}[config.decay]
    return config.learning_rate * (config.floor + (1 - config.floor) * left)


def _style_target(setup: Setup, batch: Batch) -> dict[str, Tensor]:
    """Return Gram matrices (B, C, C) by layer of a batch's styles, cached if styles are constant."""
    if setup.targets is None:
        return setup.loss.style_target(batch.style)
    return setup.targets.take(
        batch.style_number.tolist(), lambda index: setup.loss.style_target(batch.style[index : index + 1])
    )


def _intervals(recipe: Recipe, *, validated: bool) -> dict[str, int]:
    """Return the steps between two logs, checkpoints, grids and validations."""
    intervals = {"log": recipe.log_every, "checkpoint": recipe.checkpoint_every, "grid": recipe.grid_every}
    return intervals | ({"validation": recipe.validation.every} if validated else {})


def _save(path: Path, setup: Setup, recipe: Recipe, step: int, minutes: float, best: float) -> None:
    state: dict[str, Any] = {"optimizer": setup.optimizer.state_dict(), "averaged": setup.averaged.state_dict()}
    state |= {"minutes": minutes, "best": best}
    values = {**asdict(recipe), "expected": {}}  # expected may be of any type, and a checkpoint holds plain values
    checkpoints.save_checkpoint(path, setup.network, step=step, recipe=values, **state)


def lead_minutes(minutes: float, process: ProcessInfo) -> float:
    """Return the minutes of training by the clock of the leading process.

    Processes that plan different last steps would wait for each other for ever.
    """
    if process.world == 1:
        return minutes
    shared = torch.tensor(minutes, dtype=torch.float64, device=process.device)
    distributed.broadcast(shared, 0)
    return float(shared)


def _stopped(interrupted: bool, late: bool, process: ProcessInfo) -> str:
    """Return the reason to end now, or an empty string; it is the same in all processes."""
    if process.world > 1:
        votes = torch.tensor([interrupted, late], dtype=torch.int32, device=process.device)
        distributed.all_reduce(votes)
        interrupted, late = (bool(vote) for vote in votes)
    return "interrupted" if interrupted else "out of time" if late else ""
