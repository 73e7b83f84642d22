"""Runtimes that execute a model: OpenVINO on the CPU, torch on other devices. Images are (B, H, W, 3) in [0, 1]."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
# The network halves the content twice, and its first padding reflects 4 pixels.
SMALLEST_SIDE = 16
# Number of conditional norms, which are the last ones of a network, and how many of them are in residual blocks.
CONDITIONAL, RESIDUAL = 13, 10
# A stage of a network that is run layer by layer: takes named arrays (1, C, h, w), returns "raw" and "features".
Stage: TypeAlias = Callable[[Mapping[str, Array]], Mapping[str, Array]]


@dataclass(frozen=True, eq=False)
class NormInputs:
    """How the instance norms of a pass get their statistics and their styles.

    Attributes:
        statistics: Given statistics (B, N) or (1, N): the means and then the population variances of each layer, in
            layer order; None if hold is 0.
        hold: Weight of the given statistics in [0, 1], a number or (B,): 0 uses the statistics of the contents, 1 the
            given ones, values in between the weighted mean of both.
        masks: Weights (B, H, W, K) of K styles, which sum to 1 in each pixel; None for one style everywhere.
        visible: Weights (B, H, W) of the pixels in the measurement, not 0 everywhere; None for equal weights.
    """

    statistics: Array | None = None
    hold: float | Array = 0.0
    masks: Array | None = None
    visible: Array | None = None

    def held(self, batch: int, size: int) -> tuple[Array, Array]:
        """Return statistics (B, N) and hold (B,) for a batch; zeros if no statistics are given.

        Raises:
            ValueError: If hold is not 0 and no statistics are given.
        """
        if self.statistics is None and np.any(self.hold):
            raise ValueError("hold is not 0 but no statistics are given")
        given, weights = np.zeros((batch, size), np.float32), np.empty(batch, np.float32)
        weights[:] = self.hold
        if self.statistics is not None:
            given[:] = self.statistics
        return given, weights


MEASURED = NormInputs()


class Runtime(Protocol):
    """A model loaded for inference.

    Attributes:
        streams: Whether it can run layer by layer, which exact tiles need; see `norms`.
    """

    streams: bool

    def predict(self, style: Array) -> Array:
        """Return the embeddings (B, D) of styles (B, H, W, 3) in [0, 1]."""
        ...

    def transfer(self, content: Array, embedding: Array) -> Array:
        """Return the pastiches (B, H, W, 3) in [0, 1] of contents (B, H, W, 3) and embeddings (B, D); H, W >= 16."""
        ...

    def transfer_with_statistics(
        self, content: Array, embedding: Array, norms: NormInputs = MEASURED
    ) -> tuple[Array, Array]:
        """Return pastiches (B, H, W, 3) and the statistics (B, N) that their instance norms used.

        Args:
            content: Contents (B, H, W, 3) in [0, 1]; H, W >= 16.
            embedding: Embeddings (B, D); with masks (B, K, D).
            norms: Statistics, masks and visible pixels; by default, the statistics of the contents are used.

        Raises:
            UserError: If an older version exported the model folder without the graph.
            ValueError: If hold is not 0 and no statistics are given.
        """
        ...

    def expect(self, height: int, width: int, together: int = 1) -> None:
        """Prepare for many contents of one size, such as the frames of a clip; other sizes still work.

        Args:
            height: Height of each content in pixels.
            width: Width of each content in pixels.
            together: Number of threads that will call concurrently, each with one content.
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

        Inputs: up to the first conditional norm, `content` (1, H, W, 3); after it, as needed, `raw` (1, C, h, w), the
        input of the previous norm, and `features` (1, C, h, w), the input of the residual block; always `embedding`,
        `statistics` (1, N) and, for several styles, `masks` (1, 4 h, 4 w, K). All upsampling stages take the input of
        the last norm of the residual blocks. Outputs: `raw`, the input of the norm, and at the beginning of a residual
        block `features`.
        """
        ...
