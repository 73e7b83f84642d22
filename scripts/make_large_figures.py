"""Write the figures of docs/guide/large-pictures.md (extra torch).

python scripts/make_large_figures.py strokes
python scripts/make_large_figures.py regions
"""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
import typer
from torch import Tensor
from torch.nn import functional as F

import brushwork
from brushwork import images, model_folder
from brushwork.networks.normalization import EPSILON
from brushwork.rendering.regions import Region
from brushwork.runtime import Array

ROOT = Path(__file__).parent.parent
MODEL = model_folder.DEFAULT_MODEL


def example(name: str) -> Array:
    """Return an example picture."""
    return brushwork.open(ROOT / "examples" / f"{name}.jpg").image


def strokes() -> None:
    """Draw rows for the network's own strokes, 0.5, 1, 2 and 4, and columns for 512, 2048 and 8192 pixels."""
    stylizer = brushwork.load(MODEL)
    embedding, photo = stylizer.embed(example("swirls")), example("rocket")
    rows = []
    for stroke in ("own", 0.5, 1, 2, 4):
        row = []
        for side in (512, 2048, 8192):
            content = images.resize(photo, (round(side * photo.shape[0] / photo.shape[1]), side))
            tile = "fast" if side == 8192 else "never"
            pastiche = stylizer.stylize(content, embedding, stroke=stroke, tile=tile)
            row.append(images.resize(pastiche, (214, 320)))
        rows.append(np.concatenate(row, axis=1))
    images.save(np.concatenate(rows), ROOT / "docs/figures/strokes.jpg", quality=68, overwrite=True)


class RegionStatistics:
    """Normalises each region by its own mean and variance, unlike brushwork; masks (1, K, H, W)."""

    def __init__(self, masks: Tensor) -> None:
        self.masks = masks

    def __call__(self, features: Tensor) -> Tensor:
        """Return normalised features (1, C, h, w)."""
        normalised = torch.zeros_like(features)
        for mask in F.interpolate(self.masks, features.shape[2:], mode="area").split(1, dim=1):
            total = mask.sum()
            mean = (mask * features).sum(dim=(2, 3), keepdim=True) / total
            variance = (mask * (features - mean).square()).sum(dim=(2, 3), keepdim=True) / total
            normalised += mask * (features - mean) * torch.rsqrt(variance + EPSILON)
        return normalised


def regions() -> None:
    """Draw the photo, two styles with whole-picture and per-region statistics, and one style with the photo."""
    stylizer = brushwork.load(MODEL, precision="f32")
    photo = images.resize(example("rocket"), (427, 640))
    height, width = photo.shape[:2]
    soft = np.clip((np.arange(width, dtype=np.float32) - 0.45 * width) / (0.1 * width), 0, 1)
    mask = np.tile(soft, (height, 1))
    left, right = (stylizer.embed(example(name)) for name in ("ink", "glass"))
    whole = stylizer.stylize(photo, left, regions=[Region(mask, right)])
    network = model_folder.load_network(model_folder.find(MODEL))
    masks = torch.from_numpy(np.stack((mask, 1 - mask))[None])
    embeddings = torch.from_numpy(np.stack((right, left), axis=1))
    content = torch.from_numpy(photo).permute(2, 0, 1)[None]
    with torch.inference_mode():
        each = network.transfer(content, embeddings, RegionStatistics(masks), masks)[0].permute(1, 2, 0).numpy()
    kept = stylizer.stylize(photo, None, regions=[Region(mask, right)])
    row = [images.resize(image, (214, 320)) for image in (photo, whole, each, kept)]
    images.save(np.concatenate(row, axis=1), ROOT / "docs/figures/regions.jpg", quality=88, overwrite=True)


def main(figure: Annotated[Literal["strokes", "regions"], typer.Argument(help="Figure to write.")]) -> None:
    """Write a figure."""
    {"strokes": strokes, "regions": regions}[figure]()


if __name__ == "__main__":
    typer.run(main)
