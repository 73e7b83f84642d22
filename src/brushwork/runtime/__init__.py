"""Who plays a model folder: OpenVINO on the CPU, torch on other devices. Pictures here are (B, H, W, 3) in [0, 1]."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
# A network halves a content twice and its kernels reach 4 pixels past the border.
SMALLEST_SIDE = 16


class Runtime(Protocol):
    """A model that is ready to be asked."""

    def predict(self, style: Array) -> Array:
        """Embeddings (B, D) of styles (B, H, W, 3) in [0, 1]."""
        ...

    def transfer(self, content: Array, embedding: Array) -> Array:
        """Pastiches (B, H, W, 3) in [0, 1] of contents (B, H, W, 3) and embeddings (B, D); H, W >= 16."""
        ...
