"""Resident memory of a process that renders pictures of many different sizes, such as a server or a folder of crops.

    python -m benchmarks.sizes --count 2000

Every picture has a new size, so that anything cached by size accumulates. Memory is read after a warm-up and then at
even intervals; it should not grow.
"""

from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

import brushwork
from benchmarks.machine import resident

SMALLEST = 32
READINGS = 5


def sizes(count: int) -> list[tuple[int, int]]:
    """Return `count` different heights and widths from 32 pixels, in a random order with a constant seed."""
    side = SMALLEST + int(np.ceil(count**0.5))
    every = [(height, width) for height in range(SMALLEST, side) for width in range(SMALLEST, side)]
    return [every[index] for index in np.random.default_rng(0).permutation(len(every))[:count].tolist()]


def main(
    count: Annotated[int, typer.Option(help="Number of sizes.", min=100)] = 2000,
    warmup: Annotated[int, typer.Option(help="Sizes before the first reading.", min=1)] = 400,
    model: Annotated[str | None, typer.Option(help="Model to measure.")] = None,
    precision: Annotated[str, typer.Option(help="Precision of its arithmetic.")] = "auto",
) -> None:
    """Print the resident memory while pictures of many sizes are rendered."""
    stylizer = brushwork.load(model, precision=precision)
    random = np.random.default_rng(0)
    style = stylizer.embed(random.random((128, 128, 3), np.float32))
    table = Table("sizes rendered", "resident MB", title=f"{count} sizes from {SMALLEST} pixels")
    readings = set(np.linspace(warmup, count, READINGS).astype(int).tolist())
    for number, (height, width) in enumerate(sizes(count), 1):
        stylizer.stylize(random.random((height, width, 3), np.float32), style)
        if number in readings:
            table.add_row(f"{number:,}", f"{resident():.0f}")
    Console(highlight=False).print(table)


if __name__ == "__main__":
    typer.run(main)
