"""A training run in a folder with its checkpoint, log and sample grids."""

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from brushwork.errors import UserError
from brushwork.training import checkpoints
from brushwork.training.checkpoints import CHECKPOINT
from brushwork.training.config import Recipe
from brushwork.training.logs import open_log
from brushwork.training.process import leave_processes
from brushwork.training.progress import Progress
from brushwork.training.train import train


def run(
    recipe: Recipe,
    folder: Path,
    *,
    resume: bool = False,
    device: str = "auto",
    max_minutes: float = math.inf,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Progress]:
    """Train in a folder, which gets ``checkpoint.pt``, ``log.jsonl`` and sample grids, and yield the logged records.

    Of several processes, only the leading one logs and yields.

    Args:
        recipe: The recipe of the run.
        folder: The run's folder.
        resume: Whether to continue from the folder's checkpoint.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        max_minutes: Minutes after which the run ends with a checkpoint.
        stop: Called after every step; returns whether to end the run with a checkpoint.

    Raises:
        UserError: If the folder holds a run and `resume` is False, or none and it is True; and as `train`.
    """
    exists = (folder / CHECKPOINT).exists()
    if exists and not resume:
        raise UserError(f"{folder} holds a run; continue it with --resume or choose another --output")
    if resume and not exists:
        raise UserError(f"nothing to resume: no {folder / CHECKPOINT}")
    folder.mkdir(parents=True, exist_ok=True)
    records = train(recipe, folder, resume=resume, device=device, max_minutes=max_minutes, stop=stop)
    if leads():
        with open_log(folder) as write:
            for record in records:
                write(record)
                yield record
    else:
        for _ in records:
            pass
    leave_processes()


def leads() -> bool:
    """Return whether this is the leading process of those that torchrun started; only it writes files."""
    return int(os.environ.get("RANK", 0)) == 0


def write_slim(folder: Path) -> list[Path]:
    """Write the weights of a run's checkpoint in parts of at most 15 MiB, and return their paths."""
    network, _ = checkpoints.load_checkpoint(folder)
    return checkpoints.save_slim(folder / "weights.pt", network)
