"""Measures of artefacts of networks in a pastiche: grids of upsampling, and a frame along the border.

Neither measure is published elsewhere. Both are ratios that are about 1 without artefacts, at any contrast.
"""

from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from brushwork.images import Image

SMALLEST_EVALUATED = 64
TILE = 64  # side of a tile of the spectrum; 2- and 4-pixel grids are its frequencies 32 and 16
# (rows, columns) in cycles per pixel: checkerboards and stripes of period 2 and 4, vertical and horizontal.
GRIDS = (
    (0.5, 0.5), (0.5, 0.0), (0.0, 0.5),
    (0.25, 0.25), (0.25, -0.25), (0.25, 0.0), (0.0, 0.25), (0.25, 0.5), (0.5, 0.25),
)  # fmt: skip
NEIGHBOURS = np.array([-7, -6, -5, -4, -3, 3, 4, 5, 6, 7])  # bins outside the main lobe of the window, two bins wide
GREY = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
LEVEL = 1 / 255  # of 8 bits
# Power of an invisible checkerboard of half a level at its frequency, which doubles the score of a plain colour. A wave
# cos(pi (x + y)) has the power (sum w)^2 / (sum w^2) there, 4096 * 4 / 9 for Hann's window.
INVISIBLE = 4096 * 4 / 9 * (LEVEL / 2) ** 2
STRIPS = 8

Plane = NDArray[np.float32]
Spectrum = NDArray[np.float64]


def artefact_score(image: Image) -> float:
    """Return the strength of the strongest grid of period 2 or 4 pixels in an image (H, W, 3) in [0, 1].

    The score is about 1 for a photo. It is the power of the spectrum at the grid's frequency divided by that of its
    neighbours in the row or the column of the spectrum, whichever is larger: edges of a picture raise whole rows and
    columns, a grid of upsampling raises a point (Odena et al. 2016, *Deconvolution and checkerboard artifacts*, show
    such grids). The spectrum is the mean over overlapping tiles (Welch 1967), so that grids are detected even if their
    phase or strength changes over the picture.

    Raises:
        ValueError: If a side is below 64 pixels.
    """
    _check(image)
    power = spectrum(image @ GREY) + INVISIBLE
    return max(_peak(power, round(rows * TILE), round(columns * TILE)) for rows, columns in GRIDS)


def spectrum(plane: Plane) -> Spectrum:
    """Return the mean power (64, 64) of the tiles of a plane (H, W), frequency 0 first; variance for white noise."""
    tiles = sliding_window_view(plane, (TILE, TILE))[:: TILE // 2, :: TILE // 2].reshape(-1, TILE, TILE)
    window = np.hanning(TILE + 1)[:TILE]
    weights = np.outer(window, window)
    level = tiles - tiles.mean(axis=(1, 2), keepdims=True)
    power: Spectrum = (np.abs(np.fft.fft2(level * weights)) ** 2).mean(axis=0) / (weights**2).sum()
    return power


def _peak(power: Spectrum, row: int, column: int) -> float:
    """Return the power at a frequency divided by the geometric mean of its neighbours in its row or its column."""
    in_row = power[row, (column + NEIGHBOURS) % TILE]
    in_column = power[(row + NEIGHBOURS) % TILE, column]
    return float(power[row, column] / np.exp(max(np.log(in_row).mean(), np.log(in_column).mean())))


def border_error(pastiche: Image, content: Image) -> float:
    """Return the visibility of a pastiche's frame relative to that of its content, both (H, W, 3) in [0, 1].

    Along each side there are strips of 1/64 of the picture, from the border inwards. The visibility of a frame is the
    difference between the outermost strip and the second (in mean and standard deviation of each channel), divided by
    the mean difference of the next pairs of strips. Zero padding changes only the outermost strip, which gives values
    well above 1; without such a frame the result is about 1.

    Raises:
        ValueError: If a side is below 64 pixels.
    """
    _check(pastiche)
    _check(content)
    return _frame_visibility(pastiche) / _frame_visibility(content)


def _frame_visibility(image: Image) -> float:
    width = max(1, min(image.shape[:2]) // 64)
    steps = np.zeros(STRIPS - 1)
    for turns in range(4):
        side = np.rot90(image, turns)
        strips = [side[width * number : width * (number + 1)] for number in range(STRIPS)]
        statistics = [np.stack((strip.mean(axis=(0, 1)), strip.std(axis=(0, 1)))) for strip in strips]
        steps += [np.abs(inner - outer).mean() for outer, inner in pairwise(statistics)]
    steps = steps / 4 + LEVEL
    return float(steps[0] / steps[1:].mean())


def _check(image: Image) -> None:
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_EVALUATED:
        raise ValueError(f"the image is {width} x {height} pixels; both sides must be at least {SMALLEST_EVALUATED}")
