"""Who plays a model folder: OpenVINO on the CPU, torch on other devices. Pictures here are (B, H, W, 3) in [0, 1]."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
# A network halves a content twice and its kernels reach 4 pixels past the border.
SMALLEST_SIDE = 16
# Norms that an embedding conditions, the last of a network's, and how many of them are in its residual blocks.
CONDITIONAL, RESIDUAL = 13, 10
# One stage of a network that a picture passes layer by layer: named arrays (1, C, h, w) in, "raw" and "features" out.
Stage: TypeAlias = Callable[[Mapping[str, Array]], Mapping[str, Array]]


class Runtime(Protocol):
    """A model that is ready to be asked.

    Attributes:
        streams: Whether it can paint layer by layer, so that tiles are exact; see `norms`.
    """

    streams: bool

    def predict(self, style: Array) -> Array:
        """Embeddings (B, D) of styles (B, H, W, 3) in [0, 1]."""
        ...

    def transfer(self, content: Array, embedding: Array) -> Array:
        """Pastiches (B, H, W, 3) in [0, 1] of contents (B, H, W, 3) and embeddings (B, D); H, W >= 16."""
        ...

    def transfer_with_statistics(
        self,
        content: Array,
        embedding: Array,
        statistics: Array | None = None,
        hold: float | Array = 0.0,
        masks: Array | None = None,
    ) -> tuple[Array, Array]:
        """Pastiches (B, H, W, 3), and the statistics (B, N) of all instance norms that they were made with.

        The statistics are each layer's means and then its population variances, in layer order.

        Args:
            content: Contents (B, H, W, 3) in [0, 1]; H, W >= 16.
            embedding: Embeddings (B, D); with masks (B, K, D).
            statistics: Statistics (B, N) or (1, N) to hold on to; None where hold is 0.
            hold: Share of those in the ones used, in [0, 1], one or (B,): 0 measures the contents' own, 1 takes them as
                they are given, between the two the used ones are a moving average.
            masks: Weights (B, H, W, K) of K styles in each pixel, which sum to 1 there; None for one style everywhere.

        Raises:
            UserError: If the model folder is older than this and lacks the graph.
            ValueError: If there are no statistics to hold.
        """
        ...

    def expect(self, height: int, width: int, together: int = 1) -> None:
        """Says that many contents of one size are to come, as in a film; others may come as before.

        Args:
            height: Of each of them.
            width: Of each of them.
            together: How many threads will ask at once, each for one content.
        """
        ...

    def norms(self, masked: bool) -> Sequence[int]:
        """Channels of every instance norm in layer order; the last 13 are conditional.

        Raises:
            UserError: If this runtime or model folder cannot paint layer by layer.
        """
        ...

    def open_stage(self, stage: int, masked: bool) -> Stage:
        """The part of the network that ends where an instance norm begins.

        It takes `content` (1, H, W, 3) up to the first conditional norm, and from there on `raw` (1, C, h, w), the
        features that entered the norm before, and `features` (1, C, h, w), those around the residual block, where it
        needs them; further `embedding`, `statistics` (1, N) and, for several styles, `masks` (1, 4 h, 4 w, K). The
        stages that expand all take what entered the last norm of the residual blocks.
        It gives `raw`, which is to be measured, and `features` at the beginning of a residual block.
        """
        ...


def held(statistics: Array | None, hold: float | Array, batch: int, size: int) -> tuple[Array, Array]:
    """Statistics (B, N) and hold (B,) for so many pictures, of what `Runtime.transfer_with_statistics` takes."""
    if statistics is None:
        if np.any(hold):
            raise ValueError("hold is not 0, and there are no statistics to hold")
        statistics = np.zeros((1, size), np.float32)
    given, shares = np.empty((batch, size), np.float32), np.empty(batch, np.float32)
    given[:], shares[:] = statistics, hold
    return given, shares
