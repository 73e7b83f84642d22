"""PSNR and speed of a precision relative to f32, in turns, over pictures and named styles.

python -m benchmarks.precision --contents validation/content --precision int8
"""

import argparse
import time
from pathlib import Path
from statistics import mean, median

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.machine import describe, show
from brushwork import images, stylizer
from brushwork.runtime import Array


def render(loaded: stylizer.Stylizer, content: Array, embedding: Array) -> tuple[Array, float]:
    """Return the pastiche of a content, and the seconds to render it."""
    start = time.perf_counter()
    pastiche = loaded.runtime.transfer(content, embedding)
    return pastiche, time.perf_counter() - start


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="PSNR and speed of a precision relative to f32.")
    parser.add_argument("--contents", type=Path, required=True, help="a folder of photos")
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--size", type=int, default=640, help="long side of the photos")
    parser.add_argument("--every", type=int, default=9, help="take every n-th named style")
    parser.add_argument("--count", type=int, default=6, help="number of photos")
    parser.add_argument("--pictures", action="store_true", help="the graph for any size instead of the one for video")
    arguments = parser.parse_args()
    console = Console()
    show(console, describe(2, {}))
    exact, other = (stylizer.load(precision=precision) for precision in ("f32", arguments.precision))
    table = Table("photo", "PSNR mean", "minimum", "maximum", "faster")
    for path in sorted(arguments.contents.iterdir())[: arguments.count]:
        photo = images.fit(images.open(path).image, arguments.size)
        content = np.rint(photo[None] * 255).astype(np.float32) / np.float32(255)  # 8 bits, as in a photo or a video
        decibels, speeds = [], []
        for each in (exact, other):
            if not arguments.pictures:
                each.runtime.expect(*content.shape[1:3])
            render(each, content, each.embed(each.names[0]))  # compiles
        for name in exact.names[:: arguments.every]:
            embedding = exact.embed(name)
            (plain, slow), (pastiche, fast) = (render(each, content, embedding) for each in (exact, other))
            decibels.append(float(-10 * np.log10(np.mean((pastiche - plain) ** 2))))
            speeds.append(slow / fast)
        numbers = (f"{value:.1f}" for value in (mean(decibels), min(decibels), max(decibels)))
        table.add_row(path.stem, *numbers, f"{median(speeds):.2f} x")
    console.print(table)


if __name__ == "__main__":
    main()
