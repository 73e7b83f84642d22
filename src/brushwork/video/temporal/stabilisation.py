"""Stabilises pastiches over time: where the content only moved, the previous pastiche moves along."""

import cv2
import numpy as np

from brushwork.images import Image
from brushwork.video.temporal import optical_flow
from brushwork.video.temporal.optical_flow import Motion, Plane

# Difference between the blurred pastiches at which the weight of the previous one is down to 1/e: there the painting
# itself has changed. They are blurred over this many pixels, as strokes may differ while what they show does not.
PASTICHE_SCALE, BLUR = 0.15, 8
COARSE = 4  # pixels of a pastiche per pixel of the planes that say how it is mixed
# Largest gain in contrast where strokes cancel each other; a variance below the second counts as none.
MAX_GAIN, MIN_VARIANCE = 2.0, 1e-6
LARGE = 65536


def stabilise(pastiche: Image, previous: Image, motion: Motion | None, weight: float) -> Image:
    """Returns a pastiche blended with the previous one, moved to where things are now.

    The previous pastiche gets its weight where motion explains the content and where both paintings show the same at
    a glance. Elsewhere the new pastiche stays as it is, so that nothing of what has left shines through. The blend
    keeps the contrast of what it is made of.

    Args:
        pastiche: What the network painted of this frame, (H, W, 3) in [0, 1].
        previous: The stabilised pastiche of the previous frame, (H, W, 3) in [0, 1].
        motion: Motion back to that frame; None where nothing moved.
        weight: Weight of the previous pastiche where it agrees, in [0, 1].
    """
    size = pastiche.shape[:2]
    coarse = max(1, size[0] // COARSE), max(1, size[1] // COARSE)
    if motion is None:
        moved, agreement = previous, np.ones(coarse, np.float32)
    else:
        moved = optical_flow.warp(previous, optical_flow.resize_flow(motion.flow, size), sharp=True)
        np.clip(moved, 0, 1, out=moved)
        agreement = optical_flow.resize(motion.agreement, coarse)
    here, there = (_reduce(image, coarse) for image in (pastiche, moved))
    difference = _blur(np.abs(here - there).mean(axis=-1))
    weights = agreement * np.exp(-((difference / np.float32(PASTICHE_SCALE)) ** 2)) * np.float32(weight)
    mixed = _mix(pastiche, moved, weights)
    blurred = _blur(_mix(here, there, weights))
    # A gain above 1 leads away from the blurred image, which raises contrast.
    raised = _mix(optical_flow.resize(blurred, size), mixed, _gain(pastiche, moved, weights))
    return np.clip(raised, 0, 1, out=raised)


def _mix(first: Image, second: Image, weights: Plane) -> Image:
    """Returns a weighted mean of two images (H, W, 3), with weights (h, w) of the second one."""
    # OpenCV divides by the sum of the weights plus 1e-5, so they are made large.
    of_second = optical_flow.resize(weights, first.shape) * np.float32(LARGE)
    return np.asarray(cv2.blendLinear(first, second, np.float32(LARGE) - of_second, of_second), np.float32)


def _gain(first: Image, second: Image, weights: Plane) -> Plane:
    """Returns by how much the contrast of the mix of two images is to be raised, (h, w) like the weights.

    Strokes in different places cancel each other: var(mix) = (1 - w) var(first) + w var(second) - w (1 - w) var(first -
    second), so the last term is what is lost.
    """
    grays = [np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float32) for image in (first, second)]
    one, other, between = (_variance(plane, weights.shape) for plane in (*grays, grays[1] - grays[0]))
    wanted = (1 - weights) * one + weights * other + np.float32(MIN_VARIANCE)
    left = np.maximum(wanted - weights * (1 - weights) * between, wanted / np.float32(MAX_GAIN**2))
    return np.asarray(np.sqrt(wanted / left), np.float32)


def _variance(plane: Plane, size: tuple[int, ...]) -> Plane:
    """Returns the local variance of a plane (H, W) around each pixel of a smaller one (h, w)."""
    mean, square = (_blur(_reduce(each, size)) for each in (plane, plane * plane))
    return np.maximum(square - mean * mean, 0)


def _reduce(image: Image, size: tuple[int, ...]) -> Image:
    """Returns an image (H, W, 3) or plane (H, W) averaged over whole pixels, which is fast; it ignores up to 3 rows."""
    height, width = COARSE * size[0], COARSE * size[1]
    return optical_flow.resize(image[:height, :width], size)


def _blur(plane: Plane) -> Plane:
    """Returns a coarse plane (h, w) or image (h, w, 3), blurred."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), BLUR / COARSE), np.float32)
