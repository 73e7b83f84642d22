"""Measures the flicker of stylised clips: the temporal warping error, with and without stabilisation."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from brushwork import images
from brushwork.errors import UserError
from brushwork.evaluation.evaluate import loss_network, read, square
from brushwork.evaluation.metrics import geometric_mean, score
from brushwork.images import Image
from brushwork.images.levels import quantise
from brushwork.stylizer import Stylizer
from brushwork.video import pipeline
from brushwork.video.frame_painter import FramePainter
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.frames import VideoFrame, as_image
from brushwork.video.reading.opening import open_clip
from brushwork.video.temporal import optical_flow
from brushwork.video.temporal.flow_filling import Flow, Mask
from brushwork.video.timeline import Timeline

SCORED = 3  # frames of a clip whose style share is measured


@dataclass(frozen=True)
class FlowPair:
    """The flow from one frame to another, and the pixels that are visible in both.

    Attributes:
        here, there: Indices of the two frames.
        flow: Flow (H, W, 2) from each pixel of the first frame to its position in the second.
        visible: Whether a pixel (H, W) is visible in both frames.
    """

    here: int
    there: int
    flow: Flow
    visible: Mask


@dataclass(frozen=True)
class Steadiness:
    """The measurements of one clip in one style; errors are RMSE of values in [0, 1].

    Attributes:
        clip, style: Names of clip and style.
        frames: Number of rendered frames.
        content: Warping error of the content itself.
        single: Warping error of pastiches rendered frame by frame.
        steady: Warping error of stabilised pastiches.
        single_share, steady_share: Style shares of both, see `brushwork.evaluation.metrics.score`.
    """

    clip: str
    style: str
    frames: int
    content: float
    single: float
    steady: float
    single_share: float
    steady_share: float

    def values(self) -> dict[str, Any]:
        """Return the measurements as plain values."""
        return asdict(self)


def warping_error(frames: Sequence[Image], pairs: Sequence[FlowPair]) -> float:
    """Return the RMSE between pixels and the pixels that they become in another frame, over all pairs of frames.

    This is the measure of Lai et al. 2018, *Learning blind video temporal consistency*, section 4.2, with one mean over
    all visible pixels.

    Args:
        frames: Frames (H, W, 3) in [0, 1].
        pairs: Pairs of frames to compare, with the flow between them.
    """
    total, count = 0.0, 0
    for pair in pairs:
        moved = optical_flow.warp(frames[pair.there], pair.flow)
        difference = (moved - frames[pair.here])[pair.visible].astype(np.float64)
        total += float((difference**2).sum())
        count += difference.size
    return float(np.sqrt(total / max(1, count)))


def open_frames(name: str, count: int, size: int | None) -> tuple[list[VideoFrame], list[FlowPair]]:
    """Return the first frames of a clip, and pairs of them with the flow between them.

    A folder with files like ``flow_0002_0003.npz`` has true motion, here from its second frame to its third, and masks
    ``occlusions_0002`` and ``invalid_0002`` of excluded pixels, as in MPI-Sintel (Butler et al. 2012). The flow of
    other clips is estimated by dense inverse search in both directions, down to single pixels.

    Raises:
        UserError: If the clip cannot be read, or has fewer than two frames.
    """
    folder = Path(name)
    if folder.is_dir() and (flows := sorted(folder.glob("flow_*.npz"))):
        paths = sorted(folder.glob("frame_*"))
        numbers = {path.stem.split("_")[1]: place for place, path in enumerate(paths)}
        frames = [VideoFrame(quantise(images.open(path).image, 8), place, 1) for place, path in enumerate(paths)]
        return frames, [_true_flow(path, numbers) for path in flows]
    clip = open_clip(name, size=size)
    frames = list(islice(clip.read(clip.start), count))
    if len(frames) < 2:
        raise UserError(f"{name} has {len(frames)} frame; steadiness needs at least two")
    return frames, find_pairs(frames)


def _true_flow(path: Path, numbers: dict[str, int]) -> FlowPair:
    here, there = path.stem.split("_")[1:]
    flow = np.load(path)["flow"].astype(np.float32)
    hidden = [path.with_name(f"{kind}_{here}.png") for kind in ("occlusions", "invalid")]
    masks = [images.open(mask).image[..., 0] < 0.5 for mask in hidden if mask.exists()]
    return FlowPair(numbers[here], numbers[there], flow, np.logical_and.reduce([optical_flow.inside(flow), *masks]))


def find_pairs(frames: Sequence[VideoFrame], apart: int = 1) -> list[FlowPair]:
    """Return pairs of every frame and the one `apart` frames before it, with the estimated flow."""
    found = []
    for number in range(apart, len(frames)):
        places = (number, number - apart)
        here, there = (optical_flow.to_gray(frames[each].pixels, max(frames[0].pixels.shape)) for each in places)
        flow, back = (optical_flow.search(*planes, finest=0) for planes in ((here, there), (there, here)))
        visible = optical_flow.visible(flow, back)
        found.append(FlowPair(*places, flow, visible))
    return found


def steadiness(
    stylizer: Stylizer, clips: Sequence[str], styles: Sequence[Path], *, steady: float, count: int = 24,
    size: int | None = None,
) -> Iterator[Steadiness]:  # fmt: skip
    """Render the first frames of every clip in every style, with and without stabilisation, and measure both.

    Args:
        stylizer: The model.
        clips: Clips, see `open_frames`.
        styles: Style pictures.
        steady: See ``brushwork video --steady``.
        count: Number of frames of each clip.
        size: Limit of their long side in pixels.

    Raises:
        UserError: If a clip or a style cannot be read.
    """
    for name in clips:
        frames, pairs = open_frames(name, count, size)
        contents = [as_image(frame.pixels) for frame in frames]
        content = warping_error(contents, pairs)
        for path in styles:
            style = read(path)
            named = path.stem if stylizer.styles else style
            embedding = stylizer.embed(named, painted=max(contents[0].shape[:2]))
            single, stable = paint_both(frames, embedding, stylizer, steady)
            chosen = np.unique(np.linspace(1, len(frames) - 1, SCORED).round().astype(int))
            shares = [
                geometric_mean(share(pastiches[place], contents[place], style) for place in chosen)
                for pastiches in (single, stable)
            ]
            errors = [warping_error(pastiches, pairs) for pastiches in (single, stable)]
            yield Steadiness(_name(name), path.stem, len(frames), content, *errors, *shares)


def paint_both(
    frames: Sequence[VideoFrame], embedding: Any, stylizer: Stylizer, steady: float
) -> tuple[list[Image], list[Image]]:
    """Return pastiches (H, W, 3) in [0, 1] rendered frame by frame, and the same ones stabilised.

    Args:
        frames: The content.
        embedding: Style embedding (1, D).
        stylizer: The model.
        steady: Weight of the previous pastiche.
    """
    painted = list(paint(frames, embedding, stylizer))
    stable = pipeline.stabilise_frames(iter(painted), None, steady, pipeline.timer({}, "steady"))
    return _pastiches(painted), _pastiches(stable)


def paint(frames: Sequence[VideoFrame], embedding: Any, stylizer: Stylizer) -> Iterator[FrameState]:
    """Yield frames rendered one by one, with the motion that stabilisation needs."""
    states: Iterator[FrameState] = pipeline.with_styles(iter(frames), Timeline(embedding), 0, Fraction(1))
    states = pipeline.estimate_motion(states, None, True, pipeline.timer({}, "motion"))
    yield from pipeline.stylize_frames(states, None, FramePainter(stylizer), pipeline.timer({}, "stylise"))


def _pastiches(states: Any) -> list[Image]:
    last: Image | None = None
    found = []
    for state in states:
        last = state.pastiche if state.pastiche is not None else last
        assert last is not None
        found.append(last)
    return found


def share(pastiche: Image, content: Image, style: Image) -> float:
    """Return the style share of a pastiche, with all pictures cropped to squares of one size."""
    side = min(512, *content.shape[:2])
    pastiche, content, style = (square(image, side) for image in (pastiche, content, style))
    return score(pastiche, content, style, loss_network()).share


def _name(clip: str) -> str:
    path = Path(clip)
    return path.name if path.suffix else f"{path.parent.name}/{path.name}"


def table(records: Sequence[Steadiness]) -> str:
    """Return the measurements as a text table, with the means over the styles of each clip at the end."""
    rows: list[tuple[str, ...]] = [
        ("clip", "style", "content", "single", "steady", "ratio", "share single", "share steady")
    ]
    rows += [_row(each.clip, each.style, [each]) for each in records]
    rows += [_row(clip, "mean", [each for each in records if each.clip == clip]) for clip in _clips(records)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _clips(records: Sequence[Steadiness]) -> list[str]:
    return list(dict.fromkeys(each.clip for each in records))


def _row(clip: str, style: str, records: Sequence[Steadiness]) -> tuple[str, ...]:
    content, single, steady = (
        fmean(getattr(each, name) for each in records) for name in ("content", "single", "steady")
    )
    shares = (geometric_mean(getattr(each, name) for each in records) for name in ("single_share", "steady_share"))
    errors = (f"{error:.4f}" for error in (content, single, steady))
    return (clip, style, *errors, f"{steady / max(single, 1e-9):.2f}", *(f"{share:.3f}" for share in shares))
