"""Write the pictures of `examples/`: photos of scikit-image under CC0, and styles drawn by this program.

pip install scikit-image && python scripts/make_examples.py examples
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image, ImageDraw, ImageFilter
from skimage import data

SIDE = 512
SCALE = 2  # drawn twice as large and reduced, for smooth edges


def swirls(random: np.random.Generator) -> Image.Image:
    """Return short thick strokes along a field of vortices, night blue with lights, like oil paint."""
    side = SIDE * SCALE
    canvas = Image.new("RGB", (side, side), (22, 36, 84))
    draw = ImageDraw.Draw(canvas)
    centres = random.uniform(0, side, (7, 2))
    spins = random.choice([-1, 1], 7) * random.uniform(0.6, 1.4, 7)
    night = np.array([(18, 30, 78), (33, 66, 140), (52, 104, 176), (96, 150, 205), (150, 190, 220), (60, 90, 120)])
    light = np.array([(244, 214, 90), (250, 236, 160), (226, 160, 52)])
    for length, width, count in ((90, 26, 2600), (64, 15, 5200), (44, 9, 7000)):
        for x, y in random.uniform(0, side, (count, 2)):
            points = [(x, y)]
            near = np.min(np.hypot(*(centres - (x, y)).T))
            for _ in range(6):
                offsets = np.array(points[-1]) - centres
                weight = spins / (np.hypot(*offsets.T) ** 1.3 + 40)
                flow = np.array([-(weight * offsets[:, 1]).sum() + 0.03, (weight * offsets[:, 0]).sum()])
                step = flow / (np.hypot(*flow) + 1e-6) * length / 6
                points.append((points[-1][0] + step[0], points[-1][1] + step[1]))
            palette = light if near < random.uniform(30, 110) else night
            colour = palette[random.integers(len(palette))] + random.integers(-14, 15, 3)
            draw.line(points, fill=tuple(int(v) for v in np.clip(colour, 0, 255)), width=width, joint="curve")
    return canvas.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def glass(random: np.random.Generator) -> Image.Image:
    """Return cells of warm and cold glass in lead, which are the regions nearest to random points."""
    seeds = random.uniform(0, SIDE, (170, 2))
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    distances = np.hypot(rows[..., None] - seeds[:, 0], columns[..., None] - seeds[:, 1])
    order = np.argsort(distances, axis=2)
    first, second = (np.take_along_axis(distances, order[..., i : i + 1], 2)[..., 0] for i in (0, 1))
    palette = np.array(
        [(196, 30, 38), (236, 140, 24), (250, 206, 60), (28, 92, 160), (20, 140, 126), (104, 38, 120), (240, 236, 214)]
    )
    colours = palette[random.integers(len(palette), size=len(seeds))] / 255
    grain = np.asarray(Image.fromarray(random.integers(0, 255, (64, 64), dtype=np.uint8)).resize((SIDE, SIDE), 3)) / 255
    pixels = colours[order[..., 0]] * (0.72 + 0.38 * grain[..., None]) * (1.05 - first[..., None] / 130)
    pixels[second - first < 5] = 0.07
    return Image.fromarray((pixels.clip(0, 1) * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))


def ink(random: np.random.Generator) -> Image.Image:
    """Return pen hatching on cream paper that follows the tones of a landscape."""
    side = SIDE * SCALE
    canvas = Image.new("RGB", (side, side), (243, 234, 214))
    draw = ImageDraw.Draw(canvas)
    for x, y in random.uniform(0, side, (15000, 2)):
        tone = 0.5 + 0.5 * np.sin(x / 130 + 1.8 * np.sin(y / 170)) * np.cos(y / 110)
        for limit, angle in ((0.75, 0.8), (0.5, -0.7), (0.25, 1.9)):
            if tone < limit * random.uniform(0.6, 1.2):
                bend = angle + 0.35 * np.sin(x / 200 + y / 260)
                reach = random.uniform(14, 34)
                end = (x + reach * np.cos(bend), y + reach * np.sin(bend))
                draw.line([(x, y), end], fill=(34, 30, 44), width=int(random.integers(2, 4)))
    return canvas.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def main(folder: Annotated[Path, typer.Argument(help="Folder to write to.")]) -> None:
    """Write three photos and three styles."""
    folder.mkdir(exist_ok=True)
    for name, pixels in {"cat": data.chelsea(), "coffee": data.coffee(), "rocket": data.rocket()}.items():
        photo = Image.fromarray(pixels)
        photo.thumbnail((640, 640))
        photo.save(folder / f"{name}.jpg", quality=90)
    for draw in (swirls, glass, ink):
        draw(np.random.default_rng(7)).save(folder / f"{draw.__name__}.jpg", quality=88)


if __name__ == "__main__":
    typer.run(main)
