"""A fake runtime for testing code that uses a model, in milliseconds and with results known in advance.

>>> import numpy as np
>>> from brushwork.stylizer import Stylizer
>>> from brushwork.testing import FakeRuntime
>>> red = np.tile(np.float32([1, 0, 0]), (32, 32, 1))
>>> Stylizer(FakeRuntime()).stylize(np.zeros((48, 64, 3), np.float32), red)[0, 0].tolist()
[1.0, 0.0, 0.0]
"""

from collections.abc import Sequence

import numpy as np

from brushwork.errors import UserError
from brushwork.runtime import MEASURED, Array, NormInputs, Stage


class FakeRuntime:
    """A `brushwork.runtime.Runtime` without a network.

    An embedding is the mean colour (1, 3) of its style. A pastiche has that colour everywhere; several styles are mixed
    by their masks. The statistics are the mean colour of the content.

    Attributes:
        predicted: Shapes (B, H, W, 3) of the embedded styles, in order.
        painted: Shapes (B, H, W, 3) of the rendered contents, in order.
    """

    streams = False

    def __init__(self) -> None:
        self.predicted: list[tuple[int, ...]] = []
        self.painted: list[tuple[int, ...]] = []

    def predict(self, style: Array) -> Array:
        """Return the mean colours (B, 3) of styles (B, H, W, 3)."""
        self.predicted.append(style.shape)
        colours: Array = style.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)
        return colours

    def transfer(self, content: Array, embedding: Array) -> Array:
        """Return pastiches (B, H, W, 3), each of a single colour."""
        self.painted.append(content.shape)
        return np.broadcast_to(embedding[:, None, None, :], content.shape).astype(np.float32)

    def transfer_with_statistics(
        self, content: Array, embedding: Array, norms: NormInputs = MEASURED
    ) -> tuple[Array, Array]:
        """Return pastiches, and the mean colours (B, 3) of the contents' visible pixels averaged with those held."""
        pixels = np.ones(content.shape[:3]) if norms.visible is None else norms.visible
        measured = np.einsum("bhwc,bhw->bc", content, pixels) / pixels.sum(axis=(1, 2))[:, None]
        statistics, hold = norms.held(len(content), 3)
        used = ((1 - hold[:, None]) * measured + hold[:, None] * statistics).astype(np.float32)
        if norms.masks is None:
            return self.transfer(content, embedding), used
        self.painted.append(content.shape)
        return np.einsum("bkd,bhwk->bhwd", embedding, norms.masks).astype(np.float32), used

    def expect(self, height: int, width: int, together: int = 1) -> None:
        """Do nothing: a fake runtime has nothing to prepare."""

    def norms(self, masked: bool) -> Sequence[int]:
        """Raise `UserError`: a fake runtime has no layers."""
        raise UserError("the fake runtime cannot render layer by layer; use fast tiles")

    def open_stage(self, stage: int, masked: bool) -> Stage:
        """Raise `UserError`: a fake runtime has no layers."""
        raise UserError("the fake runtime cannot render layer by layer; use fast tiles")
