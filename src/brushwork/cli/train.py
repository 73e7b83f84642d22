"""`brushwork train`: a recipe becomes a trained network."""

import math
from pathlib import Path
from typing import Annotated

from typer import Argument, Option


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
    from brushwork.cli import interrupts
    from brushwork.training import recipe_file, run

    chosen = recipe_file.load(recipe, settings or ())
    folder = output or Path("runs") / recipe.stem
    with interrupts.deferred() as stop:
        run.run(chosen, folder, resume=resume, device=device, max_minutes=max_minutes, slim=slim, stop=stop)
