"""`brushwork train`: trains a network by a recipe."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument

from brushwork.cli.options import TorchDevice, given, option

if TYPE_CHECKING:
    from brushwork.training.progress import Progress


Recipe = Annotated[Path, Argument(metavar="RECIPE", hidden=True)]
Changes = Annotated[
    list[str] | None,
    option(None, "--set", "KEY=VALUE", "Change a setting of the recipe: optimizer.learning_rate=1e-3."),
]
Output = Annotated[
    Path | None, option(None, "--output -o", "FOLDER", "Folder of the run; default: runs/ and the recipe's name.")
]
Resume = Annotated[bool, option(None, "--resume", "", "Continue from the checkpoint in the run's folder.")]
MaxMinutes = Annotated[
    float | None, option(None, "--max-minutes", "MINUTES", "Write a checkpoint and end after this time.")
]
Slim = Annotated[bool, option(None, "--slim", "", "At the end, also write the weights in parts of at most 15 MiB.")]


def train(
    recipe: Recipe,
    changes: Changes = None,
    output: Output = None,
    resume: Resume = False,
    max_minutes: MaxMinutes = None,
    slim: Slim = False,
    device: TorchDevice = None,
) -> None:
    """Train a network by a recipe.

    Ctrl-C writes a checkpoint and ends; --resume continues from it. For several GPUs: torchrun --nproc-per-node N -m
    brushwork train RECIPE.

    brushwork train recipes/single-style-cpu.toml --set "data.styles=['examples/glass.jpg']"
    """
    from brushwork import extras

    extras.require("torch", "training")
    from brushwork.cli import interrupts, progress
    from brushwork.training import recipe_file, run

    chosen = recipe_file.load(recipe, changes or ())
    folder = output or Path("runs") / recipe.stem
    with interrupts.deferred() as stop, progress.bar(chosen.steps, time_left=False) as bar:
        limits = given(device=device, max_minutes=max_minutes)
        _show_log(bar.print)
        records = run.run(chosen, folder, resume=resume, stop=stop, **limits)
        for record in records:
            bar.print(_line(record))
            bar.update(record.step, record.steps, _pace(record))
    if slim and run.leads():
        print(*run.write_slim(folder), sep="\n")


def _show_log(show: Callable[[str], None]) -> None:
    """Print the log of the training, from level INFO, above the bar."""
    import logging

    handler = logging.Handler()
    handler.emit = lambda record: show(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("brushwork.training")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)


def _line(record: "Progress") -> str:
    terms = "  ".join(f"{name} {value:.4g}" for name, value in record.terms.items() if "/" not in name)
    if record.validation:
        terms += f"  validation {record.validation['total']:.4g}"
    stopped = f"  ({record.stopped})" if record.stopped else ""
    return f"step {record.step}/{record.steps}  {terms}  {_pace(record)}{stopped}"


def _pace(record: "Progress") -> str:
    """Return the speed, and the time left unless the run has ended."""
    speed = f"{record.pastiches_per_second:.1f} pastiches/s"
    ended = record.stopped or record.step >= record.steps
    return speed if ended else f"{speed}  {timedelta(minutes=round(record.minutes_left))} left"
