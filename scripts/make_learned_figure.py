"""Write the figure of docs/reports/learned-styles.md, predicted and learned styles on the example photos.

    python scripts/make_learned_figure.py --minutes 5

Each style of `examples/` is learned (deep) on the shipped photos that are not in the figure.
"""

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import brushwork
from brushwork import images, model_folder
from brushwork.images import Image, fit_short, resize
from brushwork.training.learn_style import PHOTOS, STYLE_SCALE, learn

ROOT = Path(__file__).parent.parent
FIGURE = ROOT / "docs" / "figures" / "learned.jpg"
SHOWN, STYLES = ("cat", "coffee", "rocket"), ("swirls", "glass", "ink")
PAINTED = 384  # short side in pixels of the photos


def framed(image: Image, side: int) -> Image:
    """Return the middle square of an image, scaled to a side in pixels, in a white frame."""
    length = min(image.shape[:2])
    top, left = (image.shape[0] - length) // 2, (image.shape[1] - length) // 2
    scaled = resize(image[top : top + length, left : left + length], (side, side))
    return np.pad(scaled, ((3, 3), (3, 3), (0, 0)), constant_values=1)


def main(
    minutes: Annotated[float, typer.Option(help="Minutes for each style.", min=0.1)] = 5,
    output: Annotated[Path, typer.Option("--output", "-o", help="File of the figure.")] = FIGURE,
    folder: Annotated[Path, typer.Option("--styles", help="Folder of style pictures.")] = ROOT / "examples",
    name: Annotated[list[str] | None, typer.Option(help="Names of the styles; default: the examples.")] = None,
    side: Annotated[int, typer.Option(help="Side of each picture in pixels.", min=32)] = 190,
    cpu: Annotated[bool, typer.Option("--cpu", help="Count processor time, for a busy machine.")] = False,
) -> None:
    """Draw a row for each style: its picture, then each photo in the predicted and in the learned style."""
    stylizer, found = brushwork.load(), model_folder.find()
    network = model_folder.load_network(found).transfer
    photos = [images.open(path).on_white for path in images.find(PHOTOS) if path.stem not in SHOWN]
    shown = [fit_short(images.open(ROOT / "examples" / f"{each}.jpg").on_white, PAINTED) for each in SHOWN]
    rows = []
    for path in (next(path for path in images.find(folder) if each in path.stem) for each in name or STYLES):
        style = images.open(path).on_white
        start = stylizer.embed(style, painted=STYLE_SCALE)
        clock = time.process_time if cpu else time.monotonic
        learned = learn(network, start, style, photos, 60 * minutes, deep=True, clock=clock)
        print(f"{path.stem}: {learned.steps} steps, style share {learned.share}, content loss {learned.content}")
        pairs = [stylizer.stylize(photo, value) for photo in shown for value in (start, learned.embedding[None])]
        rows.append(np.concatenate([framed(each, side) for each in (style, *pairs)], axis=1))
    brushwork.save(np.concatenate(rows), output, quality=80, overwrite=True)


if __name__ == "__main__":
    typer.run(main)
