"""Images as the integers that files, videos and screens hold."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def quantise(image: NDArray[np.floating[Any]], depth: int = 8) -> NDArray[Any]:
    """Round an image of any shape in [0, 1] to integers; values outside are clipped.

    Args:
        image: The image, or its alpha.
        depth: Bits that the values are for; above 8 they take all 16 of a uint16.

    Returns:
        uint8 in [0, 255], or uint16 in [0, 65535].
    """
    top, dtype = (65535, np.uint16) if depth > 8 else (255, np.uint8)
    scaled = np.multiply(image, np.float32(top), dtype=np.float32)
    scaled += np.float32(0.5)
    quantised: NDArray[Any] = np.clip(scaled, 0, top, out=scaled).astype(dtype)
    return quantised
