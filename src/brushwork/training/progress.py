"""Progress of a training run: means of the loss terms, speed and minutes."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, distributed

from brushwork.errors import UserError
from brushwork.images import Image
from brushwork.training.process import ProcessInfo


@dataclass(frozen=True)
class Progress:
    """A record of progress: means of the loss terms since the previous record, and sometimes a sample grid."""

    step: int
    steps: int
    terms: Mapping[str, float]
    learning_rate: float
    gradient: float  # norm before clipping
    pastiches_per_second: float
    grid: Image | None = None
    stopped: str = ""  # reason for ending before the last step
    minutes: float = 0.0  # of training, including those before an interruption
    minutes_left: float = 0.0  # at the speed since the previous record
    pastiches: int = 0  # since the previous record
    validation: Mapping[str, float] = field(default_factory=dict)  # the terms of the validation pairs
    first: int = 0  # steps of the checkpoint from which the run was resumed


class TermMeans:
    """Means of loss terms over the pastiches since its creation."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._steps = 0
        self._start = time.monotonic()

    def add(self, terms: Mapping[str, Tensor]) -> None:
        """Add terms (B,), on their device, because reading their values would make it wait."""
        self._steps += "total" in terms
        for name, term in terms.items():
            self._sums[name] = self._sums.get(name, 0) + term.detach().sum()
            self._counts[name] = self._counts.get(name, 0) + term.numel()

    def join(self, process: ProcessInfo) -> None:
        """Add up the terms of all processes, which must call this together with the same terms."""
        if process.world == 1:
            return
        names = sorted(self._sums)
        rows = [[float(self._sums[name]), self._counts[name]] for name in names]
        table = torch.tensor(rows, dtype=torch.float64 if process.device == "cpu" else torch.float32)
        table = table.to(process.device)
        distributed.all_reduce(table)
        for name, (total, count) in zip(names, table.cpu().unbind(), strict=True):
            self._sums[name], self._counts[name] = total, int(count)

    def check(self, step: int) -> dict[str, float]:
        """Return the means so far.

        Raises:
            UserError: If one is not finite; the weights since the last checkpoint are then useless.
        """
        means = {name: float(value) / self._counts[name] for name, value in self._sums.items()}
        if not all(map(math.isfinite, means.values())):
            raise UserError(
                f"the loss is no longer finite at step {step}; the last good checkpoint is kept"
                " (try a lower optimizer.learning_rate or optimizer.clip)"
            )
        return means

    def record(self, step: int, steps: int, learning_rate: float, minutes: float) -> Progress:
        """Return a record of the means and the speed after `step` of the run's steps; raises as `check`."""
        seconds = time.monotonic() - self._start
        means = self.check(step)
        gradient = means.pop("gradient", 0.0)
        speed = self._counts["total"] / seconds
        left = seconds / 60 / self._steps * (steps - step)
        return Progress(
            step,
            steps,
            means,
            learning_rate,
            gradient,
            speed,
            minutes=minutes,
            minutes_left=left,
            pastiches=self._counts["total"],
        )


class Timer:
    """Minutes of training, including those before an interruption, and whether a checkpoint is due.

    Args:
        minutes: Minutes of training so far.
        checkpoint_minutes: Minutes between checkpoints.
    """

    def __init__(self, minutes: float, checkpoint_minutes: float) -> None:
        self._start = time.monotonic() - 60 * minutes
        self._seconds = 60 * checkpoint_minutes
        self._due = time.monotonic() + self._seconds

    @property
    def minutes(self) -> float:
        """Minutes of training."""
        return (time.monotonic() - self._start) / 60

    def checkpoint_due(self) -> bool:
        """Return whether a checkpoint is due; if so, start to wait for the next one."""
        due = time.monotonic() >= self._due
        if due:
            self._due = time.monotonic() + self._seconds
        return due
