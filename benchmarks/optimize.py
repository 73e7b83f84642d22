"""Style share and content loss of `brushwork optimize`, by the published raw losses.

    python -m benchmarks.optimize --contents photos --styles paintings --pairs 4
    python -m benchmarks.optimize --contents photos --styles swirls.jpg --model runs/single-style-cpu --style-weight 5

Content i is paired with style 7 i. The style share of a layer is the pastiche's raw style loss over the untouched
content's; content loss is the raw mean squared difference at relu3_3 (Ghiasi et al. 2017, as published). Styles are
used and scored at a short side of at most `--size`. With `--model`, the last column is the ratio of the model's total
loss, as minimised for the pixels, to that of the optimised pixels.
"""

import math
import time
from collections import deque
from pathlib import Path
from statistics import fmean
from typing import Annotated

import torch
import typer
from rich.console import Console
from torch import Tensor

from brushwork import images
from brushwork.images import Image
from brushwork.losses import GHIASI2017, LossWeights, PerceptualLoss
from brushwork.runtime.pytorch import TorchRuntime
from brushwork.stylizer import Stylizer
from brushwork.training import student
from brushwork.training.optimize import optimize
from brushwork.training.optimize_settings import OptimizeSettings

LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
STRIDE = 7
SHARE, CONTENT = 0.04, 3e4  # the goals


def tensor(image: Image) -> Tensor:
    """Return an image (H, W, 3) as a tensor (1, 3, H, W)."""
    return torch.tensor(image).permute(2, 0, 1)[None]


@torch.no_grad()
def evaluate(loss: PerceptualLoss, content: Image, style: Image, pastiche: Image) -> tuple[list[float], float]:
    """Return the style share of each layer, and the content loss."""
    target, grams = loss.content_target(tensor(content)), loss.style_target(tensor(style))
    before, after = (loss.compare(tensor(image), target, grams) for image in (content, pastiche))
    return [(after[f"style/{layer}"] / before[f"style/{layer}"]).item() for layer in LAYERS], after["content"].item()


def load(model: str) -> Stylizer:
    """Return the stylizer of a run, checkpoint or model, on the CPU."""
    network = student.load(model)
    return Stylizer(TorchRuntime(network), styles=network.config.styles)


def ratio(loss: PerceptualLoss, stylizer: Stylizer, content: Image, style: Image, pastiche: Image) -> float:
    """Return the ratio of the model's total loss to that of the optimised pastiche."""
    embedding = stylizer.embed(stylizer.styles[0] if stylizer.styles else style)
    painted = stylizer.stylize(content, embedding)
    with torch.no_grad():
        model, pixels = (
            loss(tensor(one), tensor(content), tensor(style))["total"].item() for one in (painted, pastiche)
        )
    return float(model / pixels)


def main(
    contents: Annotated[Path, typer.Option(help="Folder of contents.")],
    styles: Annotated[Path, typer.Option(help="Folder of styles, or one style.")],
    pairs: Annotated[int, typer.Option(help="Number of pairs.", min=1)] = 4,
    first: Annotated[int, typer.Option(help="Number of the first content.", min=0)] = 0,
    size: Annotated[int, typer.Option(help="Limit of the long side, and of a style's short side.")] = 512,
    steps: Annotated[int, typer.Option(help="Steps at each size.")] = OptimizeSettings.steps,
    style_weight: Annotated[
        float, typer.Option(help="Weight of the style relative to the content.")
    ] = OptimizeSettings.style_weight,
    optimizer: Annotated[str, typer.Option(help="lbfgs or adam.")] = OptimizeSettings.optimizer,
    start: Annotated[str, typer.Option(help="content or noise.")] = OptimizeSettings.start,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "cpu",
    threads: Annotated[int, typer.Option(help="Number of CPU threads.", min=1)] = 2,
    model: Annotated[str | None, typer.Option(help="Run, checkpoint or model to compare with.")] = None,
    save: Annotated[Path | None, typer.Option(help="Folder for content, style and pastiche as PNG files.")] = None,
) -> None:
    """Measure the style loss and content loss of optimised pixels."""
    torch.set_num_threads(threads)
    settings = OptimizeSettings(
        size=size, style_size=size, steps=steps, style_weight=style_weight,
        optimizer=optimizer, start=start, device=device,
    )  # fmt: skip
    console = Console(highlight=False, width=120)
    console.print(f"{settings}\ntorch {torch.__version__}, {threads} threads\n")
    console.print("pair   ", *LAYERS, "   mean  content loss  seconds  CPU seconds", "  model" * bool(model))
    loss, minimised = PerceptualLoss(GHIASI2017), PerceptualLoss(LossWeights(style=style_weight))
    stylizer = load(model) if model else None
    sources, paintings = images.find(contents), [styles] if styles.is_file() else images.find(styles)
    means, distances, ratios = [], [], []
    for number in range(first, first + pairs):
        index = number % len(sources), number * STRIDE % len(paintings)
        content = images.open(sources[index[0]], size=size).image
        style = images.fit_short(images.open(paintings[index[1]]).image, size)
        wall, cpu = time.perf_counter(), time.process_time()
        (last,) = deque(optimize(content, [style], settings=settings), maxlen=1)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        shares, distance = evaluate(loss, content, style, last.pastiche)
        means.append(math.exp(fmean(map(math.log, shares))))
        distances.append(distance)
        row = "".join(f"{share:8.3f}" for share in (*shares, means[-1]))
        if stylizer:
            ratios.append(ratio(minimised, stylizer, content, style, last.pastiche))
        last_ratio = f"  {ratios[-1]:6.2f}" if ratios else ""
        console.print(f"{index[0]:2} x {index[1]:2}{row}  {distance:12,.0f}  {wall:7.0f}  {cpu:11.0f}{last_ratio}")
        if save:
            for role, image in {"content": content, "style": style, "pastiche": last.pastiche}.items():
                images.save(image, save / f"{number:02}-{role}.png", overwrite=True)
    mean = math.exp(fmean(map(math.log, means)))
    console.print(f"all{mean:36.3f}  {fmean(distances):14,.0f}   (goals: {SHARE} and {CONTENT:,.0f})")
    if ratios:
        console.print(f"the model's total loss is {fmean(ratios):.2f} times that of the optimised pixels")


if __name__ == "__main__":
    typer.run(main)
