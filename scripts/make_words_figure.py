"""Write the figure of docs/reports/words.md, 24 prompts on three photos: python scripts/make_words_figure.py."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import brushwork
from brushwork.images import Image, fit_short, resize
from brushwork.styles.sheet import Cell, compose
from brushwork.styles.words import PREFIX

ROOT = Path(__file__).parent.parent
FIGURE = ROOT / "docs" / "figures" / "words.jpg"
PHOTOS, WHITE = ("cat", "coffee", "rocket"), 1.0
PAINTED = 384  # short side in pixels of the photos
PROMPTS = (
    *("stormy sea, dark blue, thick oil paint", "bright yellow, sunlight, dots", "black and white, fine lines"),
    *("Claude Monet", "Van Gogh, swirls", "fire, night", "soft pink, cherry blossom", "stained glass, vivid colours"),
    *("gold, old paper", "forest, dark green", "ice, light blue, smooth", "cubism, brown", "pop art, red"),
    *("charcoal, dark", "pencil, delicate", "purple, dusk, misty", "horizontal strokes, orange, sunset"),
    *("vertical strokes, green", "flat colours, blue, red", "mosaic, turquoise", "Mondrian"),
    *("high contrast, black, red", "muted colours, fog", "crosshatched"),
)  # fmt: skip


def square(image: Image, side: int) -> Image:
    """Return the middle square of an image, scaled to a side in pixels, with a white line on its right."""
    length = min(image.shape[:2])
    top, left = (image.shape[0] - length) // 2, (image.shape[1] - length) // 2
    scaled = resize(image[top : top + length, left : left + length], (side, side))
    return np.pad(scaled, ((0, 0), (0, 2), (0, 0)), constant_values=WHITE)


def main(
    output: Annotated[Path, typer.Option("--output", "-o", help="File of the figure.")] = FIGURE,
    model: Annotated[str, typer.Option(help="Model to use.")] = "brushwork",
    side: Annotated[int, typer.Option(help="Side of each pastiche in the figure, in pixels.", min=32)] = 150,
    quality: Annotated[int, typer.Option(help="Quality of the JPEG file.", min=1, max=100)] = 72,
) -> None:
    """Paint the sheet."""
    stylizer = brushwork.load(model)
    photos = [fit_short(brushwork.open(ROOT / "examples" / f"{name}.jpg").image, PAINTED) for name in PHOTOS]
    painted = []
    for prompt in PROMPTS:
        embedding = stylizer.embed(f"{PREFIX} {prompt}", painted=PAINTED)
        row = [square(stylizer.stylize(photo, embedding), side) for photo in photos]
        painted.append(Cell(prompt, np.concatenate(row, axis=1)))
    brushwork.save(compose(painted).image, output, quality=quality, overwrite=True)


if __name__ == "__main__":
    typer.run(main)
