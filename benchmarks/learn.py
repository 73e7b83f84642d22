"""Gain of `brushwork styles learn` on unseen photos: style share and content loss by style.

    python -m benchmarks.learn --styles validation/style --contents validation/content --json learn.json \
        --report docs/reports/learned-styles.md

Each style is learned on the shipped photos; its pastiches of photos of a folder, squares of 512 pixels, are scored
before and after. Styles in the JSON file are not learned again, so a run may be interrupted: Ctrl-C prints the table
of the styles so far.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import mean
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from torch import Tensor

from brushwork import atomic, images, model_folder, stylizer
from brushwork.evaluation.artefacts import artefact_score
from brushwork.evaluation.evaluate import square
from brushwork.images import Image, fit_short
from brushwork.losses import PerceptualLoss
from brushwork.losses.stripes import stripe_power
from brushwork.networks.deep import deepen
from brushwork.networks.transfer import StyleTransferNetwork
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer
from brushwork.training.learn_style import PHOTOS, STYLE_SCALE, learn

LAYER = "style/"
SEED = 23  # of the sample
SIZE = 512  # pixels of the squares that are scored
# Measured of predicted and of learned styles: style share, content loss, grid of upsampling, stripes in plain areas.
SCORES = ("share", "content", "artefact", "stripes")
COLUMNS = (
    "style",
    "seconds",
    "steps",
    "share predicted",
    "learned",
    "",
    "content loss predicted",
    "learned",
    "artefact",
    "stripes",
)
BEGIN, END = "<!-- table of benchmarks.learn -->", "<!-- end of the table -->"


def tensor(image: Image) -> Tensor:
    """Return an image (H, W, 3) as a tensor (1, 3, H, W), its sides cut to multiples of 4."""
    height, width = (side // 4 * 4 for side in image.shape[:2])
    return torch.from_numpy(np.ascontiguousarray(image[:height, :width])).permute(2, 0, 1)[None].contiguous()


@torch.no_grad()
def evaluate(
    styles: Sequence[tuple[StyleTransferNetwork, Array]], style: Image, contents: Sequence[Image], loss: PerceptualLoss
) -> list[list[float]]:
    """Return for each network with its embedding the means of the `SCORES`; the share is geometric over the layers."""
    target = loss.style_target(tensor(fit_short(style, STYLE_SCALE)))
    rows = []
    for content in map(tensor, contents):
        features = loss.content_target(content)
        untouched = loss.compare(content, features, target)
        for network, embedding in styles:
            pastiche = network(content, torch.from_numpy(embedding))
            painted = loss.compare(pastiche, features, target)
            logs = [(painted[name] / untouched[name]).log().item() for name in painted if name.startswith(LAYER)]
            artefact = artefact_score(pastiche[0].permute(1, 2, 0).numpy())
            stripes = stripe_power(pastiche, content).item()
            rows.append([float(np.exp(np.mean(logs))), painted["content"].item(), artefact, stripes])
    means: list[list[float]] = np.mean(np.reshape(rows, (len(contents), len(styles), -1)), axis=0).tolist()
    return means


def measure(
    path: Path,
    contents: Sequence[Image],
    seconds: float,
    deep: bool,
    clock: Callable[[], float],
    painter: Stylizer,
    network: StyleTransferNetwork,
    loss: PerceptualLoss,
) -> dict[str, Any]:
    """Learn a style, and return the seconds, the number of steps, and the scores before and after."""
    style = images.open(path).on_white
    start = painter.embed(style, painted=SIZE)
    photos = [images.open(photo).on_white for photo in images.find(PHOTOS)]
    begun = clock()
    found = learn(network, start, style, photos, seconds, deep=deep, clock=clock)
    if clock() - begun < seconds:  # Ctrl-C, which ends learning with the result so far
        raise KeyboardInterrupt
    learned = deepen(network) if deep else network
    before, after = evaluate([(network, start), (learned, found.embedding[None])], style, contents, loss)
    scores = dict(zip(SCORES, zip(before, after, strict=True), strict=True))
    return {"style": path.stem, "seconds": round(seconds), "steps": found.steps, **scores}


def table(known: Sequence[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Yield a row of each style, the means of the ratios, and the ratios of the means."""

    def row(name: str, spent: tuple[str, str], pairs: Sequence[Sequence[float]]) -> tuple[str, ...]:
        (before, after), (first, last), (grid, new_grid), (stripes, new_stripes) = pairs
        ratios = f"x {after / before:.2f}", f"{first:,.0f}", f"x {last / first:.2f}"
        artefacts = f"{grid:.2f}, {new_grid:.2f}", f"x {new_stripes / stripes:.2f}"
        return name, *spent, f"{before:.3f}", f"{after:.3f}", *ratios, *artefacts

    for each in known:
        yield row(each["style"], (str(each.get("seconds", "")), str(each["steps"])), [each[name] for name in SCORES])
    means = [[mean(each[name][at] for each in known) for at in (0, 1)] for name in SCORES]
    yield row(f"mean of {len(known)}", ("", ""), means)
    ratios = [mean(each[name][1] / each[name][0] for each in known) for name in SCORES]
    yield "mean of the ratios", "", "", "", "", f"x {ratios[0]:.2f}", "", f"x {ratios[1]:.2f}", "", f"x {ratios[3]:.2f}"


def write(report: Path, rows: Sequence[tuple[str, ...]]) -> None:
    """Replace the table of a report, between the lines `BEGIN` and `END`."""
    text = report.read_text(encoding="utf-8")
    lines = ["| " + " | ".join(row) + " |" for row in (COLUMNS, ("---",) * len(COLUMNS), *rows)]
    head, tail = text.index(BEGIN) + len(BEGIN), text.index(END)
    report.write_text(f"{text[:head]}\n" + "\n".join(lines) + f"\n{text[tail:]}", encoding="utf-8")


def main(
    styles: Annotated[Path, typer.Option(help="Folder of style pictures.")],
    contents: Annotated[Path, typer.Option(help="Folder of photos for the scores.")],
    minutes: Annotated[float, typer.Option(help="Minutes for each style.")] = 5,
    plain: Annotated[bool, typer.Option("--plain", help="Learn only the embedding.")] = False,
    cpu: Annotated[bool, typer.Option("--cpu", help="Count processor time, for a busy machine.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Parts of names; default: all styles.")] = None,
    sample: Annotated[int | None, typer.Option(help="Number of styles, at random; default: all.", min=1)] = None,
    photos: Annotated[int, typer.Option(help="Number of photos, spread over the folder.", min=1)] = 6,
    json_file: Annotated[Path | None, typer.Option("--json", help="File for the numbers, after each style.")] = None,
    report: Annotated[Path | None, typer.Option(help="Report whose table is replaced.")] = None,
) -> None:
    """Learn each style that the JSON file does not hold yet, and print the table."""
    known = json.loads(json_file.read_text(encoding="utf-8")) if json_file and json_file.is_file() else []
    files = images.find(contents)
    scored = [square(images.open(path).on_white, SIZE) for path in files[:: max(1, len(files) // photos)][:photos]]
    painter, loss = stylizer.load(), PerceptualLoss()
    network = model_folder.load_network(model_folder.find()).transfer.eval()
    paths = [path for path in images.find(styles) if only is None or any(part in path.stem for part in only)]
    chosen = random.Random(SEED).sample(paths, min(sample, len(paths))) if sample else paths
    done = {each["style"] for each in known}
    clock = time.process_time if cpu else time.monotonic
    with suppress(KeyboardInterrupt):
        for path in (path for path in chosen if path.stem not in done):
            known.append(measure(path, scored, 60 * minutes, not plain, clock, painter, network, loss))
            if json_file:
                atomic.write_text(json_file, json.dumps(known, indent=1) + "\n")
    if not known:
        return
    rows = list(table(known))
    console = Table(*COLUMNS)
    for row in rows:
        console.add_row(*row)
    Console(width=120).print(console)
    if report:
        write(report, rows)


if __name__ == "__main__":
    typer.run(main)
