"""Quantises images to the integers of files, videos and screens."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def quantise(image: NDArray[np.floating[Any]], depth: int = 8) -> NDArray[Any]:
    """Round an image of any shape in [0, 1] to integers; values outside are clipped.

    Args:
        image: The image, or its alpha.
        depth: Bits per value; above 8, the full range of uint16 is used.

    Returns:
        uint8 in [0, 255], or uint16 in [0, 65535].
    """
    top, dtype = (65535, np.uint16) if depth > 8 else (255, np.uint8)
    scaled = np.multiply(image, np.float32(top), dtype=np.float32)
    scaled += np.float32(0.5)
    quantised: NDArray[Any] = np.clip(scaled, 0, top, out=scaled).astype(dtype)
    return quantised
