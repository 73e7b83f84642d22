"""Structural similarity (Wang et al. 2004, *Image quality assessment*)."""

import numpy as np
from numpy.typing import NDArray

from brushwork.images import Image

SIGMA, RADIUS = 1.5, 5  # the Gaussian window of 11 x 11 pixels
STABLE = 0.01**2, 0.03**2  # C1 and C2 for values in [0, 1]

Planes = NDArray[np.float64]


def ssim(image: Image, reference: Image) -> float:
    """Return the mean structural similarity of two images (H, W, 3) in [0, 1], at most 1, which is the same picture.

    It is the mean over the channels and over all windows inside the images (Wang et al. 2004, eq. 13), and equals
    scikit-image's `structural_similarity` with Gaussian weights and without the sample covariance.

    Raises:
        ValueError: If the images differ in size, or a side is below 11 pixels.
    """
    if image.shape != reference.shape or min(image.shape[:2]) <= 2 * RADIUS:
        raise ValueError(f"images of shape {image.shape} and {reference.shape} cannot be compared")
    x, y = image.astype(np.float64), reference.astype(np.float64)
    mean_x, mean_y = _blur(x), _blur(y)
    variances = _blur(x * x) - mean_x**2 + _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    c1, c2 = STABLE
    similar = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float((similar / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))).mean())


def _blur(planes: Planes) -> Planes:
    """Return the Gaussian-weighted means (H - 10, W - 10, C) of all windows of planes (H, W, C)."""
    window = np.exp(-(np.arange(-RADIUS, RADIUS + 1) ** 2) / (2 * SIGMA**2))
    window /= window.sum()
    height, width = planes.shape[0] - 2 * RADIUS, planes.shape[1] - 2 * RADIUS
    rows = sum(weight * planes[shift : shift + height] for shift, weight in enumerate(window))
    return np.asarray(sum(weight * rows[:, shift : shift + width] for shift, weight in enumerate(window)))
