"""`brushwork train`: a recipe becomes a trained network."""

import math
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

if TYPE_CHECKING:
    from brushwork.training.progress import Progress


def train(
    recipe: Annotated[Path, Argument(metavar="RECIPE", hidden=True)],
    settings: Annotated[
        list[str] | None, Option("--set", metavar="KEY=VALUE", help="Change the recipe: optimizer.learning_rate=1e-3.")
    ] = None,
    output: Annotated[
        Path | None, Option("--output", "-o", metavar="FOLDER", help="The run's folder; else runs/ and its name.")
    ] = None,
    resume: Annotated[
        bool, Option("--resume", metavar="", help="Go on from the checkpoint in the run's folder.")
    ] = False,
    max_minutes: Annotated[
        float, Option(metavar="MINUTES", help="End after so long, with a checkpoint.", show_default=False)
    ] = math.inf,
    slim: Annotated[
        bool, Option("--slim", metavar="", help="At the end write the weights in parts of at most 15 MiB, too.")
    ] = False,
    device: Annotated[str, Option(metavar="auto|cpu|cuda|mps", help="What computes.")] = "auto",
) -> None:
    """Train a network as a recipe says.

    Ctrl-C ends with a checkpoint; --resume goes on from it. For several GPUs: torchrun --nproc-per-node N -m brushwork
    train RECIPE.

    brushwork train recipes/single-style-cpu.toml --set "data.styles=['examples/glass.jpg']"
    """
    from brushwork import extras

    extras.require("torch", "training")
    from brushwork.cli import interrupts, progress
    from brushwork.training import recipe_file, run

    chosen = recipe_file.load(recipe, settings or ())
    folder = output or Path("runs") / recipe.stem
    with interrupts.deferred() as stop, progress.bar(chosen.steps, time_left=False) as bar:
        records = run.run(chosen, folder, resume=resume, device=device, max_minutes=max_minutes, stop=stop)
        for record in records:
            bar.print(_line(record))
            bar.update(record.step, record.steps, _pace(record))
    if slim and run.leads():
        print(*run.write_slim(folder), sep="\n")


def _line(record: "Progress") -> str:
    terms = "  ".join(f"{name} {value:.4g}" for name, value in record.terms.items() if "/" not in name)
    if record.validation:
        terms += f"  validation {record.validation['total']:.4g}"
    stopped = f"  ({record.stopped})" if record.stopped else ""
    return f"step {record.step}/{record.steps}  {terms}  {_pace(record)}{stopped}"


def _pace(record: "Progress") -> str:
    """Return the speed, and the time left unless the run ends here."""
    speed = f"{record.pastiches_per_second:.1f} pastiches/s"
    ended = record.stopped or record.step >= record.steps
    return speed if ended else f"{speed}  {timedelta(minutes=round(record.minutes_left))} left"
