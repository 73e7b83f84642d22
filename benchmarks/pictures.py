"""The photo and the style of a measurement: given files, examples, or drawn pictures."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

EXAMPLES = Path(__file__).parent.parent / "examples"
SIDE = 512


def choose(photo: Path | None, style: Path | None) -> tuple[Image.Image, Image.Image]:
    """Return the photo and the style: the given files, or the first and the last example, or drawn ones."""
    examples = sorted(EXAMPLES.glob("*.jpg"))
    photo = photo or (examples[0] if examples else None)
    style = style or (examples[-1] if examples else None)
    return _open(photo) if photo else draw(seed=0), _open(style) if style else draw(seed=1)


def square(picture: Image.Image, side: int) -> Image.Image:
    """Return the middle of a picture, scaled to a square."""
    return ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)


def pixels(picture: Image.Image) -> NDArray[np.float32]:
    """Return a picture as a batch (1, H, W, 3) in [0, 1]."""
    return np.asarray(picture, dtype=np.float32)[None] / np.float32(255)


def draw(seed: int) -> Image.Image:
    """Return a picture (512, 512) of smooth shapes and grain, with detail at all scales like photos."""
    random = np.random.default_rng(seed)
    canvas = random.normal(0, 8, (SIDE, SIDE, 3))
    for cells in (4, 16, 64):
        field = random.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        canvas += np.asarray(Image.fromarray(field).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) / 3.0
    return Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))


def _open(path: Path) -> Image.Image:
    with Image.open(path) as file:
        return ImageOps.exif_transpose(file).convert("RGB")
