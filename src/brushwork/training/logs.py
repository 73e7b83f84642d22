"""Logs of a training run: lines of JSON in ``log.jsonl``, TensorBoard events, and sample grids."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from brushwork import extras, images
from brushwork.training.progress import Progress


def flatten(progress: Progress) -> dict[str, Any]:
    """Return the numbers of a progress record as one flat dict."""
    return {
        "step": progress.step,
        **progress.terms,
        **{f"validation/{name}": value for name, value in progress.validation.items()},
        "learning_rate": progress.learning_rate,
        "gradient": progress.gradient,
        "pastiches_per_second": progress.pastiches_per_second,
        "pastiches": progress.pastiches,
        "minutes": progress.minutes,
    }


def length_until(path: Path, step: int) -> int:
    """Return the length in bytes of a log up to its last complete line of a step or before.

    A killed run has logged steps that its checkpoint does not contain, and maybe an incomplete line.
    """
    end = 0
    with path.open("rb") as file:
        for line in file:
            try:
                valid = line.endswith(b"\n") and json.loads(line)["step"] <= step
            except (ValueError, KeyError, TypeError):
                valid = False
            if not valid:
                break
            end += len(line)
    return end


@contextmanager
def open_log(folder: Path) -> Iterator[Callable[[Progress], None]]:
    """Yield a function that logs a progress record in the folder, and to TensorBoard if it is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    path, begun, board = folder / "log.jsonl", False, cast(Any, None)
    with path.open("a", encoding="utf-8") as log:

        def write(progress: Progress) -> None:
            nonlocal begun, board
            if not begun:
                log.truncate(length_until(path, progress.first))
                begun = True
                if extras.installed("training"):
                    from torch.utils.tensorboard import SummaryWriter

                    board = SummaryWriter(str(folder), purge_step=progress.first + 1)
            numbers = flatten(progress)
            print(json.dumps(numbers), file=log, flush=True)
            if board is not None:
                for name, value in numbers.items():
                    board.add_scalar(name, value, progress.step)
            if progress.grid is not None:
                images.save(progress.grid, folder / f"grid-{progress.step:07d}.png", overwrite=True)

        yield write
    if board is not None:
        board.close()
