"""Logs of a training run: lines of JSON in ``log.jsonl``, TensorBoard events, and sample grids."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from brushwork import extras, images
from brushwork.training.progress import Progress


def facts(progress: Progress) -> dict[str, Any]:
    """Numbers of a progress record in one flat dict."""
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


def known_until(path: Path, step: int) -> int:
    """Return the bytes of a log up to the last whole line of that step or before.

    A run that was killed has logged steps that its checkpoint does not hold, and perhaps half a line.
    """
    end = 0
    with path.open("rb") as file:
        for line in file:
            try:
                known = line.endswith(b"\n") and json.loads(line)["step"] <= step
            except (ValueError, KeyError, TypeError):
                known = False
            if not known:
                break
            end += len(line)
    return end


@contextmanager
def open_log(folder: Path) -> Iterator[Callable[[Progress], None]]:
    """Yield a function that logs a progress record in the folder, and to TensorBoard where that is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    path, begun, board = folder / "log.jsonl", False, cast(Any, None)
    with path.open("a", encoding="utf-8") as log:

        def keep(progress: Progress) -> None:
            nonlocal begun, board
            if not begun:
                log.truncate(known_until(path, progress.first))
                begun = True
                if extras.installed("training"):
                    from torch.utils.tensorboard import SummaryWriter

                    board = SummaryWriter(str(folder), purge_step=progress.first + 1)
            numbers = facts(progress)
            print(json.dumps(numbers), file=log, flush=True)
            if board is not None:
                for name, value in numbers.items():
                    board.add_scalar(name, value, progress.step)
            if progress.grid is not None:
                images.save(progress.grid, folder / f"grid-{progress.step:07d}.png", overwrite=True)

        yield keep
    if board is not None:
        board.close()
