"""Effects of stabilisation on clips in many styles: errors over 1 and 10 frames, style, sharpness, ghosts and flicker.

    python -m benchmarks.steadiness cutBunny.mp4 davis_tennis --styles styles --frames 36 --size 400
    python -m benchmarks.steadiness noise_g4.mp4 --static --styles styles --frames 20

Numbers are ratios of stabilised frames to frames rendered one by one, except shares and static shots. `over 1` and
`over 10` are temporal warping errors; sharpness is the variance of the Laplacian and contrast the local deviation of
the last frames. `uncovered` measures ghosts: the mean difference from the frame rendered by itself, both blurred, where
the content was hidden in the previous frame. Static shots have the mean difference of consecutive frames in levels of
255.
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

LAST = 4  # last frames, whose sharpness and contrast are compared
WINDOW = 17  # side in pixels of the window of local contrast
GHOST_BLUR = 3.0


@dataclass
class Row:
    """The measurements of a clip in a style; None if it has too few frames."""

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
    """Mean differences of consecutive frames of a static shot in levels of 255: content, one by one, stabilised."""

    clip: str
    style: str
    content: float
    single: float
    steady: float


def render(
    name: str, style: Path, states: Sequence[FrameState], loaded: stylizer.Stylizer, cache: Path | None
) -> list[Image]:
    """Return all frames rendered one by one, from the cache if they are stored there."""
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


def stabilise(states: Sequence[FrameState], pastiches: Sequence[Image], steady: float) -> list[Image]:
    """Return the stabilised pastiches (H, W, 3) of frames."""
    given = (replace(state, pastiche=pastiche) for state, pastiche in zip(states, pastiches, strict=True))
    done = pipeline.stabilise_frames(given, None, steady, pipeline.timer({}, "steady"))
    return [state.pastiche for state in done if state.pastiche is not None]


def sharpness(image: Image) -> float:
    """Return the variance of the Laplacian of an image (H, W, 3), in grey."""
    return float(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var())


def contrast(image: Image) -> float:
    """Return the mean local deviation of an image (H, W, 3), in grey."""
    gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float32)
    mean, square = (cv2.blur(each, (WINDOW, WINDOW)) for each in (gray, gray * gray))
    return float(np.sqrt(np.maximum(square - mean * mean, 0)).mean())


def ghosts(single: Sequence[Image], stable: Sequence[Image], pairs: Sequence[FlowPair]) -> float | None:
    """Return the mean difference of both where the content was hidden in the previous frame; None if nothing was."""
    found = []
    for pair in (pair for pair in pairs if not pair.visible.all()):
        one, other = (cv2.GaussianBlur(each[pair.here], (0, 0), GHOST_BLUR) for each in (single, stable))
        found.append(np.abs(one - other)[~pair.visible])
    return float(np.concatenate(found).mean()) if found else None


def measure(
    name: str, styles: Sequence[Path], loaded: stylizer.Stylizer, choices: argparse.Namespace
) -> Iterator[Row | Still]:
    """Render a clip in every style, and compare the frames with stabilised ones."""
    frames, pairs = steadiness.open_frames(name, choices.frames, choices.size)
    contents = [as_image(frame.pixels) for frame in frames]
    backwards = pairs if pairs[0].there < pairs[0].here else steadiness.find_pairs(frames)
    far = steadiness.find_pairs(frames, 10) if len(frames) > 10 and not choices.static else []
    plain = (FrameState(frame.pixels, frame.pts, frame.duration, np.zeros((1, 1), np.float32)) for frame in frames)
    states = list(pipeline.estimate_motion(plain, None, True, pipeline.timer({}, "motion")))
    for style in styles:
        single = render(name, style, states, loaded, choices.cache)
        stable = stabilise(states, single, choices.steady)
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
    """Return the mean difference of consecutive frames in levels of 255."""
    return 255 * fmean(float(np.abs(one - other).mean()) for one, other in pairwise(frames))


def tables(rows: Sequence[Row | Still]) -> Iterator[Table]:
    """Yield a table of the measurements of moving clips, and one of static shots."""
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
    parser = argparse.ArgumentParser(description="Effects of stabilisation on clips in many styles.")
    parser.add_argument("clips", nargs="+")
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="style pictures")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--size", type=int)
    parser.add_argument("--steady", type=float, default=STEADY)
    parser.add_argument("--static", action="store_true", help="the clips are static shots with grain")
    parser.add_argument("--no-share", action="store_true", help="omit the style share, which needs torch")
    parser.add_argument("--model", default="brushwork-mobile")
    parser.add_argument("--cache", type=Path, help="folder of rendered frames, for runs with another stabilisation")
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
