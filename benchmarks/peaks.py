"""Peak memory of `brushwork stylize` for a large photo in each format, with a limit by ``--memory``.

    python -m benchmarks.peaks --megapixels 24 --memory 1G

Each row is a separate process, from file to file of the same format; ``stdin`` is the JPEG from standard input to
standard output. The photo is an example that is repeated by mirroring.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.large import EXAMPLES

MEASURE = Path(__file__).with_name("measure.py")
FORMATS = {"JPEG": "jpg", "PNG": "png", "TIFF": "tif", "WebP": "webp", "AVIF": "avif", "HEIC": "heic", "JPEG XL": "jxl"}
# Formats that can only be read -> format of their pastiches.
READ_ONLY = {"HEIC": "jpg", "JPEG XL": "png"}
STDIN = "stdin, JPEG"


def make(folder: Path, megapixels: int) -> None:
    """Write the photo with sides 3 to 2 in every format."""
    import pillow_heif
    import pillow_jxl  # registers its format with Pillow
    import pyvips
    from PIL import Image

    assert pillow_jxl
    source = pyvips.Image.new_from_file(str(EXAMPLES / "rocket.jpg")).resize(2)
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    image = source.embed(0, 0, height * 3 // 2, height, extend="mirror").copy_memory()
    photo = Image.fromarray(image.numpy())
    for extension in FORMATS.values():
        if extension == "avif":  # the wheels of pyvips can write neither this nor the other two
            photo.save(folder / "photo.avif", speed=9)
        elif extension == "heic":
            pillow_heif.from_pillow(photo).save(folder / "photo.heic", quality=70)
        elif extension == "jxl":
            photo.save(folder / "photo.jxl", effort=3)
        else:
            image.write_to_file(str(folder / f"photo.{extension}"))


def measure(folder: Path, row: str, options: list[str]) -> tuple[float, float]:
    """Return peak GB and seconds of a run."""
    extension = FORMATS.get(row, "jpg")
    source, target = folder / f"photo.{extension}", folder / f"pastiche.{READ_ONLY.get(row, extension)}"
    paths = ["-", "-o", "-"] if row == STDIN else [str(source), "-o", str(target), "--overwrite"]
    command = [sys.executable, "-m", "brushwork", "stylize", *paths, "-s", str(EXAMPLES / "glass.jpg"), *options]
    with source.open("rb") as photo:
        run = [sys.executable, str(MEASURE), *command]
        found = json.loads(subprocess.run(run, stdin=photo, stdout=subprocess.PIPE, check=True).stdout)
    if found["code"]:
        raise SystemExit(f"{row}: brushwork exited with {found['code']}")
    return found["peak"] / 1e9, found["seconds"]


def main(
    megapixels: Annotated[int, typer.Option(help="Size of the photo.", min=1)] = 24,
    memory: Annotated[str, typer.Option(help="Value of --memory.")] = "1G",
    size: Annotated[int, typer.Option(help="Measure with this --size, too; 0 to omit it.")] = 2048,
    only: Annotated[list[str] | None, typer.Option(help="Rows to measure.")] = None,
    tile: Annotated[str, typer.Option(help="Value of --tile.")] = "fast",
    model: Annotated[str | None, typer.Option(help="Model to measure.")] = None,
) -> None:
    """Print a table of peaks."""
    print(f"| {megapixels} megapixels | peak | seconds | peak with --size {size} |\n|---|---|---|---|", flush=True)
    common = ["--memory", memory, *(["--model", model] if model else [])]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, megapixels)
        for row in only or [*FORMATS, STDIN]:
            peak, seconds = measure(folder, row, [*common, "--tile", tile])
            small = measure(folder, row, [*common, "--size", str(size)])[0] if size else 0
            print(f"| {row} | {peak:.2f} GB | {seconds:.0f} | {small:.2f} GB |", flush=True)


if __name__ == "__main__":
    typer.run(main)
