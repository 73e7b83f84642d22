"""Write the figures of README and docs from `examples/`, with the installed package: python scripts/make_figures.py."""

from pathlib import Path

import numpy as np

import brushwork
from brushwork.images import Image, Picture, resize
from brushwork.styles.sheet import Cell, cells, compose
from brushwork.stylizer import Stylizer

ROOT = Path(__file__).parent.parent
PHOTOS, STYLES = ("cat", "coffee", "rocket"), ("swirls", "glass", "ink")
NAMED = ("expressionism", "palette-knife", "engraving")  # styles of the first figure of README


def example(name: str) -> Image:
    """Return an example picture."""
    return brushwork.open(ROOT / "examples" / f"{name}.jpg").image


def cell(image: Image, height: int = 150, width: int = 225) -> Image:
    """Return the middle of an image in a white frame."""
    scale = max(height / image.shape[0], width / image.shape[1])
    scaled = resize(image, (round(image.shape[0] * scale), round(image.shape[1] * scale)))
    top, left = (scaled.shape[0] - height) // 2, (scaled.shape[1] - width) // 2
    return np.pad(scaled[top : top + height, left : left + width], ((4, 4), (4, 4), (0, 0)), constant_values=1)


def write(name: str, rows: list[list[Image]], quality: int = 78) -> None:
    """Write rows of cells as one figure."""
    figure = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    brushwork.save(figure, ROOT / "docs" / "figures" / f"{name}.jpg", quality=quality, overwrite=True)


def main(stylizer: Stylizer) -> None:
    """Write all figures."""
    embeddings = {style: stylizer.embed(example(style)) for style in STYLES}
    first = [cell(example(photo)) for photo in PHOTOS]
    write("grid", [first, *([cell(stylizer.stylize(example(photo), name)) for photo in PHOTOS] for name in NAMED)])
    strengths = (0.0, 0.25, 0.5, 0.75, 1.0)
    write(
        "strength",
        [[cell(stylizer.stylize(example("coffee"), embeddings[style], s)) for s in strengths] for style in STYLES],
    )
    sizes = (96, 128, 256, 384, 512)
    write(
        "style-size",
        [
            [cell(stylizer.stylize(example("cat"), stylizer.embed(example(style), size))) for size in sizes]
            for style in STYLES
        ],
    )
    blends = [stylizer.blend([embeddings["swirls"], embeddings["ink"]], [1 - w, w]) for w in strengths]
    colours = [
        stylizer.stylize(example("coffee"), embeddings["glass"]),
        brushwork.keep_chroma(example("coffee"), stylizer.stylize(example("coffee"), embeddings["glass"])),
        stylizer.stylize(
            example("coffee"), stylizer.embed(brushwork.match_color_statistics(example("glass"), example("coffee")))
        ),
    ]
    write("blend", [[cell(stylizer.stylize(example("cat"), embedding)) for embedding in blends]])
    write("keep-colors", [[cell(example("coffee")), *map(cell, colours)]])
    photo = Picture.of(resize(example("cat"), (200, 300)))
    painted = cells(photo, stylizer.names, lambda content, name: stylizer.stylize(content.image, name))
    sheet = compose([Cell(each.label, resize(each.image, (100, 150))) for each in painted])
    write("styles", [[sheet.image]], 66)


if __name__ == "__main__":
    main(brushwork.load())
