"""Speed of video end to end: frames per second frame by frame and stabilised, and the time of each stage.

    python -m benchmarks.video clip.mp4 painting.jpg --size 1280 --frames 24

The clip is first scaled to the size, and enlarged if needed, so that any clip can be measured at 720p. Stages run
concurrently, so the sum of their seconds can exceed the total.
"""

import argparse
import json
import tempfile
import time
from dataclasses import asdict
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
from rich.console import Console
from rich.table import Table

from benchmarks.machine import describe, show
from brushwork import images, model_folder, stylizer
from brushwork.images import Image
from brushwork.video.reading.opening import open_clip
from brushwork.video.run import VideoProgress, run
from brushwork.video.settings import STEADY, Settings

ROUNDS = 2
STAGES = ("decode", "motion", "stylise", "steady", "encode")


def prepare(source: str, folder: Path, size: int, frames: int) -> Path:
    """Write the first frames of a clip, scaled, as H.264, and return the file."""
    clip = open_clip(source)
    width, height = size, round(size * clip.height / clip.width / 2) * 2
    target = folder / "clip.mp4"
    with av.open(str(target), "w") as out:
        stream = out.add_stream("libx264", rate=Fraction(24), options={"crf": "18"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number, frame in enumerate(islice(clip.read(clip.start), frames)):
            shown = av.VideoFrame.from_ndarray(frame.pixels, "rgb24").reformat(width, height, "yuv420p")
            shown.pts, shown.time_base = number, Fraction(1, 24)
            out.mux(stream.encode(shown))
        out.mux(stream.encode(None))
    return target


def measure(clip: Path, style: str, steady: float, loaded: stylizer.Stylizer) -> tuple[VideoProgress, float]:
    """Return the fastest of several runs, and the least processor seconds per frame, which depends little on load."""
    runs = []
    for number in range(ROUNDS):
        before = time.process_time()
        target = clip.with_name(f"{steady}-{number}.mp4")
        *_, last = run(str(clip), target, lambda: loaded, Settings((style,), steady=steady))
        runs.append((last, (time.process_time() - before) / last.frames))
    return max((last for last, _ in runs), key=lambda each: each.rate), min(spent for _, spent in runs)


def main() -> None:
    """Print a table, and write the numbers to the file of --json."""
    parser = argparse.ArgumentParser(description="Speed of video end to end.")
    parser.add_argument("clip")
    parser.add_argument("style")
    parser.add_argument("--size", type=int, default=1280)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--model", help="name or folder of a model; default: that of videos")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    console = Console()
    machine = describe(2, {"av": av.__version__})
    show(console, machine)
    loaded = stylizer.load(model_folder.for_frames(arguments.model), precision=arguments.precision)
    with tempfile.TemporaryDirectory() as folder:
        clip = prepare(arguments.clip, Path(folder), arguments.size, arguments.frames)
        loaded.stylize(next(open_clip(str(clip)).read(0)).pixels / 255, loaded.embed(_style(arguments.style)))  # warm
        (single, alone), (steady, steadied) = (
            measure(clip, arguments.style, weight, loaded) for weight in (0.0, STEADY)
        )
    table = Table(f"{single.width} x {single.height}, {single.frames} frames", "frames/s", "processor", *STAGES)
    for name, each, spent in (("frame by frame", single, alone), ("stabilised", steady, steadied)):
        split = (f"{1000 * each.spent[stage] / each.frames:.0f} ms" for stage in STAGES)
        table.add_row(name, f"{each.rate:.2f}", f"{1000 * spent:.0f} ms", *split)
    console.print(table)
    more, work = single.rate / steady.rate - 1, steadied / alone - 1
    console.print(f"stabilisation takes {more:.0%} more time per frame, {work:.0%} more processor time")
    if arguments.json:
        values = {
            "machine": asdict(machine),
            "single": asdict(single),
            "steady": asdict(steady),
            "processor": [alone, steadied],
        }
        arguments.json.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _style(path: str) -> Image:
    return images.open(path).image


if __name__ == "__main__":
    main()
