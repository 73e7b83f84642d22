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

from brushwork.errors import UserError
from brushwork.images import Image
from brushwork.training import checkpoints, consistency, grid, student
from brushwork.training.checkpoints import CHECKPOINT
from brushwork.training.config import OptimiserConfig, Recipe
from brushwork.training.data import Batch
from brushwork.training.setup import Place, Setup, find_place, open_batches, prepare


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
    place = find_place(device)
    setup = prepare(recipe, folder / CHECKPOINT if resume else None, place)
    with open_batches(recipe, place) as batches:
        fixed = batches.batch(0)  # what the sample grids show
        window: dict[str, Tensor] = {}
        counted, clock = 0, time.monotonic()
        for step in range(setup.first, recipe.steps):
            rate = learning_rate(recipe.optimiser, step, recipe.steps)
            batch = batches.batch(step)
            total, terms = judge(setup, recipe, batch, step)
            terms["gradient"] = descend(setup, recipe, total, rate)
            student.follow(setup.averaged, setup.network, recipe.optimiser.ema, step)
            for name, term in terms.items():  # on the device: asking for numbers would make it wait
                window[name] = window.get(name, 0) + term.detach().mean()
            counted += 1
            done = step + 1
            stopped = _stopped(stop(), time.monotonic() > deadline, place)
            last = done == recipe.steps or bool(stopped)
            due = [last or done % every == 0 for every in times]
            if not any(due):
                continue
            means = _means(window, counted, done)
            speed = counted * recipe.data.batch / (time.monotonic() - clock)
            if due[1] and place.lead:
                _save(folder / CHECKPOINT, setup, recipe, done)
            sheet = grid.sheet(setup.averaged, fixed, setup.shift) if due[2] and place.lead else None
            gradient = means.pop("gradient")
            yield Progress(
                done, recipe.steps, means, rate, gradient, speed, sheet, stopped if done < recipe.steps else ""
            )
            window, counted, clock = {}, 0, time.monotonic()
            if last:
                break


def _means(window: Mapping[str, Tensor], counted: int, step: int) -> dict[str, float]:
    """The terms, summed over so many steps, as means."""
    means = {name: float(value) / counted for name, value in window.items()}
    if not all(map(math.isfinite, means.values())):
        raise UserError(
            f"the loss is no longer finite at step {step}; the last good checkpoint stays"
            " (try a lower optimiser.learning_rate or optimiser.clip)"
        )
    return means


def judge(setup: Setup, recipe: Recipe, batch: Batch, step: int = 0) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of a batch, to be minimised, and its terms; the step settles what is drawn at random."""
    with setup.autocast:
        pastiche, embedding = setup.model(batch)
        target = _style_target(setup, batch)
        terms = setup.loss.compare(pastiche, setup.loss.content_target(batch.content), target)
        total = terms["total"].mean()
        if setup.teacher is not None:
            with torch.no_grad():
                taught = setup.teacher.embed(batch.style).float()
            terms["embedding"] = F.mse_loss(embedding.float(), taught)
            total = total + recipe.teaching * terms["embedding"]
        if recipe.consistency.weight:
            seed = recipe.seed * recipe.steps + step
            terms["consistency"] = consistency.consistency_loss(
                setup.network, batch.content, embedding, pastiche, recipe.consistency, seed
            )
            total = total + recipe.consistency.weight * terms["consistency"]
    return total, terms


def descend(setup: Setup, recipe: Recipe, total: Tensor, rate: float) -> Tensor:
    """Moves the weights by one step; the norm of the gradient before clipping."""
    for group in setup.optimiser.param_groups:
        group["lr"] = rate * group.get("share", 1.0)  # checkpoints of older runs have no shares
    setup.optimiser.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]  # torch's stubs
    norm = nn.utils.clip_grad_norm_(setup.network.parameters(), recipe.optimiser.clip or math.inf)
    setup.optimiser.step()
    return norm


def learning_rate(config: OptimiserConfig, step: int, steps: int) -> float:
    """The learning rate of a step, counted from 0: a linear rise, then a decay that ends at the floor."""
    if step < config.warm_up:
        return config.learning_rate * (step + 1) / config.warm_up
    way = (step - config.warm_up) / max(1, steps - 1 - config.warm_up)
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


def _save(path: Path, setup: Setup, recipe: Recipe, step: int) -> None:
    state = {"optimiser": setup.optimiser.state_dict(), "averaged": setup.averaged.state_dict()}
    kept = {**asdict(recipe), "expected": {}}  # words for people may be of any kind, a checkpoint holds plain values
    checkpoints.save_checkpoint(path, setup.network, step=step, recipe=kept, **state)


def _stopped(asked: bool, late: bool, place: Place) -> str:
    """Why to end now, or nothing; all processes say the same."""
    if place.world > 1:
        votes = torch.tensor([asked, late], dtype=torch.int32, device=place.device)
        distributed.all_reduce(votes)
        asked, late = (bool(vote) for vote in votes)
    return "interrupted" if asked else "out of time" if late else ""
