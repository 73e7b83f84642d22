"""Consistency between frames, learned from still pictures: a slightly moved picture must keep its strokes.

It needs neither video nor a flow network: the motion is synthetic and so known exactly (after Gupta et al. 2017,
*Characterizing and improving stability in neural style transfer*, and Lai et al. 2018, who learn from real clips).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from brushwork.networks import PasticheNetwork
from brushwork.training.config import ConsistencyConfig

GRID = 4  # points on each side at which motion is drawn; it is interpolated smoothly between them


def draw_motion(count: int, height: int, width: int, config: ConsistencyConfig, generator: torch.Generator) -> Tensor:
    """Return random smooth motion (count, height, width, 2) in the coordinates of `grid_sample`, [-1, 1].

    The whole picture moves by up to ``motion`` of its side, and each part by up to half of that in another direction.
    """
    whole = torch.rand(count, 2, 1, 1, generator=generator) * 2 - 1
    parts = torch.rand(count, 2, GRID, GRID, generator=generator) * 2 - 1
    smooth = F.interpolate(parts, (height, width), mode="bicubic", align_corners=True)
    return 2 * config.motion * (whole + smooth / 2).permute(0, 2, 3, 1)


def warp(images: Tensor, motion: Tensor) -> tuple[Tensor, Tensor]:
    """Return moved images (B, 3, H, W), and a mask (B, 1, H, W) that is 1 where pixels come from inside the picture."""
    height, width = images.shape[2:]
    y = torch.linspace(-1, 1, height, device=images.device)
    x = torch.linspace(-1, 1, width, device=images.device)
    positions = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1) + motion.to(images.device)  # (B, H, W, 2)
    moved = F.grid_sample(images, positions.to(images.dtype), padding_mode="border", align_corners=True)
    inside = (positions.abs() <= 1).all(dim=-1)[:, None].to(images.dtype)
    return moved, inside


def consistency_loss(
    network: PasticheNetwork, content: Tensor, embedding: Tensor, pastiche: Tensor, config: ConsistencyConfig, seed: int
) -> Tensor:
    """Return the mean squared difference () between pastiches of moved, noisy contents and the moved pastiches.

    Args:
        network: The network.
        content: Contents (B, 3, H, W) in [0, 1].
        embedding: Embeddings (B, D).
        pastiche: The contents' pastiches (B, 3, H, W).
        config: Amounts of motion and noise.
        seed: Seed of motion and noise.
    """
    generator = torch.Generator().manual_seed(seed)
    count, _, height, width = content.shape
    motion = draw_motion(count, height, width, config, generator)
    noise = config.noise * torch.randn(content.shape, generator=generator)
    moved, inside = warp(content, motion)
    of_moved = network((moved + noise.to(moved)).clamp(0, 1), embedding)
    moved_pastiche, _ = warp(pastiche.float(), motion)
    squares = (of_moved.float() - moved_pastiche) ** 2 * inside
    loss: Tensor = squares.sum() / (3 * inside.sum()).clamp(min=1)
    return loss
