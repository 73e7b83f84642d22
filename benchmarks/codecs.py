"""Memory per pixel of decoders and encoders that hold a whole picture (Linux).

    python -m benchmarks.codecs --megapixels 8

Each number is the growth of the memory of a separate process that decodes an example onto a canvas, or encodes one.
`brushwork.images.costs` rounds them up.
"""

import multiprocessing
import re
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import pillow_heif
import pillow_jxl  # registers its format with Pillow
import typer
from numpy.typing import NDArray
from PIL import Image

from benchmarks.large import EXAMPLES
from brushwork import images
from brushwork.images.encoding import encode_stored
from brushwork.images.metadata import NONE

assert pillow_jxl
WRITTEN = ("WEBP", "AVIF", "GIF")
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def photo(megapixels: float) -> NDArray[np.uint8]:
    """Return an example (H, W, 4) with the noise of a camera; its alpha is a ramp."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    image = Image.open(EXAMPLES / "rocket.jpg").convert("RGB").resize((height * 3 // 2, height))
    noise = np.random.default_rng(0).integers(-3, 4, (*image.size[::-1], 3))
    colours = np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)
    ramp = np.linspace(0, 255, colours.shape[1]).astype(np.uint8)
    return np.dstack((colours, np.broadcast_to(ramp, colours.shape[:2])))


def make(folder: Path, pixels: NDArray[np.uint8]) -> list[Path]:
    """Write the example in the formats, and variants of formats, that are decoded at once."""
    opaque, transparent = Image.fromarray(pixels[..., :3]), Image.fromarray(pixels)
    opaque.save(folder / "progressive.jpg", quality=90, progressive=True, subsampling="4:4:4")
    opaque.save(folder / "opaque.webp", method=0)
    transparent.save(folder / "lossless.webp", lossless=True, method=0, quality=0)
    opaque.save(folder / "opaque.avif", speed=10)
    transparent.save(folder / "444.avif", speed=10, subsampling="4:4:4")
    pillow_heif.from_pillow(opaque).save(folder / "opaque.heic", quality=50)
    deep = pixels[..., :3].astype(np.uint16) * 257
    pillow_heif.from_bytes("RGB;16", opaque.size, deep.tobytes()).save(folder / "deep.heic", quality=50, chroma=444)
    opaque.save(folder / "opaque.jxl", effort=1)
    transparent.save(folder / "lossless.jxl", lossless=True, effort=1)
    opaque.save(folder / "opaque.bmp")
    opaque.save(folder / "opaque.gif")
    return sorted(folder.iterdir())


def resident(name: str) -> int:
    """Return the resident bytes of the process now (VmRSS), or their peak since `reset` (VmHWM)."""
    return int(re.findall(rf"{name}:\s+(\d+)", STATUS.read_text())[0]) * 1024


def reset() -> int:
    """Reset the peak, and return the resident bytes of the process."""
    RESET.write_text("5")
    return resident("VmRSS")


def decode(path: Path) -> float:
    """Return the bytes per pixel to decode a file onto a canvas."""
    with images.open_large(EXAMPLES / "cat.jpg"):  # imports pyvips
        pass
    before = reset()
    with images.open_large(path) as large:
        return float((resident("VmHWM") - before) / (large.pixels.shape[0] * large.pixels.shape[1]))


def encode(kind: str, pixels: NDArray[np.uint8]) -> float:
    """Return the bytes per pixel to encode an example in a format, including its pixels."""
    encode_stored([pixels[:64, :64].copy()], kind, NONE, quality=None)
    before = reset()
    encode_stored([pixels.copy()], kind, NONE, quality=None)
    return float((resident("VmHWM") - before) / (pixels.shape[0] * pixels.shape[1]))


def main(megapixels: Annotated[float, typer.Option(help="Size of the example.")] = 8) -> None:
    """Print a table of bytes per pixel."""
    pixels = photo(megapixels)
    context = multiprocessing.get_context("spawn")
    print("| | bytes per pixel |\n|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for path in make(Path(name), pixels):
            with context.Pool(1) as pool:
                print(f"| read {path.name} | {pool.apply(decode, (path,)):.1f} |", flush=True)
    for kind in WRITTEN:
        for shape in (3, 4):
            with context.Pool(1) as pool:
                used = pool.apply(encode, (kind, pixels[..., :shape]))
            print(f"| write {kind}, {'alpha' if shape == 4 else 'opaque'} | {used:.1f} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
