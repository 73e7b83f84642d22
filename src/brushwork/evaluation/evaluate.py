"""Scores the pastiches of pairs, of a model or of any program (torch)."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from brushwork import images
from brushwork.errors import UserError
from brushwork.evaluation import pairs as pairing
from brushwork.evaluation.artefacts import SMALLEST_EVALUATED
from brushwork.evaluation.metrics import Scores, score
from brushwork.evaluation.pairs import Pair
from brushwork.evaluation.sources import read_source
from brushwork.images import Image
from brushwork.losses import VGGFeatures
from brushwork.runtime import Array
from brushwork.runtime.devices import find_device
from brushwork.stylizer import Stylizer


class Painted(NamedTuple):
    """A pastiche (H, W, 3), its seconds, and whether strength 0 returns the content bit for bit; None if unknown."""

    pastiche: Image
    seconds: float | None = None
    identity: bool | None = None


# Returns the pastiche of a pair, from its content (size, size, 3) and its style (h, w, 3).
PairPainter: TypeAlias = Callable[[Pair, Image, Image], Painted]


@dataclass(frozen=True)
class PairRecord:
    """The numbers of one pair; `seconds` and `identity` as in `Painted`."""

    pair: Pair
    scores: Scores
    seconds: float | None = None
    identity: bool | None = None

    def values(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        scores = self.scores
        return {
            "content": self.pair.content.name,
            "style": self.pair.style.name,
            "content loss": scores.content_loss,
            "style loss": dict(scores.style_loss),
            "style loss untouched": dict(scores.untouched),
            "style share": scores.share,
            "SSIM": scores.ssim,
            "structure": scores.structure,
            "artefact": scores.artefact,
            "border": scores.border,
            "strength 0": self.identity,
            "seconds": self.seconds,
        }


class Judged(NamedTuple):
    """A record and its pictures (size, size, 3)."""

    record: PairRecord
    content: Image
    style: Image
    pastiche: Image


def evaluate(
    pairs: Sequence[Pair], painter: PairPainter, size: int = 512, *, whole_styles: bool = False
) -> Iterator[Judged]:
    """Score the pastiche of each pair, and yield each record when it is complete; no picture is stored.

    Contents, styles and pastiches are evaluated as squares, see `square`. The loss network runs on a GPU if torch
    supports one here, otherwise on the CPU.

    Args:
        pairs: The pairs to score.
        painter: Returns the pastiche of the squares of a content, scaled, and of a style, not scaled; see `of_model`
            and `of_folder`.
        size: Side of the squares, at least 64.
        whole_styles: Whether the painter gets the whole style, of which the square is scored.

    Raises:
        UserError: At once if the size is too small; later if a picture cannot be read or rendered.
    """
    if size < SMALLEST_EVALUATED:
        raise UserError(f"the size is {size}; it must be at least {SMALLEST_EVALUATED}")
    return _evaluate(pairs, painter, size, whole_styles)


def _evaluate(pairs: Sequence[Pair], painter: PairPainter, size: int, whole_styles: bool) -> Iterator[Judged]:
    features = loss_network()
    for pair in pairs:
        content, style = square(read(pair.content), size), read(pair.style)
        painted = painter(pair, content, style if whole_styles else images.middle(style))
        style, pastiche = square(style, size), square(painted.pastiche, size)
        scores = score(pastiche, content, style, features)
        yield Judged(PairRecord(pair, scores, painted.seconds, painted.identity), content, style, pastiche)


@cache
def loss_network() -> VGGFeatures:
    """Return the loss network, loaded once for all evaluations."""
    return VGGFeatures().to(find_device("auto"))


def of_model(stylizer: Stylizer) -> PairPainter:
    """Return a painter that uses a model, with each style picture at the model's style size.

    A model with a table of styles uses the style named like the style's file.
    """

    def paint(pair: Pair, content: Image, style: Image) -> Painted:
        try:
            start = time.perf_counter()
            named = pair.style.stem if stylizer.styles else style
            embedding: Array = stylizer.embed(named, painted=max(content.shape[:2]))
            pastiche = stylizer.stylize(content, embedding)
            seconds = time.perf_counter() - start
            untouched = stylizer.stylize(content, embedding, strength=0)
        except UserError as error:
            raise UserError(f"{pair.style}: {error}") from None
        return Painted(pastiche, seconds, np.array_equal(untouched, content))

    return paint


def of_folder(folder: Path, pairs: Sequence[Pair]) -> PairPainter:
    """Return a painter that reads finished pastiches from a folder, of squares of the contents or of whole contents.

    Raises:
        UserError: If the pastiche of a pair is missing.
    """
    found = pairing.find(folder, pairs)
    return lambda pair, content, style: Painted(read(found[pair]))


def read(path: Path) -> Image:
    """Read a picture's first image (H, W, 3) in [0, 1], on white if it is transparent; it may be in a `.tar`.

    Raises:
        UserError: If it cannot be read.
    """
    return images.open(read_source(path)).on_white


def square(image: Image, size: int) -> Image:
    """Return the central square of an image (H, W, 3), scaled to (size, size, 3)."""
    return images.resize(images.middle(image), (size, size))
