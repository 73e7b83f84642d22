"""Refines a network's pastiche: optimises its pixels within a given time.

Levels go from coarse to fine, as in `brushwork.training.optimize`. The change at a level is added to the pastiche, so
that coarse levels keep its detail, as does the last level of a picture that is larger than it is evaluated at.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from brushwork.errors import UserError
from brushwork.images import Image, fit, fit_short, resize
from brushwork.losses import LossWeights, PerceptualLoss
from brushwork.runtime.devices import find_device
from brushwork.styles.embeddings import normalized_weights
from brushwork.training.optimize import (
    OptimizeProgress,
    blend_targets,
    descend,
    halved_sizes,
    is_reached,
    judge,
    to_tensor,
    torch_memory,
)
from brushwork.training.optimize_settings import SMALLEST_OPTIMIZED, OptimizeSettings
from brushwork.training.process import multiplies_bfloat16

# Long side at which a larger picture is evaluated: the loss network takes 2 GB there.
LONGEST = 1024
MANY = 1_000_000  # steps; a level ends by the clock
# Weight of the logarithm of a style term relative to the weight of the term itself: at a term of 0.04 both have the
# same gradient. A term below the floor hardly counts any more.
LOG_WEIGHT, LOG_FLOOR = 0.04, 0.002


class _Loss(PerceptualLoss):
    """The loss of `brushwork.training.optimize.optimize`, and the logarithms of its style terms."""

    def compare(self, pastiche: Tensor, content_target: Tensor, style_target: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the terms (B,); the logarithms are in ``total``, and 0 where a style is reached."""
        terms = super().compare(pastiche, content_target, style_target)
        layers = torch.stack([term for name, term in terms.items() if name.startswith("style/")])
        logs = (layers / LOG_FLOOR).log1p().sum(dim=0)
        return {**terms, "total": terms["total"] + LOG_WEIGHT * self.weights.style * logs}


@dataclass(frozen=True, eq=False)
class Refined:
    """A refined pastiche.

    Attributes:
        image: The pastiche (H, W, 3) with the least total loss.
        steps: Evaluations of the loss.
        before: Style share of the network's pastiche, see `OptimizeProgress.share`.
        after: Style share of the refined pastiche.
        interrupted: Whether Ctrl-C ended the refinement early.
    """

    image: Image
    steps: int
    before: float
    after: float
    interrupted: bool


def refine(
    content: Image,
    pastiche: Image,
    styles: Sequence[Image],
    seconds: float,
    weights: Sequence[float] | None = None,
    settings: OptimizeSettings | None = None,
    *,
    progress: Callable[[float], None] = lambda fraction: None,
    clock: Callable[[], float] = time.monotonic,
) -> Refined:
    """Optimise the pixels of a pastiche with the terms of `brushwork.training.optimize.optimize`.

    To its loss the logarithms of the style terms are added: a network leaves little of the terms of fine layers and
    much of those of coarse layers, so that the sum of the terms hardly sees the fine ones. The logarithms alone would
    give way to the content where a pastiche has a high content loss.

    Ctrl-C ends it with the best result so far. The total loss of the result is never above that of the given pastiche.

    Args:
        content: The photo (H, W, 3) in [0, 1]; sides of at least 16.
        pastiche: The network's pastiche (H, W, 3).
        styles: The style pictures (h, w, 3).
        seconds: Time limit; a running step is completed.
        weights: A weight for each style, scaled to sum to 1; None for equal weights.
        settings: Style size and weight, optimizer, coarsest size and device; None for the defaults.
        progress: Called with the elapsed fraction of the time.
        clock: Returns seconds.

    Raises:
        UserError: If a picture is too small.
        MemoryError: If there is not enough memory.
    """
    settings = replace(settings or OptimizeSettings(), steps=MANY)
    if min(min(image.shape[:2]) for image in (content, *styles)) < SMALLEST_OPTIMIZED:
        raise UserError(f"pictures are refined with sides of at least {SMALLEST_OPTIMIZED} pixels")
    run = _Run(content, pastiche, styles, normalized_weights(weights, len(styles)).tolist(), settings)
    begun, interrupted = clock(), False
    try:
        with torch_memory():
            for share, size in zip(_shares(len(run.sizes)), run.sizes, strict=True):
                for _ in run.improve(size):
                    gone = (clock() - begun) / seconds
                    progress(min(gone, 1.0))
                    if gone >= share:
                        break
    except KeyboardInterrupt:
        interrupted = True
    progress(1.0)
    return replace(run.result(), interrupted=interrupted)


def _shares(levels: int) -> list[float]:
    """Return the fraction of the time at which each level ends, so that all levels take about as many steps.

    A step at twice the side takes four times as long: the finest of three levels gets 76 % of the time.
    """
    ends = np.cumsum([4.0**level for level in range(levels)])
    return [float(end / ends[-1]) for end in ends]


class _Run:
    """The refinement of one picture."""

    def __init__(
        self,
        content: Image,
        pastiche: Image,
        styles: Sequence[Image],
        weights: Sequence[float],
        settings: OptimizeSettings,
    ) -> None:
        self._pastiche, self._styles, self._weights, self._settings = pastiche, styles, weights, settings
        self._device = torch.device(find_device(settings.device))
        self._loss = _Loss(LossWeights(style=settings.style_weight)).to(self._device)
        self._content = fit(content, LONGEST)
        height, width = self._content.shape[:2]
        self.sizes = halved_sizes(height, width, settings.coarsest)
        self._change: Image | None = None
        self._steps = 0

    def improve(self, size: tuple[int, int]) -> Iterator[OptimizeProgress]:
        """Optimise at one size, and yield a record after every step."""
        plain = resize(self._pastiche, size)
        aims = self._aims(size)
        with self._precision():
            for record in descend(self._loss, self._tensor(self._changed(plain)), *aims, self._settings):
                self._change = record.pastiche - plain
                self._steps += 1
                yield record

    def result(self) -> Refined:
        """Return the best pastiche so far, at its full size; the given one if none is better."""
        plain, aims = resize(self._pastiche, self.sizes[-1]), self._aims(self.sizes[-1])
        before, after = (judge(self._loss, self._tensor(image), *aims) for image in (plain, self._changed(plain)))
        if after.terms["total"] < before.terms["total"] and not is_reached(before.terms):
            return Refined(self._changed(self._pastiche), self._steps, before.share, after.share, False)
        return Refined(self._pastiche, self._steps, before.share, before.share, False)

    def _changed(self, image: Image) -> Image:
        """Return an image (h, w, 3) plus the change so far, resized to it."""
        if self._change is None:
            return image
        changed: Image = np.clip(image + resize(self._change, image.shape[:2]), 0, 1)
        return changed

    def _aims(self, size: tuple[int, int]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the content (1, 3, h, w) at a size, and the styles' Gram matrices (1, C, C)."""
        short_side = (self._settings.style_size or max(self.sizes[-1])) * max(size) / max(self.sizes[-1])
        seen = [fit_short(style, max(SMALLEST_OPTIMIZED, round(short_side))) for style in self._styles]
        targets = [self._loss.style_target(self._tensor(style)) for style in seen]
        return self._tensor(resize(self._content, size)), blend_targets(targets, self._weights)

    def _precision(self) -> AbstractContextManager[Any]:
        """Return half precision if the device multiplies it natively, for more steps; scores are in float32."""
        half = multiplies_bfloat16(self._device.type)
        return torch.autocast(self._device.type, torch.bfloat16) if half else nullcontext()

    def _tensor(self, image: Image) -> Tensor:
        return to_tensor(image, self._device)
