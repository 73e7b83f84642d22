"""The training loop, on one page, read top to bottom.

Everything here is a function of the recipe and the step: batches, learning rate, moving average. So a run that was
stopped, or killed, goes on from its last checkpoint as if nothing had happened, bit for bit on one CPU.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F

from brushwork.images import Image
from brushwork.training import checkpoints, consistency, grid, student
from brushwork.training.cached_batches import CachedBatches
from brushwork.training.checkpoints import CHECKPOINT
from brushwork.training.config import OptimizerConfig, Recipe
from brushwork.training.data import Batch, Batches
from brushwork.training.setup import ProcessInfo, Setup, cache_targets, find_process, open_batches, prepare, standardise
from brushwork.training.validation import Validation
from brushwork.training.window import Timer, Window

CACHE = "cache"  # the folder of known targets in that of a run


@dataclass(frozen=True)
class Progress:
    """What is known after some steps: means of the loss terms since the last time, and now and then a sample grid."""

    step: int
    steps: int
    terms: Mapping[str, float]
    learning_rate: float
    gradient: float  # norm before clipping
    pastiches_per_second: float
    grid: Image | None = None
    stopped: str = ""  # why the run ended before its last step
    minutes: float = 0.0  # of training, those before an interruption included
    minutes_left: float = 0.0  # at the speed of these steps


def train(
    recipe: Recipe,
    folder: Path,
    *,
    resume: bool = False,
    device: str = "auto",
    max_minutes: float = math.inf,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Progress]:
    """Trains as a recipe says and yields what happens; a checkpoint lies in the folder whenever it ends.

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
    deadline = time.monotonic() + 60 * max_minutes
    times = recipe.log_every, recipe.checkpoint_every, recipe.grid_every
    process = find_process(device)
    setup = prepare(recipe, folder / CHECKPOINT if resume else None, process)
    with open_batches(recipe, process) as plain:
        fixed = plain.batch(0)  # what the sample grids show
        batches = cache_targets(plain, recipe, setup, folder / CACHE) if recipe.cache.styles else plain
        standardise(setup, recipe, batches, process)
        validation = Validation.open(recipe, setup) if process.lead else None
        window, shown = Window(), setup.first
        timer = Timer(setup.minutes, recipe.checkpoint_minutes)
        for step in range(setup.first, recipe.steps):
            steps = planned_steps(recipe, step, timer.minutes)
            rate = learning_rate(recipe.optimizer, step, steps)
            window.add(accumulate(setup, recipe, batches, step))
            window.add({"gradient": descend(setup, recipe, rate)})
            student.update_ema(setup.averaged, setup.network, recipe.optimizer.ema, step)
            done = step + 1
            stopped = _stopped(stop(), time.monotonic() > deadline, process)
            last = done >= steps or bool(stopped)
            due = [last or done % every == 0 for every in times]
            if process.lead and (due[1] or timer.checkpoint_due()):
                window.check(done)
                _save(folder / CHECKPOINT, setup, recipe, done, timer.minutes)
            checked = validation is not None and (last or done % recipe.validation.every == 0)
            if not (any(due) or checked):
                continue
            means, pastiches, seconds = window.close(done)
            pace = seconds / 60 / (done - shown)  # minutes a step
            if validation is not None and checked:
                means |= validation.judge(setup)
            yield Progress(
                step=done,
                steps=done if last and not stopped else steps,
                terms={name: value for name, value in means.items() if name != "gradient"},
                learning_rate=rate,
                gradient=means["gradient"],
                pastiches_per_second=pastiches / seconds,
                minutes=timer.minutes,
                minutes_left=recipe.minutes - timer.minutes if recipe.minutes else pace * (steps - done),
                grid=grid.sheet(setup.averaged, fixed, setup.shift) if due[2] and process.lead else None,
                stopped=stopped if done < steps else "",
            )
            window, shown = Window(), done
            if last:
                break


def planned_steps(recipe: Recipe, step: int, minutes: float) -> int:
    """Steps of the whole run: the recipe's, or as many as its minutes will do at the speed so far."""
    if not recipe.minutes:
        return recipe.steps
    if minutes >= recipe.minutes:
        return step + 1
    expected = step * recipe.minutes / minutes if minutes and step else recipe.steps
    return max(step + 2, min(recipe.steps, round(expected)))


def accumulate(setup: Setup, recipe: Recipe, batches: Batches | CachedBatches, step: int) -> dict[str, Tensor]:
    """Gathers the gradient of a step, of one batch or of several; the terms of their pastiches, (B,) or one each."""
    setup.optimizer.zero_grad(set_to_none=True)
    count, gathered = recipe.optimizer.accumulate, dict[str, list[Tensor]]()
    for number in range(step * count, (step + 1) * count):
        batch = batches.batch(number)
        total, terms = judge(setup, recipe, batch, number)
        (total / count).backward()  # type: ignore[no-untyped-call]  # torch's stubs
        for name, term in terms.items():
            gathered.setdefault(name, []).append(term.detach().flatten())
    return {name: torch.cat(values) for name, values in gathered.items()}


def judge(setup: Setup, recipe: Recipe, batch: Batch, step: int = 0) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of a batch, to be minimised, and its terms; the step settles what is drawn at random."""
    with setup.autocast:
        pastiche, embedding = setup.model(batch)
        targets = batch.targets
        style = targets.style if targets else _style_target(setup, batch)
        content = targets.content if targets else setup.loss.content_target(batch.content)
        terms = setup.loss.compare(pastiche, content, style)
        total = terms["total"].mean()
        if setup.teacher is not None:
            with torch.no_grad():
                taught = student.embed(setup.teacher, batch).float()
            terms["embedding"] = F.mse_loss(embedding.float(), taught)
            total = total + recipe.teaching * terms["embedding"]
        if recipe.consistency.weight:
            seed = recipe.seed * recipe.steps + step
            terms["consistency"] = consistency.consistency_loss(
                setup.network, batch.content, embedding, pastiche, recipe.consistency, seed
            )
            total = total + recipe.consistency.weight * terms["consistency"]
    return total, terms


def descend(setup: Setup, recipe: Recipe, rate: float) -> Tensor:
    """Moves the weights by one step along the gathered gradient; its norm before clipping."""
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
    way = max(0.0, (step - start) / max(1, steps - 1 - start))
    left = {"constant": 1.0, "linear": 1 - way, "cosine": (1 + math.cos(math.pi * way)) / 2}[config.decay]
    return config.learning_rate * (config.floor + (1 - config.floor) * left)


def _style_target(setup: Setup, batch: Batch) -> dict[str, Tensor]:
    """Gram matrices (B, C, C) by layer of a batch's styles, from those already known where styles stay."""
    known = setup.targets
    if known is None:
        return setup.loss.style_target(batch.style)
    numbers = batch.style_number.tolist()
    for place, number in enumerate(numbers):
        if number not in known:
            known[number] = setup.loss.style_target(batch.style[place : place + 1])
    layers = known[numbers[0]]
    return {layer: torch.cat([known[number][layer] for number in numbers]) for layer in layers}


def _save(path: Path, setup: Setup, recipe: Recipe, step: int, minutes: float) -> None:
    state = {"optimizer": setup.optimizer.state_dict(), "averaged": setup.averaged.state_dict(), "minutes": minutes}
    kept = {**asdict(recipe), "expected": {}}  # words for people may be of any kind, a checkpoint holds plain values
    checkpoints.save_checkpoint(path, setup.network, step=step, recipe=kept, **state)


def _stopped(asked: bool, late: bool, place: ProcessInfo) -> str:
    """Why to end now, or nothing; all processes say the same."""
    if place.world > 1:
        votes = torch.tensor([asked, late], dtype=torch.int32, device=place.device)
        distributed.all_reduce(votes)
        asked, late = (bool(vote) for vote in votes)
    return "interrupted" if asked else "out of time" if late else ""
