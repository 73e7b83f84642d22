"""Measures `--refine` beside `brushwork optimize`: the style share that both leave, against processor time.

    python -m benchmarks.refine --contents validation/content --styles validation/style --pairs 4

Content i is paired with style 7 i. Refining starts from the default model's pastiche and gets some parts of the
processor time that optimising took. Both are judged in float32; refining computes in bfloat16 where it is native.
"""

import time
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from brushwork import images, stylizer
from brushwork.images import Image
from brushwork.losses import PerceptualLoss
from brushwork.training.optimize import judge, optimize, to_tensor
from brushwork.training.optimize_settings import OptimizeSettings
from brushwork.training.refine import refine

STRIDE = 7
GOAL = 0.03  # style share


def scores(pastiche: Image, content: Image, style: Image, loss: PerceptualLoss) -> str:
    """Return style share and content loss of a pastiche, in float32."""
    tensors = [to_tensor(image, torch.device("cpu")) for image in (pastiche, content, style)]
    found = judge(loss, tensors[0], tensors[1], loss.style_target(tensors[2]))
    return f"share {found.share:.4f}, content {found.terms['content']:,.0f}"


def optimised(content: Image, style: Image, settings: OptimizeSettings) -> tuple[float, float, Image]:
    """Return the seconds that optimising takes, those after which the goal is reached, and the pastiche."""
    begun, reached = time.process_time(), float("nan")
    for record in optimize(content, [style], settings=settings):
        seconds = time.process_time() - begun
        last_size = record.pastiche.shape == content.shape
        if last_size and record.share <= GOAL and not reached <= seconds:
            reached = seconds
    return time.process_time() - begun, reached, record.pastiche


def main(
    contents: Annotated[Path, typer.Option(help="Folder of contents.")],
    styles: Annotated[Path, typer.Option(help="Folder of styles.")],
    pairs: Annotated[int, typer.Option(help="Number of pairs.", min=1)] = 4,
    first: Annotated[int, typer.Option(help="Number of the first content.", min=0)] = 0,
    size: Annotated[int, typer.Option(help="Limit of the long side, and of a style's short side.")] = 512,
    parts: Annotated[list[float] | None, typer.Option(help="Parts of the time; default 0.25 and 0.45.")] = None,
    threads: Annotated[int, typer.Option(help="Threads of the CPU.", min=1)] = 1,
) -> None:
    """Print a line for each way and pair."""
    torch.set_num_threads(threads)
    console, painter = Console(highlight=False, width=120), stylizer.load()
    settings, loss = OptimizeSettings(size=size), PerceptualLoss()
    sources, paintings = images.find(contents), images.find(styles)
    for number in range(first, first + pairs):
        content = images.open(sources[number % len(sources)], size=size).on_white
        style = images.fit_short(images.open(paintings[number * STRIDE % len(paintings)]).on_white, size)
        whole, reached, best = optimised(content, style, settings)
        row = scores(best, content, style, loss)
        console.print(f"{number:3}  optimize  {whole:6.1f} s  {row}; {GOAL} after {reached:.1f} s")
        pastiche = painter.stylize(content, painter.embed(style))
        console.print(f"{number:3}  network             {scores(pastiche, content, style, loss)}")
        for part in parts or (0.25, 0.45):
            seconds = part * whole
            found = refine(content, pastiche, [style], seconds, settings=settings, clock=time.process_time)
            row = scores(found.image, content, style, loss)
            console.print(f"{number:3}  --refine  {seconds:6.1f} s  {row}, {found.steps} steps")


if __name__ == "__main__":
    typer.run(main)
