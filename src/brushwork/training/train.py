"""The training loop, on one page, read top to bottom.

Everything here is a function of the recipe and the step: batches, learning rate, moving average. So a run that was
stopped, or killed, continues from its last checkpoint as if it had not been, bit for bit on one CPU.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F

from brushwork.errors import UserError
from brushwork.training import checkpoints, consistency, grid, student
from brushwork.training.cached_batches import CachedBatches
from brushwork.training.checkpoints import CHECKPOINT
from brushwork.training.config import OptimizerConfig, Recipe
from brushwork.training.data import Batch, Batches
from brushwork.training.process import ProcessInfo, find_process
from brushwork.training.progress import Progress, Timer, Window
from brushwork.training.semantics import StyleBank
from brushwork.training.setup import Setup, cache_targets, check_sources, open_batches, prepare, standardise
from brushwork.training.validation import Validation

BEST = "best.pt"  # the checkpoint whose validation loss was the smallest
CACHE = "cache"  # the folder of known targets in that of a run


def train(
    recipe: Recipe,
    folder: Path,
    *,
    resume: bool = False,
    device: str = "auto",
    max_minutes: float = math.inf,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Progress]:
    """Train as a recipe says and yields records of progress; writes a checkpoint whenever it ends.

    Under torchrun each process trains on its share of every batch; only the first writes.

    Args:
        recipe: The run.
        folder: Where ``checkpoint.pt`` is written.
        resume: Go on from there.
        device: ``cpu``, ``cuda``, ``mps`` or ``auto``.
        max_minutes: End after so long, with a checkpoint.
        stop: Asked after every step whether to end, with a checkpoint.

    Raises:
        UserError: If the data cannot be read, weights do not fit, or the loss is no longer finite; then the last good
            checkpoint stays.
    """
    deadline, process = _deadline(max_minutes), find_process(device)
    check_sources(recipe)
    setup = prepare(recipe, folder / CHECKPOINT if resume else None, process)
    with open_batches(recipe, process) as plain:
        fixed = plain.batch(0)  # what the sample grids show
        batches = cache_targets(plain, recipe, setup, folder / CACHE) if recipe.cache.styles else plain
        standardise(setup, recipe, batches, process)
        setup = replace(setup, bank=StyleBank.of(recipe, setup.network.predictor, process.device, folder / CACHE))
        validation = Validation.open(recipe, setup) if process.lead else None
        intervals = _intervals(recipe, validated=Validation.wanted(recipe, setup))
        window, timer, best = Window(), Timer(setup.minutes, recipe.checkpoint_minutes), setup.best
        for step in range(setup.first, recipe.steps):
            steps = planned_steps(recipe, step, lead_minutes(timer.minutes, process))
            rate = learning_rate(recipe.optimizer, step, steps)
            window.add(take_step(setup, recipe, batches, step, rate))
            done = step + 1
            stopped = _stopped(stop(), time.monotonic() > deadline, process)
            last = done >= steps or bool(stopped)
            due = [name for name, every in intervals.items() if last or done % every == 0]
            measured = validation.measure(setup) if validation and "validation" in due else {}
            if measured and measured["total"] < best:
                best = measured["total"]
                _save(folder / BEST, setup, recipe, done, timer.minutes, best)
            if process.lead and ("checkpoint" in due or timer.checkpoint_due()):
                window.check(done)
                _save(folder / CHECKPOINT, setup, recipe, done, timer.minutes, best)
            if due:
                window.join(process)
                record = window.close(done, done if last and not stopped else steps, rate, timer.minutes)
                sheet = grid.sheet(setup.averaged, fixed, setup.shift) if process.lead and "grid" in due else None
                why = stopped if done < steps else ""
                yield replace(record, validation=measured, grid=sheet, stopped=why, first=setup.first)
                window = Window()
            if last:
                break


def _deadline(max_minutes: float) -> float:
    """When to end, on the clock of `time.monotonic`."""
    if not max_minutes >= 0:  # not a number, too
        raise UserError(f"the most minutes are {max_minutes}; they must be 0 or more")
    return time.monotonic() + 60 * max_minutes


def take_step(
    setup: Setup, recipe: Recipe, batches: Batches | CachedBatches, step: int, rate: float
) -> dict[str, Tensor]:
    """Take a step at a learning rate; the terms of its pastiches, and the norm of the gradient as ``gradient``."""
    terms = accumulate(setup, recipe, batches, step)
    terms["gradient"] = descend(setup, recipe, rate)
    student.update_ema(setup.averaged, setup.network, recipe.optimizer.ema, step)
    return terms


def planned_steps(recipe: Recipe, step: int, minutes: float) -> int:
    """Steps of the whole run: the recipe's, or as many as its minutes will do at the speed so far."""
    if not recipe.minutes:
        return recipe.steps
    if minutes >= recipe.minutes:
        return step + 1
    expected = step * recipe.minutes / minutes if minutes and step else recipe.steps
    return max(step + 2, min(recipe.steps, round(expected)))


def accumulate(setup: Setup, recipe: Recipe, batches: Batches | CachedBatches, step: int) -> dict[str, Tensor]:
    """Gather the gradient of a step, of one batch or of several; the terms of their pastiches, (B,) or one each."""
    setup.optimizer.zero_grad(set_to_none=True)
    count, gathered = recipe.optimizer.accumulate, dict[str, list[Tensor]]()
    for number in range(step * count, (step + 1) * count):
        batch = batches.batch(number)
        total, terms = batch_loss(setup, recipe, batch, number)
        (total / count).backward()
        for name, term in terms.items():
            gathered.setdefault(name, []).append(term.detach().flatten())
    if setup.bank is not None and setup.network.predictor is not None:
        # Once a step, on styles of its own: those of a batch are too few to be of one artist.
        term = setup.bank.loss(setup.network.predictor, recipe.semantics, (recipe.seed, step))
        (recipe.semantics.weight * term).backward()
        gathered["semantics"] = [term.detach().flatten()]
    return {name: torch.cat(values) for name, values in gathered.items()}


def batch_loss(setup: Setup, recipe: Recipe, batch: Batch, step: int = 0) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of a batch, to be minimised, and its terms; the step settles what is drawn at random."""
    with setup.autocast:
        pastiche, embedding = setup.model(batch)
        terms = _perceptual(setup, batch, pastiche)
        total = terms["total"].mean()
        if setup.teacher is not None:
            with torch.no_grad():
                taught = student.embed(setup.teacher, batch)
            terms["embedding"] = F.mse_loss(embedding.float(), taught.float())
            total = total + recipe.teaching * terms["embedding"]
            if recipe.teaching_pastiche:
                with torch.no_grad():
                    shown = setup.teacher(batch.content, taught)
                terms["pastiche"] = F.mse_loss(pastiche.float(), shown.float())
                total = total + recipe.teaching_pastiche * terms["pastiche"]
        if recipe.consistency.weight:
            seed = consistency_seed(recipe, setup.process, step)
            terms["consistency"] = consistency.consistency_loss(
                setup.network, batch.content, embedding, pastiche, recipe.consistency, seed
            )
            total = total + recipe.consistency.weight * terms["consistency"]
    return total, terms


def consistency_seed(recipe: Recipe, process: ProcessInfo, step: int) -> int:
    """The seed of a step's motion in this process: another in each, as each has other pictures."""
    return (recipe.seed * recipe.steps + step) * process.world + process.rank


def _perceptual(setup: Setup, batch: Batch, pastiche: Tensor) -> dict[str, Tensor]:
    """The terms of pastiches; only those that need no loss network where it is not used."""
    if not setup.loss.weights.uses_network:
        return setup.loss.regularise(pastiche)
    if batch.targets is not None:
        return setup.loss.compare(pastiche, batch.targets.content, batch.targets.style)
    return setup.loss.compare(pastiche, setup.loss.content_target(batch.content), _style_target(setup, batch))


def descend(setup: Setup, recipe: Recipe, rate: float) -> Tensor:
    """Move the weights by one step along the gathered gradient; its norm before clipping."""
    for group in setup.optimizer.param_groups:
        group["lr"] = rate * group.get("share", 1.0)  # checkpoints of older runs have no shares
    norm = nn.utils.clip_grad_norm_(setup.network.parameters(), recipe.optimizer.clip or math.inf)
    setup.optimizer.step()
    return norm


def learning_rate(config: OptimizerConfig, step: int, steps: int) -> float:
    """The learning rate of a step, counted from 0: a linear rise, then a decay that ends at the floor."""
    if step < config.warm_up:
        return config.learning_rate * (step + 1) / config.warm_up
    start = max(config.warm_up, round(steps * (1 - config.anneal)))
    passed = max(0.0, (step - start) / max(1, steps - 1 - start))
    left = {"constant": 1.0, "linear": 1 - passed, "cosine": (1 + math.cos(math.pi * passed)) / 2}[config.decay]
    return config.learning_rate * (config.floor + (1 - config.floor) * left)


def _style_target(setup: Setup, batch: Batch) -> dict[str, Tensor]:
    """Gram matrices (B, C, C) by layer of a batch's styles, from those already known where styles stay."""
    if setup.targets is None:
        return setup.loss.style_target(batch.style)
    return setup.targets.take(
        batch.style_number.tolist(), lambda place: setup.loss.style_target(batch.style[place : place + 1])
    )


def _intervals(recipe: Recipe, *, validated: bool) -> dict[str, int]:
    """Steps between two logs, checkpoints, grids, validations."""
    intervals = {"log": recipe.log_every, "checkpoint": recipe.checkpoint_every, "grid": recipe.grid_every}
    return intervals | ({"validation": recipe.validation.every} if validated else {})


def _save(path: Path, setup: Setup, recipe: Recipe, step: int, minutes: float, best: float) -> None:
    state: dict[str, Any] = {"optimizer": setup.optimizer.state_dict(), "averaged": setup.averaged.state_dict()}
    state |= {"minutes": minutes, "best": best}
    values = {**asdict(recipe), "expected": {}}  # what is expected may be of any type, a checkpoint holds plain values
    checkpoints.save_checkpoint(path, setup.network, step=step, recipe=values, **state)


def lead_minutes(minutes: float, process: ProcessInfo) -> float:
    """Minutes of training by the clock of the leading process; processes that plan another last step wait for ever."""
    if process.world == 1:
        return minutes
    shared = torch.tensor(minutes, dtype=torch.float64, device=process.device)
    distributed.broadcast(shared, 0)
    return float(shared)


def _stopped(asked: bool, late: bool, process: ProcessInfo) -> str:
    """Why to end now, or nothing; all processes say the same."""
    if process.world > 1:
        votes = torch.tensor([asked, late], dtype=torch.int32, device=process.device)
        distributed.all_reduce(votes)
        asked, late = (bool(vote) for vote in votes)
    return "interrupted" if asked else "out of time" if late else ""
