"""Measures of what networks leave in a pastiche by mistake: grids of up-sampling, and a frame along the border.

Both measures are the project's own. They are ratios that are about 1 where nothing is wrong, whatever the picture's
contrast.
"""

from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from brushwork.images import Image

SMALLEST_JUDGED = 64
TILE = 64  # side of a tile of the spectrum; 2- and 4-pixel grids are its frequencies 32 and 16
# (rows, columns) in cycles a pixel: checkerboards and stripes of period 2 and 4, upright and across.
GRIDS = (
    (0.5, 0.5), (0.5, 0.0), (0.0, 0.5),
    (0.25, 0.25), (0.25, -0.25), (0.25, 0.0), (0.0, 0.25), (0.25, 0.5), (0.5, 0.25),
)  # fmt: skip
BESIDE = np.array([-7, -6, -5, -4, -3, 3, 4, 5, 6, 7])  # past the main lobe of the window, two bins wide
GREY = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
LEVEL = 1 / 255  # of 8 bits
# Power at its frequency of a checkerboard half a level strong, which nobody sees: it doubles the score of a plain
# colour. A wave cos(pi (x + y)) has the power (sum w)^2 / (sum w^2) there, 4096 * 4 / 9 for Hann's window.
UNSEEN = 4096 * 4 / 9 * (LEVEL / 2) ** 2
STRIPS = 8

Plane = NDArray[np.float32]
Spectrum = NDArray[np.float64]


def artefact_score(image: Image) -> float:
    """The strongest grid of period 2 or 4 pixels in an image (H, W, 3) in [0, 1]; about 1 in a photo.

    Power of the spectrum at the grid's frequency over that of its neighbours along the row or the column of the
    spectrum, whichever is more: edges of a picture raise whole rows and columns, a grid of up-sampling raises a point
    (Odena et al. 2016, *Deconvolution and checkerboard artifacts*, show such grids). The spectrum is the mean over
    overlapping tiles (Welch 1967), so that a grid counts whose phase or strength changes over the picture.

    Raises:
        ValueError: If a side is below 64 pixels.
    """
    _check(image)
    power = spectrum(image @ GREY) + UNSEEN
    return max(_peak(power, round(rows * TILE), round(columns * TILE)) for rows, columns in GRIDS)


def spectrum(plane: Plane) -> Spectrum:
    """Mean power (64, 64) of the tiles of a plane (H, W), frequency 0 first; white noise has its variance anywhere."""
    tiles = sliding_window_view(plane, (TILE, TILE))[:: TILE // 2, :: TILE // 2].reshape(-1, TILE, TILE)
    window = np.hanning(TILE + 1)[:TILE]
    weights = np.outer(window, window)
    level = tiles - tiles.mean(axis=(1, 2), keepdims=True)
    power: Spectrum = (np.abs(np.fft.fft2(level * weights)) ** 2).mean(axis=0) / (weights**2).sum()
    return power


def _peak(power: Spectrum, row: int, column: int) -> float:
    """Power at a frequency over that of its neighbours, the geometric mean of a stretch of its row or its column."""
    in_row = power[row, (column + BESIDE) % TILE]
    in_column = power[(row + BESIDE) % TILE, column]
    return float(power[row, column] / np.exp(max(np.log(in_row).mean(), np.log(in_column).mean())))


def border_error(pastiche: Image, content: Image) -> float:
    """How much more the frame of a pastiche (H, W, 3) stands out than that of its content (H, W, 3), both in [0, 1].

    Along each side lie strips of 1/64 of the picture, from the border inwards. A picture's frame stands out by the
    difference of the outermost strip from the second (of mean and standard deviation of each channel), over the mean
    difference of the next pairs of neighbours. Zero padding darkens or brightens the outermost strip alone: well above
    1. Without such a frame it is about 1.

    Raises:
        ValueError: If a side is below 64 pixels.
    """
    _check(pastiche)
    _check(content)
    return _standing_out(pastiche) / _standing_out(content)


def _standing_out(image: Image) -> float:
    width = max(1, min(image.shape[:2]) // 64)
    steps = np.zeros(STRIPS - 1)
    for turns in range(4):
        side = np.rot90(image, turns)
        strips = [side[width * number : width * (number + 1)] for number in range(STRIPS)]
        facts = [np.stack((strip.mean(axis=(0, 1)), strip.std(axis=(0, 1)))) for strip in strips]
        steps += [np.abs(inner - outer).mean() for outer, inner in pairwise(facts)]
    steps = steps / 4 + LEVEL
    return float(steps[0] / steps[1:].mean())


def _check(image: Image) -> None:
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_JUDGED:
        raise ValueError(f"an image of {width} x {height} pixels is judged from {SMALLEST_JUDGED} pixels on")
