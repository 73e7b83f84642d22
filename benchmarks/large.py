"""Time and peak memory of large pictures.

    python -m benchmarks.large --sides 2500 5000 10000 --modes fast exact
    python -m benchmarks.large --agreement

Each row is a run of `brushwork stylize`, from file to file, of a JPEG of a photo that is repeated by mirroring, so that
statistics and detail are those of a photo at every size. Peak memory is the largest resident memory.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from brushwork import model_folder

EXAMPLES = Path(__file__).parent.parent / "examples"


def make(path: Path, side: int) -> None:
    """Write a square photo: an example at twice its size, repeated by mirroring."""
    import pyvips

    photo = pyvips.Image.new_from_file(str(EXAMPLES / "rocket.jpg")).resize(2)
    photo.embed(0, 0, side, side, extend="mirror").write_to_file(str(path), Q=92)


def run(*arguments: str) -> tuple[float, float, float]:
    """Return seconds, processor seconds and peak GB of a run of the program."""
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-m", "brushwork", "stylize", *arguments], stderr=subprocess.DEVNULL)
    _, code, usage = os.wait4(child.pid, 0)
    if code:
        raise SystemExit(f"brushwork exited with {code}: {' '.join(arguments)}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e9


def agree(model: str, side: int = 2048) -> None:
    """Print the differences between pictures rendered in tiles and at once, in float32."""
    import numpy as np

    import brushwork
    from brushwork import images

    stylizer = brushwork.load(model, precision="f32")
    print("| photo | style | fast, PSNR | exact, largest difference |\n|---|---|---|---|")
    for photo, style in (("rocket", "glass"), ("cat", "swirls"), ("coffee", "ink")):
        content = images.resize(brushwork.open(EXAMPLES / f"{photo}.jpg").image, (side, side))
        embedding = stylizer.embed(brushwork.open(EXAMPLES / f"{style}.jpg").image)
        whole = stylizer.stylize(content, embedding)
        fast, exact = (stylizer.stylize(content, embedding, tile=mode) for mode in ("fast", "exact"))
        psnr = -10 * np.log10(np.square(fast - whole).mean())
        levels = 255 * np.abs(exact - whole).max()
        print(f"| {photo} | {style} | {psnr:.1f} dB | {levels:.3f} / 255 |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sides", type=int, nargs="+", default=[2500, 5000, 10_000])
    parser.add_argument("--modes", nargs="+", default=["fast", "exact"])
    parser.add_argument("--format", default="tif")
    parser.add_argument("--model", default=model_folder.DEFAULT_MODEL)
    parser.add_argument("--memory", default="2G")
    parser.add_argument("--precision", default="auto")
    parser.add_argument(
        "--agreement", action="store_true", help="compare with pictures rendered at once, at 2048 x 2048"
    )
    options = parser.parse_args()
    if options.agreement:
        agree(options.model)
        return
    print("| megapixels | mode | seconds | processor seconds | processor seconds per megapixel | peak memory |")
    print("|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for side in options.sides:
            photo = Path(folder) / "photo.jpg"
            make(photo, side)
            for mode in options.modes:
                target = Path(folder) / f"pastiche.{options.format}"
                style = ("-s", str(EXAMPLES / "glass.jpg"), "--model", options.model, "--precision", options.precision)
                tiles = () if mode == "never" else ("--memory", options.memory)
                seconds, work, peak = run(str(photo), *style, "--tile", mode, *tiles, "-o", str(target), "--overwrite")
                millions = side * side / 1e6
                times = f"{seconds:.1f} | {work:.1f} | {work / millions:.2f}"
                print(f"| {millions:.1f} | {mode} | {times} | {peak:.2f} GB |", flush=True)


if __name__ == "__main__":
    main()
