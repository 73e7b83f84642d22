"""What stabilisation does to a clip in many styles: errors over 1 and 10 frames, style, sharpness, ghosts and flicker.

    python -m benchmarks.steadiness cutBunny.mp4 davis_tennis --styles styles --frames 36 --size 400
    python -m benchmarks.steadiness noise_g4.mp4 --static --styles styles --frames 20

Numbers are those of stabilised frames over those painted one by one, but for shares and for what is static. `over 1`
and `over 10` are temporal warping errors; sharpness is the variance of the Laplacian, and contrast the local deviation,
of the last frames; `uncovered` is the mean difference from the frame painted by itself, both blurred, where the content
was hidden a frame before: ghosts. Of a static shot consecutive frames differ by so many levels of 255 in the mean.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.machine import describe, show
from brushwork import stylizer
from brushwork.evaluation import steadiness
from brushwork.evaluation.evaluate import read
from brushwork.evaluation.metrics import geometric_mean
from brushwork.evaluation.steadiness import FlowPair
from brushwork.images import Image
from brushwork.video import pipeline
from brushwork.video.frame_painter import FramePainter
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.frames import as_image
from brushwork.video.settings import STEADY

LAST = 4  # frames at the end whose sharpness and contrast are compared
WINDOW = 17  # pixels of a window of local contrast
GHOST_BLUR = 3.0


@dataclass
class Row:
    """What was measured on a clip in a style; None where it has too few frames."""

    clip: str
    style: str
    frames: int
    single: float
    over_1: float
    over_10: float | None
    single_share: float
    steady_share: float
    sharpness: float
    contrast: float
    uncovered: float | None


@dataclass
class Still:
    """Mean difference of consecutive frames of a static shot, in levels of 255: content, one by one, stabilised."""

    clip: str
    style: str
    content: float
    single: float
    steady: float


def painted(
    name: str, style: Path, states: Sequence[FrameState], loaded: stylizer.Stylizer, cache: Path | None
) -> list[Image]:
    """All frames, painted one by one; from the cache where they are in it."""
    side = max(states[0].pixels.shape)
    path = cache / f"{Path(name).name}-{style.stem}-{len(states)}-{side}.npy" if cache else None
    if path and path.exists():
        return list(np.load(path))
    painter, embedding = FramePainter(loaded), loaded.embed(read(style), painted=side)
    done = (painter.paint(replace(state, embedding=embedding), None).pastiche for state in states)
    found = [pastiche for pastiche in done if pastiche is not None]
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.stack(found))
    return found


def stabilised(states: Sequence[FrameState], pastiches: Sequence[Image], steady: float) -> list[Image]:
    """The pastiches (H, W, 3) of frames, stabilised."""
    given = (replace(state, pastiche=pastiche) for state, pastiche in zip(states, pastiches, strict=True))
    done = pipeline.stabilise_frames(given, None, steady, pipeline.timer({}, "steady"))
    return [state.pastiche for state in done if state.pastiche is not None]


def sharpness(image: Image) -> float:
    """The variance of the Laplacian of an image (H, W, 3), in grey."""
    return float(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var())


def contrast(image: Image) -> float:
    """The mean local deviation of an image (H, W, 3), in grey."""
    gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float32)
    mean, square = (cv2.blur(each, (WINDOW, WINDOW)) for each in (gray, gray * gray))
    return float(np.sqrt(np.maximum(square - mean * mean, 0)).mean())


def ghosts(single: Sequence[Image], stable: Sequence[Image], pairs: Sequence[FlowPair]) -> float | None:
    """The mean difference of both where the content was hidden in the frame before; None where nothing was."""
    found = []
    for pair in (pair for pair in pairs if not pair.visible.all()):
        one, other = (cv2.GaussianBlur(each[pair.here], (0, 0), GHOST_BLUR) for each in (single, stable))
        found.append(np.abs(one - other)[~pair.visible])
    return float(np.concatenate(found).mean()) if found else None


def measure(
    name: str, styles: Sequence[Path], loaded: stylizer.Stylizer, choices: argparse.Namespace
) -> Iterator[Row | Still]:
    """Paint a clip in every style, and compare the frames with those that are stabilised."""
    frames, pairs = steadiness.open_frames(name, choices.frames, choices.size)
    contents = [as_image(frame.pixels) for frame in frames]
    backwards = pairs if pairs[0].there < pairs[0].here else steadiness.find_pairs(frames)
    far = steadiness.find_pairs(frames, 10) if len(frames) > 10 and not choices.static else []
    plain = (FrameState(frame.pixels, frame.pts, frame.duration, np.zeros((1, 1), np.float32)) for frame in frames)
    states = list(pipeline.estimate_motion(plain, None, True, pipeline.timer({}, "motion")))
    for style in styles:
        single = painted(name, style, states, loaded, choices.cache)
        stable = stabilised(states, single, choices.steady)
        if choices.static:
            yield Still(Path(name).name, style.stem, *map(flicker, (contents, single, stable)))
            continue
        near = [steadiness.warping_error(each, pairs) for each in (single, stable)]
        ten = [steadiness.warping_error(each, far) for each in (single, stable)] if far else None
        chosen = sorted({1, len(frames) // 2, len(frames) - 1})
        shares = [0.0, 0.0]
        if not choices.no_share:
            picture = read(style)
            shares = [
                geometric_mean(steadiness.share(each[place], contents[place], picture) for place in chosen)
                for each in (single, stable)
            ]
        last = [(one, other) for one, other in zip(single, stable, strict=True)][-LAST:]
        sharp, local = (fmean(of(other) / of(one) for one, other in last) for of in (sharpness, contrast))
        over_10 = ten[1] / ten[0] if ten else None
        yield Row(
            Path(name).name, style.stem, len(frames), near[0], near[1] / near[0], over_10, shares[0], shares[1], sharp,
            local, ghosts(single, stable, backwards),
        )  # fmt: skip


def flicker(frames: Sequence[Image]) -> float:
    """The mean difference of consecutive frames, in levels of 255."""
    return 255 * fmean(float(np.abs(one - other).mean()) for one, other in pairwise(frames))


def tables(rows: Sequence[Row | Still]) -> Iterator[Table]:
    """A table of what was measured of moving clips, and one of static shots."""
    for kind in (Row, Still):
        chosen = [asdict(row) for row in rows if isinstance(row, kind)]
        if chosen:
            table = Table(*(name.replace("_", " ") for name in chosen[0]))
            for values in chosen:
                table.add_row(*map(_cell, values.values()))
            yield table


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def main() -> None:
    """Print the tables, and write the numbers to the file of --json."""
    parser = argparse.ArgumentParser(description="What stabilisation does to clips in many styles.")
    parser.add_argument("clips", nargs="+")
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="style pictures")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--size", type=int)
    parser.add_argument("--steady", type=float, default=STEADY)
    parser.add_argument("--static", action="store_true", help="the clips are static shots with grain")
    parser.add_argument("--no-share", action="store_true", help="leave out the style share, which needs torch")
    parser.add_argument("--model", default="brushwork-mobile")
    parser.add_argument("--cache", type=Path, help="folder of painted frames, for other ways to stabilise them")
    parser.add_argument("--json", type=Path)
    choices = parser.parse_args()
    console = Console(width=160)
    show(console, describe(2, {}))
    loaded = stylizer.load(choices.model)
    rows = [row for clip in choices.clips for row in measure(clip, choices.styles, loaded, choices)]
    for table in tables(rows):
        console.print(table)
    if choices.json:
        choices.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
