"""Speed of style augmentation and of torchvision's ColorJitter and RandAugment, in pictures per second on one core.

    python -m benchmarks.augmentation --json augmentation.json

All are called on uint8 tensors in turns, so that a busy machine slows all of them. Without torchvision, its transforms
are omitted, and Pillow's enhancements replace ColorJitter.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from PIL import Image, ImageEnhance

from brushwork.augment import StyleAugmentation
from brushwork.evaluation.machine import describe_machine

SIDES = (64, 128, 224)
MODELS = ("brushwork-mobile", "brushwork")
ROUNDS = 5
Transform = Callable[[Any], Any]


def torchvision_transforms() -> dict[str, Transform]:
    """Return ColorJitter and RandAugment of torchvision; none if it is not installed."""
    # Builds for CUDA lack their compiled operators with a torch for CPUs; the transforms do not use these.
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    try:
        from torchvision.transforms import v2
    except ImportError:
        return {}
    return {"torchvision ColorJitter": v2.ColorJitter(0.4, 0.4, 0.4, 0.1), "torchvision RandAugment": v2.RandAugment()}


def pillow_jitter(picture: torch.Tensor) -> torch.Tensor:
    """Return a picture with random brightness, contrast and saturation, by Pillow."""
    image = Image.fromarray(picture.permute(1, 2, 0).numpy())
    for kind in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = kind(image).enhance(np.random.default_rng().uniform(0.6, 1.4))
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def rate(transform: Transform, pictures: torch.Tensor, seconds: float) -> float:
    """Return pictures per second of processor time."""
    done, start, spent = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds:
        transform(pictures)
        done += len(pictures) if pictures.ndim == 4 else 1
    return done / (time.process_time() - spent)


def main(
    seconds: Annotated[float, typer.Option(help="Seconds of each turn.")] = 1.0,
    batch: Annotated[int, typer.Option(help="Pictures of a batch.")] = 16,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the numbers to a file.")] = None,
) -> None:
    """Compare style augmentation with other augmentations, in one run."""
    torch.set_num_threads(1)
    single: dict[str, Transform] = {"Pillow brightness, contrast, colour": pillow_jitter, **torchvision_transforms()}
    batched: dict[str, Transform] = {}
    for model in MODELS:
        mixed, full = (StyleAugmentation(p=1, strength=each, seed=0, model=model) for each in ((0.3, 1), (1, 1)))
        single[f"StyleAugmentation, {model}"] = mixed
        batched[f"StyleAugmentation, {model}, batches of {batch}"] = mixed
        batched[f"StyleAugmentation, {model}, strength 1, batches of {batch}"] = full
    rows: dict[str, dict[int, float]] = {}
    for side in SIDES:
        pictures = torch.randint(256, (batch, 3, side, side), dtype=torch.uint8)
        turns: dict[str, list[float]] = {}
        for turn in range(ROUNDS + 1):
            for transforms, given in ((single, pictures[0]), (batched, pictures)):
                for name, transform in transforms.items():
                    speed = rate(transform, given, seconds)
                    if turn:  # the first warms up
                        turns.setdefault(name, []).append(speed)
        for name, found in turns.items():
            rows.setdefault(name, {})[side] = float(np.median(found))
    print(f"| pictures per second on one core | {' | '.join(f'{side} px' for side in SIDES)} |")
    print(f"|---|{'---|' * len(SIDES)}")
    for name, values in rows.items():
        print(f"| {name} | {' | '.join(f'{values[side]:,.0f}' for side in SIDES)} |")
    machine = describe_machine()
    print(machine)
    if json_file:
        json_file.write_text(json.dumps({"rows": rows, "machine": machine}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
