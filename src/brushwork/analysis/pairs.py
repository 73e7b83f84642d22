"""Pairs of contents and styles on which networks are compared with the photos and with optimised pixels."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from brushwork import atomic
from brushwork.analysis import measures, painting
from brushwork.analysis.measures import Losses, Target
from brushwork.losses import LossWeights
from brushwork.networks import PasticheNetwork
from brushwork.training.optimize import optimize
from brushwork.training.optimize_settings import OptimizeSettings

PHOTO, OPTIMISED = "the photo itself", "optimised pixels"


class Pairs:
    """Pairs of a content and a style; the targets of the losses are computed once.

    Args:
        contents: (M, 3, S, S) in [0, 1].
        styles: (K, 3, T, T) in [0, 1].
        numbers: Indices of the content and of the style of each of N pairs.

    Attributes:
        contents, styles: Contents (N, 3, S, S) and styles (N, 3, T, T) of the pairs.
    """

    def __init__(self, contents: Tensor, styles: Tensor, numbers: Sequence[tuple[int, int]]) -> None:
        self._numbers, self._all_styles = list(numbers), styles
        of_content, self._of_style = (torch.tensor(each) for each in zip(*numbers, strict=True))
        self.contents, self.styles = contents[of_content], styles[self._of_style]

    def __len__(self) -> int:
        return len(self._numbers)

    @cached_property
    def _targets(self) -> list[Target]:
        known = [measures.gram_matrices(style) for style in self._all_styles.split(1)]
        pairs = zip(self.contents.split(1), self._numbers, strict=True)
        return [measures.target(content, known[style]) for content, (_, style) in pairs]

    def evaluate(self, pastiches: Tensor) -> Losses:
        """Return the losses of pastiches (N, 3, S, S), one for each pair."""
        return measures.compare(pastiches, self._targets)

    def paint(self, network: PasticheNetwork) -> Tensor:
        """Return the pastiches (N, 3, S, S) of a network that predicts embeddings."""
        with torch.no_grad():
            embeddings = torch.cat([network.embed(style) for style in self._all_styles.split(1)])
        return measures.paint(network, self.contents, embeddings[self._of_style])

    def evaluate_photos(self) -> Losses:
        """Return the losses of the photos themselves: style share 1, content loss 0."""
        return self.evaluate(self.contents)

    def optimise(self, folder: Path, steps: int, say: Callable[[str], None] = lambda line: None) -> Tensor:
        """Return optimised pixels (N, 3, S, S) of each pair, a bound that no network is expected to surpass.

        The weights are those of the short training runs. The pixels are stored in a file in the folder for later runs.
        """
        digest = hashlib.sha256(self.contents.numpy().tobytes() + self.styles.numpy().tobytes()).hexdigest()[:16]
        file = folder / f"optimised-{steps}-{digest}.npy"
        if not file.is_file():
            say(f"optimising the pixels of {len(self)} pairs")
            side = self.contents.shape[-1]
            settings = OptimizeSettings(
                size=side,
                style_size=self.styles.shape[-1],
                coarsest=min(128, side),
                steps=steps,
                style_weight=LossWeights().style,
            )
            found = []
            for content, style in zip(self.contents, self.styles, strict=True):
                *_, last = optimize(painting.pixels(content), [painting.pixels(style)], settings=settings)
                found.append(last.pastiche)
            with atomic.write(file) as part, part.open("xb") as stream:
                np.save(stream, np.stack(found))
        return torch.from_numpy(np.load(file)).permute(0, 3, 1, 2)

    def limits(self, folder: Path, steps: int, say: Callable[[str], None]) -> dict[str, Losses]:
        """Return the losses that bound those of any method: of the photos, and of optimised pixels."""
        return {PHOTO: self.evaluate_photos(), OPTIMISED: self.evaluate(self.optimise(folder, steps, say))}
