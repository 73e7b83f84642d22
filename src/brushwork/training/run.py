"""A run with everything around the loop: its folder, its log, its progress on the screen, and Ctrl-C."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from brushwork.errors import UserError
from brushwork.training import checkpoints
from brushwork.training.checkpoints import CHECKPOINT
from brushwork.training.config import Recipe
from brushwork.training.logs import keeper
from brushwork.training.train import Progress, train


def run(
    recipe: Recipe,
    folder: Path,
    *,
    resume: bool,
    device: str,
    max_minutes: float,
    slim: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Trains in a folder, which keeps ``checkpoint.pt``, ``log.jsonl`` and sample grids; `stop` ends it early.

    Raises:
        UserError: If the folder holds a run that is not to be resumed, or none that could be; and as `train`.
    """
    lead = int(os.environ.get("RANK", 0)) == 0
    there = (folder / CHECKPOINT).exists()
    if there and not resume:
        raise UserError(f"{folder} holds a run; go on with --resume or choose another --output")
    if resume and not there:
        raise UserError(f"nothing to resume: no {folder / CHECKPOINT}")
    folder.mkdir(parents=True, exist_ok=True)
    moments = train(recipe, folder, resume=resume, device=device, max_minutes=max_minutes, stop=stop)
    if not lead:
        for _ in moments:
            pass
        return
    with keeper(folder) as keep, _screen(recipe.steps) as show:
        for moment in moments:
            keep(moment)
            show(moment)
    if slim:
        network, _ = checkpoints.load_checkpoint(folder)
        parts = checkpoints.save_slim(folder / "weights.pt", network)
        print(*parts, sep="\n")


def _line(moment: Progress) -> str:
    terms = "  ".join(f"{name} {value:.4g}" for name, value in moment.terms.items() if "/" not in name)
    ended = f"  ({moment.stopped})" if moment.stopped else ""
    speed = f"{moment.pastiches_per_second:.1f} pastiches/s"
    left = "" if ended or moment.step >= moment.steps else f"  {timedelta(minutes=round(moment.minutes_left))} left"
    return f"step {moment.step}/{moment.steps}  {terms}  {speed}{left}{ended}"


@contextmanager
def _screen(steps: int) -> Iterator[Callable[[Progress], None]]:
    """Lines of progress, and on a terminal a bar with the time left below them."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if not sys.stderr.isatty():
        yield lambda moment: console.print(_line(moment), markup=False)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=steps)

        def show(moment: Progress) -> None:
            console.print(_line(moment), markup=False)
            bar.update(
                task,
                completed=moment.step,
                total=moment.steps,
                description=f"{moment.pastiches_per_second:.1f} pastiches/s",
            )

        yield show
