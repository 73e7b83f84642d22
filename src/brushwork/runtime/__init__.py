"""Runtimes that execute a model: OpenVINO on the CPU, torch on other devices. Images are (B, H, W, 3) in [0, 1]."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
# A network halves a content twice and its kernels reach 4 pixels past the border.
SMALLEST_SIDE = 16
# Norms that an embedding conditions, the last of a network's, and how many of them are in its residual blocks.
CONDITIONAL, RESIDUAL = 13, 10
# One stage of a network that is run layer by layer: named arrays (1, C, h, w) in, "raw" and "features" out.
Stage: TypeAlias = Callable[[Mapping[str, Array]], Mapping[str, Array]]


class Runtime(Protocol):
    """A model loaded for inference.

    Attributes:
        streams: Whether it can run layer by layer, so that tiles are exact; see `norms`.
    """

    streams: bool

    def predict(self, style: Array) -> Array:
        """Return the embeddings (B, D) of styles (B, H, W, 3) in [0, 1]."""
        ...

    def transfer(self, content: Array, embedding: Array) -> Array:
        """Return the pastiches (B, H, W, 3) in [0, 1] of contents (B, H, W, 3) and embeddings (B, D); H, W >= 16."""
        ...

    def transfer_with_statistics(
        self,
        content: Array,
        embedding: Array,
        statistics: Array | None = None,
        hold: float | Array = 0.0,
        masks: Array | None = None,
        visible: Array | None = None,
    ) -> tuple[Array, Array]:
        """Return pastiches (B, H, W, 3), and the statistics (B, N) of the instance norms that were used for them.

        The statistics are the means and then the population variances of each layer, in layer order.

        Args:
            content: Contents (B, H, W, 3) in [0, 1]; H, W >= 16.
            embedding: Embeddings (B, D); with masks (B, K, D).
            statistics: Given statistics (B, N) or (1, N); None where hold is 0.
            hold: Weight of the given statistics, in [0, 1], one number or (B,): 0 measures the contents' own, 1 uses
                the given ones, between the two their weighted mean.
            masks: Weights (B, H, W, K) of K styles, which sum to 1 in each pixel; None for one style everywhere.
            visible: Weights (B, H, W) of the pixels in what is measured, not 0 everywhere; None for equal weights.

        Raises:
            UserError: If the model folder was exported by an older version and lacks the graph.
            ValueError: If hold is not 0 and no statistics are given.
        """
        ...

    def expect(self, height: int, width: int, together: int = 1) -> None:
        """Announce many contents of one size, such as the frames of a clip; other sizes still work.

        Args:
            height: Height of each content in pixels.
            width: Width of each content in pixels.
            together: Number of threads that will call at once, each with one content.
        """
        ...

    def norms(self, masked: bool) -> Sequence[int]:
        """Return the channels of every instance norm in layer order; the last 13 are conditional.

        Raises:
            UserError: If this runtime or model folder cannot run layer by layer.
        """
        ...

    def open_stage(self, stage: int, masked: bool) -> Stage:
        """Return the part of the network that ends before an instance norm.

        Its inputs are `content` (1, H, W, 3) up to the first conditional norm; after it `raw` (1, C, h, w), the input
        of the previous norm, and `features` (1, C, h, w), the input of the residual block, where it needs them;
        further `embedding`, `statistics` (1, N) and, for several styles, `masks` (1, 4 h, 4 w, K). All stages that
        expand take the input of the last norm of the residual blocks. Its outputs are `raw`, the input of its norm,
        and `features` at the beginning of a residual block.
        """
        ...


def held(statistics: Array | None, hold: float | Array, batch: int, size: int) -> tuple[Array, Array]:
    """Return statistics (B, N) and hold (B,) for a batch, from the arguments of `Runtime.transfer_with_statistics`."""
    if statistics is None:
        if np.any(hold):
            raise ValueError("hold is not 0, and no statistics are given")
        statistics = np.zeros((1, size), np.float32)
    given, weights = np.empty((batch, size), np.float32), np.empty(batch, np.float32)
    given[:], weights[:] = statistics, hold
    return given, weights
