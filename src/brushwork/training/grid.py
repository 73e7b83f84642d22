"""The sample grid: contents by styles, to look at while a network learns."""

import torch
from torch.nn import functional as F

from brushwork.images import Image
from brushwork.networks import PasticheNetwork
from brushwork.training.data import Batch

SIDE = 128
GAP = 4


@torch.no_grad()
def sheet(network: PasticheNetwork, batch: Batch, shift: int = 0, contents: int = 4, styles: int = 6) -> Image:
    """An image: the first contents of a batch in the top row, below each style, once, and its pastiches of them."""
    places = {number: place for place, number in reversed(list(enumerate(batch.style_number.tolist())))}
    chosen = sorted(places.values())[:styles]
    content, style, numbers = batch.content[:contents], batch.style[chosen], batch.style_number[chosen]
    if network.config.styles:
        embeddings = F.one_hot(numbers + shift, len(network.config.styles)).float()
    else:
        embeddings = network.embed(style)
    rows = [torch.cat([torch.ones_like(_cells(style[:1])), _cells(content)])]
    for picture, embedding in zip(style, embeddings, strict=True):
        pastiches = [network(one[None], embedding[None]) for one in content]  # one by one: a grid must not need more
        rows.append(torch.cat([_cells(picture[None]), _cells(torch.cat(pastiches))]))
    cells = torch.stack(rows)  # (R, C, 3, SIDE + GAP, SIDE + GAP)
    height, width = (cells.shape[i] * cells.shape[i + 3] for i in (0, 1))
    image: Image = cells.permute(0, 3, 1, 4, 2).reshape(height, width, 3).cpu().numpy()
    return image


def _cells(images: torch.Tensor) -> torch.Tensor:
    """Images (B, 3, H, W) at one size, in white frames."""
    resized = F.interpolate(images.float(), size=(SIDE, SIDE), mode="bilinear", antialias=True).clamp(0, 1)
    return F.pad(resized, (0, GAP, 0, GAP), value=1.0)
