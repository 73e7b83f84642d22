"""Validation of a training run: the loss on constant pairs."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from brushwork.images import ImageError
from brushwork.training.augmentation import NOTHING, augment, draw, reduce
from brushwork.training.config import Recipe
from brushwork.training.pictures import record_skipped
from brushwork.training.setup import Setup
from brushwork.training.shards import DataError, decode, find_shards, read_shard
from brushwork.training.student import compare


@dataclass(frozen=True)
class Validation:
    """Pairs of a content (1, 3, S, S) and a style (1, 3, h, w) in [0, 1], on the device."""

    contents: list[Tensor]
    styles: list[Tensor]

    @staticmethod
    def is_possible(recipe: Recipe, setup: Setup) -> bool:
        """Return whether the recipe names validation pictures and the network predicts embeddings."""
        chosen = recipe.validation
        return bool(chosen.contents and chosen.styles) and setup.network.predictor is not None

    @classmethod
    def open(cls, recipe: Recipe, setup: Setup) -> Self | None:
        """Return the recipe's pairs; None if it names no pictures or the network predicts no embeddings.

        Raises:
            UserError: If no picture of a source can be read; unreadable ones are skipped with a notice.
        """
        chosen = recipe.validation
        if not cls.is_possible(recipe, setup):
            return None
        device = next(setup.network.parameters()).device
        middle = draw(1, torch.Generator())
        contents = [
            augment([picture], chosen.content_side, NOTHING, middle, device)
            for picture in _pictures(chosen.contents, 2 * chosen.content_side, chosen.pairs)
        ]
        unchanged = torch.tensor([1.0, 0.5, 0.5, 1.0])
        styles = [
            reduce(picture, (1.0, 1.0), 2 * chosen.style_side, unchanged).to(device)
            for picture in _pictures(chosen.styles, chosen.style_side, chosen.pairs)
        ]
        pairs = range(chosen.pairs)
        return cls([contents[n % len(contents)] for n in pairs], [styles[n % len(styles)] for n in pairs])

    @torch.no_grad()
    def measure(self, recipe: Recipe, setup: Setup) -> dict[str, float]:
        """Return the means of the loss terms of the averaged network, by name; those against a teacher, too."""
        sums: dict[str, float] = {}
        for content, style in zip(self.contents, self.styles, strict=True):
            embedding = setup.averaged.embed(style)
            with setup.autocast:
                pastiche = setup.averaged(content, embedding)
                if setup.loss.weights.uses_network:
                    terms = setup.loss(pastiche, content, style)
                else:
                    terms = setup.loss.add_stripes(setup.loss.regularise(pastiche), pastiche, content)
                if setup.teacher is not None:
                    target = setup.teacher.embed(style)
                    taught, compared = compare(recipe, setup.teacher, content, target, pastiche, embedding)
                    terms = terms | compared | {"total": terms["total"] + taught}
            for name, term in terms.items():
                sums[name] = sums.get(name, 0.0) + float(term)
        return {name: value / len(self.contents) for name, value in sums.items()}


def _pictures(source: tuple[str, ...], short_side: int, count: int) -> list[Tensor]:
    """Return the first `count` readable pictures (3, h, w), uint8, of a source, in the order of its files.

    Raises:
        DataError: If none can be read.
    """
    found, skipped = list[Tensor](), dict[str, str]()
    for entry in (entry for shard in find_shards(source) for entry in read_shard(shard)):
        try:
            found.append(torch.from_numpy(decode(entry, short_side)))
        except ImageError as error:
            record_skipped(skipped, entry, error)
        if len(found) == count:
            break
    if not found:
        raise DataError(f"no picture of {', '.join(source)} can be read")
    return found
