"""Learns one style: an embedding, or every beta and gamma, is fitted to a picture while the network stays as it is.

The predicted embedding is where it begins. What is minimised is what `brushwork evaluate` calls the style share, the
geometric mean over the layers of the style loss left, under the condition that pastiches keep as much of the content
as they did. Ghiasi et al. 2017 predict styles, Dumoulin et al. 2017 fit the betas and gammas of each; this joins both.
"""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from brushwork.errors import UserError
from brushwork.images import Image, fit_short
from brushwork.losses import PerceptualLoss
from brushwork.model_folder import WEIGHTS, ModelFolder
from brushwork.networks.deep import deepen, parameters_size
from brushwork.networks.transfer import StyleTransferNetwork
from brushwork.runtime import Array
from brushwork.styles.own_file import Origin, OwnFile, digest_of, shrink
from brushwork.training.process import multiplies_bfloat16

PHOTOS = Path(__file__).parent / "photos"  # that are shipped
SCALE = 256  # pixels of the short side of pictures and photos
SIDE = 144  # pixels of the squares of photos that are painted: smaller ones make more steps
SQUARES = 60  # of several photos: 18 of three are learned by heart, and unseen photos lose 6 % of their content
# Of Adam. An embedding moves by a tenth of its spread in a step of 0.05: it takes a minute to come back.
RATES = {"embedding": 0.01, "parameters": 0.015}
SLACK, FIRMNESS = 1.0, 8.0  # content loss that is aimed at, as a part of the first, and the penalty above it
ALONE = 0.05  # part of the time in which the embedding is fitted before betas and gammas are
FLOOR = 1e-4  # under the logarithm of a layer's normalised style loss


@dataclass(frozen=True, eq=False)
class Learned:
    """A style that was learned.

    Attributes:
        embedding: (D,), or of a deep style (D + P,), see `brushwork.networks.deep`.
        steps: Steps of the optimizer.
        share: What is left of the photos' style loss, before and after.
        content: The content loss, before and after.
    """

    embedding: Array
    steps: int
    share: tuple[float, float]
    content: tuple[float, float]


@dataclass(frozen=True, eq=False)
class _Square:
    """A part of a photo (1, 3, h, w), its content target, and its losses as it is and under the first embedding."""

    pixels: Tensor
    target: Tensor
    untouched: Tensor
    content: float


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
    """Fit a style to a picture for some seconds; Ctrl-C ends it with what was learned so far.

    Args:
        network: The style transfer network, which stays as it is.
        start: The predicted embedding (1, D).
        style: The picture (h, w, 3) in [0, 1]; its short side is scaled to that of the squares.
        photos: Photos (h, w, 3) in [0, 1], of which squares are painted.
        seconds: How long; the squares are made ready before.
        deep: Whether betas and gammas are fitted, too, after a twentieth of the time for the embedding alone.
        progress: Called with the fraction of the time that has gone and the style share of the last step.
        clock: Returns seconds.

    Raises:
        UserError: If there is no photo, or a picture is too small.
    """
    if not photos or min(min(image.shape[:2]) for image in (style, *photos)) < 64:
        raise UserError("a style is learned from pictures and photos with sides of at least 64 pixels")
    run = _Run(network, start, style, photos, deep)
    before = run.judge()
    begun = clock()
    try:
        while (gone := (clock() - begun) / seconds) < 1:
            run.step(gone)
            progress(gone, run.share)
    except KeyboardInterrupt:
        pass
    progress(1.0, run.share)
    after = run.judge()
    return Learned(run.embedding, run.steps, (before[0], after[0]), (before[1], after[1]))


def as_own_style(learned: Learned, style: Image, file: str, folder: ModelFolder, about: str | None = None) -> OwnFile:
    """Return a learned style as one of the user's own; not yet written.

    Args:
        learned: What was learned.
        style: The picture (h, w, 3) it was learned from, of which a small copy is kept.
        file: The picture's name.
        folder: The model.
        about: One line on it; None for where it came from.
    """
    deep = len(learned.embedding) > folder.embedding_size
    digest = folder.sha256[WEIGHTS] if deep else digest_of(folder)
    stated = about or f"learned from {file}{', deep' if deep else ''}"
    return OwnFile(stated, folder.name, digest, {SCALE: learned.embedding}, (Origin(file, 1.0, shrink(style)),))


class _Run:
    """The squares, the loss and the numbers that are fitted."""

    def __init__(
        self, network: StyleTransferNetwork, start: Array, style: Image, photos: Sequence[Image], deep: bool
    ) -> None:
        self._loss = PerceptualLoss()
        self._target = self._loss.style_target(_tensor(fit_short(style, SCALE)))
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
        self._deep = deep
        self._squares = [self._ready(square) for square in _cut(photos)]
        self.steps, self.share = 0, math.nan

    @property
    def embedding(self) -> Array:
        """What was learned so far, (D,) or (D + P,)."""
        found: Array = self._condition()[0].detach().numpy().copy()
        return found

    def step(self, gone: float) -> None:
        """One step, on the next of the squares."""
        square = self._squares[self.steps % len(self._squares)]
        for group, rate in zip(self._optimizer.param_groups, RATES.values(), strict=True):
            group["lr"] = rate * (0.5 + 0.5 * math.cos(math.pi * min(gone, 1)))
        if self._deep and gone < ALONE:
            self._optimizer.param_groups[1]["lr"] = 0.0
        self._optimizer.zero_grad()
        share, content = self._losses(square)
        excess = torch.relu(content / square.content - SLACK)
        (share + FIRMNESS * excess).backward()
        self._optimizer.step()
        self.steps, self.share = self.steps + 1, math.exp(share.item())

    @torch.no_grad()
    def judge(self) -> tuple[float, float]:
        """Style share and content loss, means over all squares."""
        losses = [self._losses(square) for square in self._squares]
        return tuple(
            float(np.mean(each)) for each in ([math.exp(a.item()) for a, _ in losses], [b.item() for _, b in losses])
        )  # type: ignore[return-value]

    def _losses(self, square: _Square) -> tuple[Tensor, Tensor]:
        """Logarithm of the style share, and the content loss, of one square's pastiche."""
        with self._precision():
            pastiche = self._network(square.pixels, self._condition())
            terms = self._loss.compare(pastiche, square.target, self._target)
        layers = torch.cat([term for name, term in terms.items() if name.startswith("style/")])
        return ((layers + FLOOR).log() - square.untouched).mean(), terms["content"][0]

    def _condition(self) -> Tensor:
        return torch.cat([self._code, self._offsets], dim=1)

    def _precision(self) -> AbstractContextManager[Any]:
        """Half precision where the processor has it: half as many steps again in the same time."""
        half = multiplies_bfloat16("cpu")
        return torch.autocast("cpu", torch.bfloat16) if half else nullcontext()

    @torch.no_grad()
    def _ready(self, pixels: Tensor) -> _Square:
        target = self._loss.content_target(pixels)
        terms = self._loss.compare(pixels, target, self._target)
        untouched = torch.cat([term for name, term in terms.items() if name.startswith("style/")])
        square = _Square(pixels, target, (untouched + FLOOR).log(), 1.0)
        return _Square(pixels, target, square.untouched, self._losses(square)[1].item())


def _cut(photos: Sequence[Image]) -> list[Tensor]:
    """Squares (1, 3, s, s) of photos, of each in turn: anywhere, every other mirrored, the same each time."""
    random, squares = np.random.default_rng(0), []
    for number in range(SQUARES):
        photo = fit_short(photos[number % len(photos)], SCALE)
        side = min(*photo.shape[:2], SIDE)
        top, left = (int(random.integers(length - side + 1)) for length in photo.shape[:2])
        square = photo[top : top + side, left : left + side]
        squares.append(_tensor(square[:, ::-1] if number // len(photos) % 2 else square))
    return squares


def _tensor(image: Image) -> Tensor:
    return torch.tensor(np.ascontiguousarray(image)).permute(2, 0, 1)[None].contiguous()
