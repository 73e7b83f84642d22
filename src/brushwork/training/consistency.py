"""Consistency between frames, learnt from still pictures: a picture that moves a little must keep its strokes.

No video and no flow network: the motion is made up, so it is known exactly (after Gupta et al. 2017, *Characterizing
and improving stability in neural style transfer*, and Lai et al. 2018, who learn from real clips).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from brushwork.networks import PasticheNetwork
from brushwork.training.config import ConsistencyConfig

GRID = 4  # motion is drawn at so many points a side, and smooth between them


def draw_motion(count: int, height: int, width: int, config: ConsistencyConfig, generator: torch.Generator) -> Tensor:
    """Random smooth motion (count, height, width, 2), in the coordinates of `grid_sample`: -1 to 1 over the picture.

    All of the picture moves one way by up to ``motion`` of its side, and each part another way by up to half of that.
    """
    whole = torch.rand(count, 2, 1, 1, generator=generator) * 2 - 1
    parts = torch.rand(count, 2, GRID, GRID, generator=generator) * 2 - 1
    smooth = F.interpolate(parts, (height, width), mode="bicubic", align_corners=True)
    return 2 * config.motion * (whole + smooth / 2).permute(0, 2, 3, 1)


def move(images: Tensor, motion: Tensor) -> tuple[Tensor, Tensor]:
    """Images (B, 3, H, W), moved, and 1 where (B, 1, H, W) what is shown comes from inside the picture."""
    height, width = images.shape[2:]
    y = torch.linspace(-1, 1, height, device=images.device)
    x = torch.linspace(-1, 1, width, device=images.device)
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1) + motion.to(images.device)  # (B, H, W, 2)
    moved = F.grid_sample(images, places.to(images.dtype), padding_mode="border", align_corners=True)
    inside = (places.abs() <= 1).all(dim=-1)[:, None].to(images.dtype)
    return moved, inside


def consistency_loss(
    network: PasticheNetwork, content: Tensor, embedding: Tensor, pastiche: Tensor, config: ConsistencyConfig, seed: int
) -> Tensor:
    """Mean squared difference between the pastiche of a moved, noisy content and the moved pastiche.

    Args:
        network: What paints.
        content: Contents (B, 3, H, W) in [0, 1].
        embedding: Embeddings (B, D).
        pastiche: The contents' pastiches (B, 3, H, W).
        config: How much moves.
        seed: Settles the motion and the noise.
    """
    generator = torch.Generator().manual_seed(seed)
    count, _, height, width = content.shape
    motion = draw_motion(count, height, width, config, generator)
    noise = config.noise * torch.randn(content.shape, generator=generator)
    moved, inside = move(content, motion)
    again = network((moved + noise.to(moved)).clamp(0, 1), embedding)
    wanted, _ = move(pastiche.float(), motion)
    apart = (again.float() - wanted) ** 2 * inside
    loss: Tensor = apart.sum() / (3 * inside.sum()).clamp(min=1)
    return loss
