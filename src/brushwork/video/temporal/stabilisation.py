"""Steadying: where the content only moved, the last pastiche moves along, and only the rest is painted anew."""

import cv2
import numpy as np

from brushwork.images import Image
from brushwork.video.temporal import optical_flow as motions
from brushwork.video.temporal.optical_flow import Motion, Plane

# Difference of the pastiches' soft colours at which the last one counts for 1/e: there the painting itself has changed.
# They are softened over about so many pixels: strokes may differ, what they show may not.
PASTICHE, SOFT = 0.15, 8
COARSE = 4  # pixels of a pastiche to one of the planes that say how it is mixed
# Where strokes cancel each other, contrast is raised by this at most; a variance below the last is none.
RAISED, NO_VARIANCE = 2.0, 1e-6
LARGE = 65536


def stabilise(pastiche: Image, last: Image, motion: Motion | None, share: float) -> Image:
    """A pastiche (H, W, 3), steadied by the last one (H, W, 3).

    The last pastiche is drawn where things are now, and takes its share, in [0, 1], where it agrees: where motion
    explains the content, and where both paintings show the same at a glance. Elsewhere the new pastiche stays as it
    is, so nothing of what has been left behind shines through. What is mixed keeps the contrast of what it is mixed of.

    Args:
        pastiche: What the network painted of this frame.
        last: The steadied pastiche of the frame before.
        motion: Back to that frame; None where nothing moved.
        share: Of the last pastiche, where it agrees.
    """
    size = pastiche.shape[:2]
    coarse = max(1, size[0] // COARSE), max(1, size[1] // COARSE)
    if motion is None:
        moved, agreement = last, np.ones(coarse, np.float32)
    else:
        moved = motions.warp(last, motions.resized(motion.flow, size), sharp=True)
        np.clip(moved, 0, 1, out=moved)
        agreement = motions.scaled(motion.agreement, coarse)
    here, there = (_reduced(image, coarse) for image in (pastiche, moved))
    apart = _soft(np.abs(here - there).mean(axis=-1))
    weight = agreement * np.exp(-((apart / np.float32(PASTICHE)) ** 2)) * np.float32(share)
    mixed = _mixed(pastiche, moved, weight)
    soft = _soft(_mixed(here, there, weight))
    # A gain above 1 leads away from what is soft.
    raised = _mixed(motions.scaled(soft, size), mixed, _gain(pastiche, moved, weight))
    return np.clip(raised, 0, 1, out=raised)


def _mixed(first: Image, second: Image, weight: Plane) -> Image:
    """One image (H, W, 3), and the second as far as the weight (h, w) says."""
    # OpenCV divides by the sum of the weights and a little more, 1e-5, so they are made large.
    second_weight = motions.scaled(weight, first.shape) * np.float32(LARGE)
    return np.asarray(cv2.blendLinear(first, second, np.float32(LARGE) - second_weight, second_weight), np.float32)


def _gain(first: Image, second: Image, weight: Plane) -> Plane:
    """By how much the contrast of the mix of two images is to be raised, (h, w) like the weight of the second.

    Strokes that lie elsewhere cancel each other: var(mix) = (1 - w) var(first) + w var(second) - w (1 - w) var(first -
    second), so the last term is what is lost.
    """
    grays = [np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float32) for image in (first, second)]
    one, other, between = (_variance(plane, weight.shape) for plane in (*grays, grays[1] - grays[0]))
    wanted = (1 - weight) * one + weight * other + np.float32(NO_VARIANCE)
    left = np.maximum(wanted - weight * (1 - weight) * between, wanted / np.float32(RAISED**2))
    return np.asarray(np.sqrt(wanted / left), np.float32)


def _variance(plane: Plane, size: tuple[int, ...]) -> Plane:
    """Of what is around each of the pixels (h, w) that a plane (H, W) is scaled to."""
    mean, square = (_soft(_reduced(each, size)) for each in (plane, plane * plane))
    return np.maximum(square - mean * mean, 0)


def _reduced(image: Image, size: tuple[int, ...]) -> Image:
    """An image (H, W, 3) or plane (H, W), averaged over whole pixels, which is fast; up to 3 at a border are left."""
    height, width = COARSE * size[0], COARSE * size[1]
    return motions.scaled(image[:height, :width], size)


def _soft(plane: Plane) -> Plane:
    """A coarse plane (h, w) or image (h, w, 3), softened."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), SOFT / COARSE), np.float32)
