"""What `brushwork styles learn` gains on photos that it never saw: style share and content loss, style by style.

    python -m benchmarks.learn --styles validation/style --contents validation/content --minutes 5 --json learn.json

Each style is learned for so long on the photos that are shipped; its pastiches of the first photos of a folder are
judged at 256 pixels before and after. Styles that the JSON file has are not learned again, so a run may be interrupted.
"""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from torch import Tensor

from brushwork import images, model_folder, stylizer
from brushwork.images import Image, fit_short
from brushwork.losses import PerceptualLoss
from brushwork.networks.deep import deepen
from brushwork.networks.transfer import StyleTransferNetwork
from brushwork.runtime import Array
from brushwork.training.learn_style import PHOTOS, SCALE, learn

LAYER = "style/"


def tensor(image: Image) -> Tensor:
    """Torch's image (1, 3, H, W), its sides multiples of 4."""
    height, width = (side // 4 * 4 for side in image.shape[:2])
    return torch.from_numpy(np.ascontiguousarray(image[:height, :width])).permute(2, 0, 1)[None].contiguous()


@torch.no_grad()
def judge(
    network: StyleTransferNetwork, embedding: Array, style: Image, contents: Sequence[Image], loss: PerceptualLoss
) -> tuple[float, float]:
    """Mean style share (geometric over the layers) and mean content loss of pastiches."""
    target = loss.style_target(tensor(fit_short(style, SCALE)))
    shares, kept = [], []
    for content in map(tensor, contents):
        aim = loss.content_target(content)
        untouched, painted = (
            loss.compare(image, aim, target) for image in (content, network(content, torch.from_numpy(embedding)))
        )
        logs = [
            (painted[name].log() - untouched[name].log()).item() for name in painted if name.startswith(LAYER)
        ]  # fmt: skip
        shares.append(float(np.exp(np.mean(logs))))
        kept.append(painted["content"].item())
    return mean(shares), mean(kept)


def learned(
    path: Path, contents: Sequence[Image], seconds: float, deep: bool, clock: Callable[[], float], loss: PerceptualLoss
) -> dict[str, Any]:  # fmt: skip
    """Share and content loss of one style, predicted and learned, and the steps it took."""
    painter, folder = stylizer.load(), model_folder.find()
    network = model_folder.load_network(folder).transfer.eval()
    style = images.open(path).on_white
    start = painter.embed(style, SCALE)
    photos = [fit_short(images.open(photo).on_white, 320) for photo in images.find(PHOTOS)]
    found = learn(network, start, style, photos, seconds, deep=deep, clock=clock)
    before = judge(network, start, style, contents, loss)
    after = judge(deepen(network) if deep else network, found.embedding[None], style, contents, loss)
    return {"style": path.stem, "steps": found.steps, "share": (before[0], after[0]), "content": (before[1], after[1])}


def main(
    styles: Annotated[Path, typer.Option(help="Folder of style pictures.")],
    contents: Annotated[Path, typer.Option(help="Folder of photos to judge on.")],
    minutes: Annotated[float, typer.Option(help="For each style.")] = 5,
    plain: Annotated[bool, typer.Option("--plain", help="The embedding alone.")] = False,
    cpu: Annotated[bool, typer.Option("--cpu", help="Minutes of the processor, as on a busy machine.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Parts of names; else all styles.")] = None,
    photos: Annotated[int, typer.Option(help="Photos to judge on, spread over the folder.", min=1)] = 6,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where the numbers go, after each style.")] = None,
) -> None:
    """Print one line for each style, and the means."""
    known = json.loads(json_file.read_text(encoding="utf-8")) if json_file and json_file.is_file() else []
    places = images.find(contents)
    judged = [
        fit_short(images.open(path).on_white, SCALE) for path in places[:: max(1, len(places) // photos)][:photos]
    ]
    loss = PerceptualLoss()
    for path in images.find(styles):
        wanted = only is None or any(part in path.stem for part in only)
        if wanted and path.stem not in {each["style"] for each in known}:
            clock = time.process_time if cpu else time.monotonic
            known.append(learned(path, judged, 60 * minutes, not plain, clock, loss))
            if json_file:
                json_file.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    table = Table("style", "steps", "share predicted", "learned", "ratio", "content predicted", "ratio")
    for each in known:
        (before, after), (first, last) = each["share"], each["content"]
        cells = f"{before:.3f}", f"{after:.3f}", f"{after / before:.2f}", f"{first:,.0f}", f"{last / first:.3f}"
        table.add_row(each["style"], str(each["steps"]), *cells)
    ratios = [[each[name][1] / each[name][0] for each in known] for name in ("share", "content")]
    table.add_row("mean", "", "", "", f"{mean(ratios[0]):.2f}", "", f"{mean(ratios[1]):.3f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    typer.run(main)
