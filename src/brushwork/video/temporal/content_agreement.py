"""Compares the content of two frames: whether strokes of one can be used in the other."""

import cv2
import numpy as np

from brushwork.video.reading.frames import Pixels
from brushwork.video.temporal.optical_flow import Plane

# Differences of colours that reduce the similarity to 1/e: the largest; and in the dark, where pastiches show smaller
# differences, that of black and the increase with brightness.
COLOR_SCALE, DARK_SCALE, DARK_SLOPE = 0.10, 0.03, 0.2
# Where colours differ by CERTAIN times that, something has come or left, except in lines thinner than LINE pixels,
# which an inexact flow leaves. Its outline in the pastiche reaches OUTLINE pixels farther than its colours, and would
# remain as a ring.
CERTAIN, LINE, OUTLINE = 2.0, 3, 5
# Where the content around a pixel is certainly the same, any difference of the pastiches is accepted. Difference of
# colours as a fraction of that above, and changed fraction of the surroundings that reduce this certainty to 1/e; and
# the reach of the surroundings in pixels. Moving objects are rendered with a halo, which would be left behind if only
# their own pixels counted.
SAME_FRACTION, CHANGED_SCALE, SEES = 0.45, 0.12, 54
# Grain is present in all of a frame: it is the difference that this percentage of windows does not exceed. Content
# whose difference is below GRAIN_FACTOR times that is the same. More than GRAIN_LIMIT is undetected motion, not grain.
GRAIN_PERCENT, GRAIN_WINDOW, GRAIN_FACTOR, GRAIN_LIMIT = 20, 33, 6.0, 0.02


def compare(here: Pixels, there: Pixels, reach: float) -> tuple[Plane, Plane]:
    """Return the similarity of the colours of two frames, and the certainty that their surroundings are the same.

    Both are planes (h, w) in [0, 1].

    Args:
        here: A frame, reduced (h, w, 3), and blurred slightly because the flow has no finer detail.
        there: Another one, moved to it.
        reach: Pixels of these frames per pixel of a pastiche.
    """
    difference = _largest(cv2.absdiff(here, there))
    grain = np.float32(GRAIN_FACTOR * min(_grain(difference, here, there), GRAIN_LIMIT))
    scale = _color_scale(_largest(cv2.max(here, there)))
    colors = _same_colors(difference, np.maximum(scale, grain), reach)
    same = fall(difference / (np.float32(255) * np.maximum(np.float32(SAME_FRACTION) * scale, grain)))
    side = 2 * round(SEES * reach) + 1
    same *= fall(np.asarray(cv2.blur(1 - same, (side, side)), np.float32) / np.float32(CHANGED_SCALE))
    return colors, same


def fall(difference: Plane) -> Plane:
    """Return 1 for a difference of 0, 1/e for 1 and nearly 0 for 2; steeper than a Gaussian."""
    square = difference * difference
    return np.asarray(np.exp(-square * square), np.float32)


def _color_scale(brightness: Pixels) -> Plane:
    """Return the difference of colours (h, w) that reduces the similarity to 1/e, from the brightness (h, w), uint8."""
    scale = np.float32(DARK_SCALE) + np.float32(DARK_SLOPE / 255) * brightness
    return np.asarray(np.minimum(scale, np.float32(COLOR_SCALE)), np.float32)


def _same_colors(difference: Pixels, scale: Plane, reach: float) -> Plane:
    """Return the similarity (h, w), in [0, 1], of the colours of two reduced frames; 0 also close to what has changed.

    Args:
        difference: Difference of their colours, (h, w) uint8.
        scale: Difference (h, w), in [0, 1], that reduces the similarity to 1/e.
        reach: Pixels of a reduced frame per pixel of a pastiche.
    """
    relative = difference / (np.float32(255) * scale)
    changed = cv2.morphologyEx((relative > CERTAIN).astype(np.uint8), cv2.MORPH_OPEN, np.ones((LINE, LINE), np.uint8))
    side = 2 * round(OUTLINE * reach) + 1
    changed = cv2.dilate(changed, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    return fall(relative) * (1 - changed).astype(np.float32)


def _largest(pixels: Pixels) -> Pixels:
    """Return the largest of the three channels (h, w) of pixels (h, w, 3)."""
    red, green, blue = cv2.split(pixels)
    return np.asarray(cv2.max(cv2.max(red, green), blue))


def _grain(difference: Pixels, here: Pixels, there: Pixels) -> float:
    """Return the difference in [0, 1] that grain causes: it is present in all of a frame, and in both directions.

    Args:
        difference: Difference of two reduced frames, (h, w) uint8.
        here: One of them, (h, w, 3).
        there: The other. If all of a window differs in one direction, the light has changed, and that is no grain.
    """
    window = (GRAIN_WINDOW, GRAIN_WINDOW)
    one, other = (cv2.blur(frame, window) for frame in (here, there))
    windows = cv2.blur(difference.astype(np.float32), window)
    left = np.maximum(windows - _largest(cv2.absdiff(one, other)), 0)
    step = GRAIN_WINDOW // 4
    return float(np.percentile(left[::step, ::step], GRAIN_PERCENT)) / 255
