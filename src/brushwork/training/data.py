"""Batches of content and style images, which depend on the seed and the step only.

Step k takes slots k B to (k + 1) B of the pictures' seeded order; each of P processes takes B / P of them. The random
choices of the augmentation are drawn for all B at once, from the seed and the step. So a resumed run equals one without
interruption, and the number of threads and processes changes only rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from brushwork.training.augmentation import Augmentation, augment, draw
from brushwork.training.pictures import DecodedPictures, Device, Pictures, ResidentPictures
from brushwork.training.shards import DataError

__all__ = ["Batch", "Batches", "DataError", "DecodedPictures", "Feed", "Pictures", "ResidentPictures", "Targets"]


class Targets(NamedTuple):
    """Targets of a batch that need not be computed from its images."""

    content: Tensor  # (B, 256, S / 4, S / 4), the loss network's features of the contents
    style: dict[str, Tensor]  # Gram matrices (B, C, C) of the styles by layer
    features: Tensor  # (B, F), the predictor's pooled features of the styles


class Batch(NamedTuple):
    """The images of one step."""

    content: Tensor  # (B, 3, S, S) in [0, 1]
    style: Tensor  # (B, 3, T, T) in [0, 1]; (B, 0) if targets are given
    style_number: Tensor  # (B,) int64, the index of each style in its source: for networks with a table of styles
    targets: Targets | None = None  # cached targets


@dataclass(frozen=True)
class Feed:
    """One half of a batch: pictures, the sides of the images made from them, and their augmentation.

    Each step draws one of the sides at random for the whole batch.
    """

    pictures: Pictures
    sides: Sequence[int]
    augmentation: Augmentation


class Batches:
    """Batches by step.

    Args:
        content: Source of the content images.
        style: Source of the style images.
        batch_size: Number of images in the batches of this process.
        seed: Seed of the augmentation.
        device: Device of the batches.
        rank: Number of this process among `world_size`.
        world_size: Number of processes that split the batch of a step.
        ahead: Number of steps to decode in advance, if pictures are decoded when they are needed.

    Raises:
        ValueError: If content and style have the same seed: sources of equal length would always give the same pairs.
    """

    def __init__(
        self,
        content: Feed,
        style: Feed,
        *,
        batch_size: int,
        seed: int = 0,
        device: Device = "cpu",
        rank: int = 0,
        world_size: int = 1,
        ahead: int = 2,
    ) -> None:
        if content.pictures.seed == style.pictures.seed:
            raise ValueError(f"the pictures of content and style have the same seed, {style.pictures.seed}")
        self.content, self.style = content, style
        self.batch_size, self.seed, self.device = batch_size, seed, device
        self.rank, self.world_size, self.ahead = rank, world_size, ahead

    def batch(self, step: int) -> Batch:
        """Return the batch of a step, counted from 0: a pure function of seed, step, rank and number of processes."""
        content, _ = self._images(self.content, 0, step)
        style, numbers = self._images(self.style, 1, step)
        return Batch(content, style, torch.tensor(numbers, device=self.device))

    def close(self) -> None:
        """End the background threads."""
        self.content.pictures.close()
        self.style.pictures.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _slots(self, step: int) -> range:
        first = (step * self.world_size + self.rank) * self.batch_size
        return range(first, first + self.batch_size)

    def _images(self, feed: Feed, half: int, step: int) -> tuple[Tensor, list[int]]:
        next_slots = [slot for later in range(step + 1, step + 1 + self.ahead) for slot in self._slots(later)]
        numbers, pictures = zip(*feed.pictures.take(self._slots(step), next_slots), strict=True)
        words = np.random.SeedSequence((self.seed, half, step)).generate_state(1, np.uint64)
        generator = torch.Generator().manual_seed(int(words[0]))
        side = feed.sides[int(torch.randint(len(feed.sides), (), generator=generator))]
        choices = draw(self.world_size * self.batch_size, generator)[self.rank * self.batch_size :][: self.batch_size]
        return augment(pictures, side, feed.augmentation, choices, self.device), list(numbers)
