"""The sample grid, pastiches of contents in styles, with which people follow a training run."""

import torch
from torch.nn import functional as F

from brushwork.images import Image
from brushwork.networks import PasticheNetwork
from brushwork.training.data import Batch

SIDE = 128
GAP = 4


@torch.no_grad()
def draw_grid(network: PasticheNetwork, batch: Batch, shift: int = 0, contents: int = 4, styles: int = 6) -> Image:
    """Return an image: the first contents of a batch in the top row; below, different styles and their pastiches."""
    first = {number: index for index, number in reversed(list(enumerate(batch.style_number.tolist())))}
    chosen = sorted(first.values())[:styles]
    content, style, numbers = batch.content[:contents], batch.style[chosen], batch.style_number[chosen]
    if network.config.styles:
        embeddings = F.one_hot(numbers + shift, len(network.config.styles)).float()
    else:
        embeddings = network.embed(style)
    rows = [torch.cat([torch.ones_like(_cells(style[:1])), _cells(content)])]
    for picture, embedding in zip(style, embeddings, strict=True):
        # One by one, so that a grid needs no more memory than training.
        pastiches = [network(one[None], embedding[None]) for one in content]
        rows.append(torch.cat([_cells(picture[None]), _cells(torch.cat(pastiches))]))
    cells = torch.stack(rows)  # (R, C, 3, SIDE + GAP, SIDE + GAP)
    height, width = (cells.shape[i] * cells.shape[i + 3] for i in (0, 1))
    image: Image = cells.permute(0, 3, 1, 4, 2).reshape(height, width, 3).cpu().numpy()
    return image


def _cells(images: torch.Tensor) -> torch.Tensor:
    """Return images (B, 3, SIDE + GAP, SIDE + GAP) of (B, 3, H, W), resized, with white gaps."""
    resized = F.interpolate(images.float(), size=(SIDE, SIDE), mode="bilinear", antialias=True).clamp(0, 1)
    return F.pad(resized, (0, GAP, 0, GAP), value=1.0)
