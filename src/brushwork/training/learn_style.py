"""Learns one style: fits an embedding, or every beta and gamma, to a picture, with a frozen network.

Learning starts from the predicted embedding. It minimises the style share of `brushwork evaluate`, the geometric mean
over layers of the remaining style loss, on condition that pastiches keep as much of the content as before. Ghiasi et
al. 2017 predict styles, and Dumoulin et al. 2017 fit the betas and gammas of each; this combines both.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from brushwork.errors import UserError
from brushwork.images import Image, fit_short
from brushwork.losses import PerceptualLoss, grid_power, stripe_power
from brushwork.model_folder import ModelFolder
from brushwork.networks.deep import deepen, parameters_size
from brushwork.networks.transfer import StyleTransferNetwork
from brushwork.runtime import Array
from brushwork.styles.adding import as_own_file
from brushwork.styles.own_file import Origin, OwnFile, shrink
from brushwork.training.content_weight import ContentWeight
from brushwork.training.learning_squares import STAGES, Stage, as_tensor, squares_of
from brushwork.training.process import multiplies_bfloat16

PHOTOS = Path(__file__).parent / "photos"  # shipped photos
STYLE_SCALE = 512  # short side in pixels of the style picture
JUDGED = 10  # squares of the result's share and content loss
# Learning rates of Adam: a tenth of the spread of an embedding's numbers over styles, and a third of that of betas and
# gammas. Betas and gammas at 0.03, 0.1, 0.3 and 1 left x 0.70, 0.68, 0.67 and 0.79 of a style's share in 300 steps.
RATES = {"embedding": 0.02, "parameters": 0.2}
ALONE = 0.1  # fraction of the time in which the embedding is fitted alone
SMALLEST, LARGEST = 64, STAGES[-1].side  # pixels of the short side of a photo
MOST_PHOTOS = max(stage.squares for stage in STAGES)
# Weight of what grids of upsampling and regular stripes have more than in the first pastiche, in logarithms. Without
# it, a texture got a grid (artefact 1.01 to 1.23) and stripes (x 1.56) in 571 steps.
REGULAR = 0.1
INVISIBLE = 1e-6  # added to their powers before the logarithm
FLOOR = 2e-5  # added to a layer's normalised style loss before the logarithm


@dataclass(frozen=True, eq=False)
class Learned:
    """A learned style.

    Attributes:
        embedding: Embedding (D,), or (D + P,) of a deep style, see `brushwork.networks.deep`.
        steps: Steps of the optimizer.
        share: Style share of the photos' pastiches, before and after; not a number if Ctrl-C ended the evaluation, too.
        content: Content loss, before and after.
    """

    embedding: Array
    steps: int
    share: tuple[float, float]
    content: tuple[float, float]


@dataclass(frozen=True, eq=False)
class _Square:
    """A part of a photo (1, 3, h, w), its content target, its style losses, and scores of its first pastiche."""

    pixels: Tensor
    target: Tensor
    untouched: Tensor
    share: float
    content: float
    regular: Tensor


def learn(
    network: StyleTransferNetwork,
    start: Array,
    style: Image,
    photos: Sequence[Image],
    seconds: float,
    *,
    deep: bool = False,
    progress: Callable[[float, float], None] = lambda fraction, share: None,
    clock: Callable[[], float] = time.monotonic,
) -> Learned:
    """Fit a style to a picture within a time limit; after the first step, Ctrl-C ends it with the result so far.

    Args:
        network: The style transfer network, which is not changed.
        start: The predicted embedding (1, D).
        style: The picture (h, w, 3) in [0, 1]; its short side is scaled to 512 pixels.
        photos: Photos (h, w, 3) in [0, 1], of which squares are rendered; larger than `LARGEST` is of no use.
        seconds: Time limit, without loading the loss network and without the evaluation at the end.
        deep: Whether betas and gammas are fitted, too.
        progress: Called with the elapsed fraction of the time and the style share of the last step.
        clock: Returns seconds.

    Raises:
        UserError: If there is no photo, or a picture is too small.
    """
    if not photos or min(min(image.shape[:2]) for image in (style, *photos)) < SMALLEST:
        raise UserError(f"a style is learned from pictures and photos with sides of at least {SMALLEST} pixels")
    run = _Run(network, start, style, photos, deep)
    begun = clock()
    try:
        while (gone := (clock() - begun) / seconds) < 1:
            run.step(gone)
            progress(gone, run.share)
    except KeyboardInterrupt:
        if not run.steps:
            raise
    progress(1.0, run.share)
    try:
        before, after = run.judge()
    except KeyboardInterrupt:  # pressed twice: the style is worth more than its scores
        before = after = (math.nan, math.nan)
    return Learned(run.embedding, run.steps, (before[0], after[0]), (before[1], after[1]))


def as_own_style(learned: Learned, style: Image, file: str, folder: ModelFolder, about: str | None = None) -> OwnFile:
    """Return a learned style as a file of an own style, not yet written.

    Args:
        learned: The learned style.
        style: The picture (h, w, 3) it was learned from; a small copy is stored.
        file: The picture's name.
        folder: The model.
        about: Description in one line; None for its origin.
    """
    deep = len(learned.embedding) > folder.embedding_size
    stated = about or f"learned from {file}{', deep' if deep else ''}"
    embeddings = {folder.card.style_size: learned.embedding}
    return as_own_file(embeddings, [Origin(file, 1.0, shrink(style))], folder, stated)


class _Run:
    """The squares, the loss and the fitted numbers."""

    def __init__(
        self, network: StyleTransferNetwork, start: Array, style: Image, photos: Sequence[Image], deep: bool
    ) -> None:
        self._loss = PerceptualLoss()
        self._target = self._loss.style_target(as_tensor(fit_short(style, STYLE_SCALE)))
        self._network = (deepen(network) if deep else network).eval().requires_grad_(False)
        size = parameters_size(network) if deep else 0
        self._code = torch.tensor(start.astype(np.float32), requires_grad=True)
        self._offsets = torch.zeros(1, size, requires_grad=deep)
        self._optimizer = torch.optim.Adam(
            [
                {"params": [self._code], "lr": RATES["embedding"]},
                {"params": [self._offsets] if deep else [], "lr": RATES["parameters"]},
            ]
        )
        self._first = self._condition().detach().clone()
        self._cut = squares_of(photos)
        self._squares: dict[int, list[_Square]] = {}  # side -> squares that are ready
        self._content = ContentWeight()
        self.steps, self.share = 0, math.nan

    @property
    def embedding(self) -> Array:
        """The embedding so far, (D,) or (D + P,)."""
        found: Array = self._condition()[0].detach().numpy().copy()
        return found

    def step(self, gone: float) -> None:
        """Take a step on the next square; `gone` is the elapsed fraction of the time."""
        square = self._next(max(stage for stage in STAGES if gone >= stage.begin))
        for group, (name, rate) in zip(self._optimizer.param_groups, RATES.items(), strict=True):
            waits = name == "parameters" and gone < ALONE
            group["lr"] = 0.0 if waits else rate * (0.5 + 0.5 * math.cos(math.pi * min(gone, 1)))
        self._optimizer.zero_grad()
        share, content, regular = self._losses(square, self._condition())
        change = (content / square.content).log()
        more = (regular - square.regular).clamp_min(0).sum()
        (share + self._content.loss(change) + REGULAR * more).backward()
        self._optimizer.step()
        self._content.update(change.item())
        self.steps, self.share = self.steps + 1, math.exp(share.item())

    @torch.no_grad()
    def judge(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return style share and content loss before and after, means over some of the latest squares."""
        made = [ready for ready in self._squares.values() if ready]  # a new stage has none if Ctrl-C ended the first
        squares = made[-1][-JUDGED:] if made else [self._next(STAGES[0])]
        losses = [self._losses(square, self._condition()) for square in squares]
        rows = [
            (square.share, square.content, math.exp(share.item()), content.item())
            for square, (share, content, _) in zip(squares, losses, strict=True)
        ]
        means = np.mean(rows, axis=0).tolist()
        return (means[0], means[1]), (means[2], means[3])

    def _next(self, stage: Stage) -> _Square:
        """Return the next square of a stage in turn, which is made in the first round."""
        ready = self._squares.setdefault(stage.side, [])
        if len(ready) < stage.squares:
            ready.append(self._ready(self._cut(stage.side, len(ready))))
            return ready[-1]
        return ready[self.steps % stage.squares]

    def _losses(self, square: _Square, condition: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return of one square's pastiche: log style share, content loss, log power of grid and stripes (2,)."""
        with self._precision():
            pastiche = self._network(square.pixels, condition)
            terms = self._loss.compare(pastiche, square.target, self._target)
        powers = torch.cat([grid_power(pastiche), stripe_power(pastiche, square.pixels)])
        return (_logs(terms) - square.untouched).mean(), terms["content"][0], (powers + INVISIBLE).log()

    def _condition(self) -> Tensor:
        return torch.cat([self._code, self._offsets], dim=1)

    def _precision(self) -> AbstractContextManager[Any]:
        """Return half precision if the processor multiplies it natively, for half as many steps again."""
        half = multiplies_bfloat16("cpu")
        return torch.autocast("cpu", torch.bfloat16) if half else nullcontext()

    @torch.no_grad()
    def _ready(self, pixels: Tensor) -> _Square:
        with self._precision():
            target = self._loss.content_target(pixels)
            untouched = _logs(self._loss.compare(pixels, target, self._target))
        blank = _Square(pixels, target, untouched, 1.0, 1.0, torch.zeros(2))
        share, content, regular = self._losses(blank, self._first)
        return _Square(pixels, target, untouched, math.exp(share.item()), content.item(), regular)


def _logs(terms: Mapping[str, Tensor]) -> Tensor:
    """Return the logarithms (L,) of the style terms of one pastiche."""
    layers = torch.cat([term for name, term in terms.items() if name.startswith("style/")])
    return (layers + FLOOR).log()
