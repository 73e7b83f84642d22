"""Stabilises pastiches over time: where the content only moved, an earlier pastiche moves along."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from brushwork.images import Image
from brushwork.video.reading.frames import Pixels
from brushwork.video.temporal import optical_flow
from brushwork.video.temporal.flow_filling import Flow
from brushwork.video.temporal.optical_flow import Motion, Plane

# Differences at which the weight of the key's pastiche is down to 1/e: of the content's colours, which are blurred as
# the flow has no finer detail; of the blurred pastiches, the least and relative to their contrast; of the logarithm of
# that contrast. Pastiches are blurred over this many pixels, as strokes may differ while what they show does not.
COLOR_SCALE, PASTICHE_SCALE, OWN_SCALE, CONTRAST_SCALE, BLUR = 0.10, 0.06, 1.0, 0.6, 8
# Where the content is the same for sure, all around, pastiches may differ as they like. Difference of colours, grain
# included, and fraction of what a pixel sees that has changed, at which it is down to 1/e; and how many pixels it sees
# each way. Things that pass are painted with a halo, which would be left behind if only their own pixels counted.
SAME_SCALE, CHANGED_SCALE, SEES = 0.045, 0.12, 54
COARSE = 4  # pixels of a pastiche per pixel of the planes that say how it is mixed
# Contrast may differ by these factors from that of the new pastiche. A variance below the last counts as none.
LEAST_CONTRAST, MOST_CONTRAST, MAX_GAIN, MIN_VARIANCE = 0.85, 1.15, 2.0, 1e-6
# A key is replaced after so many frames, or once so much of the frame is not found in it.
MAX_AGE, MAX_LOST = 12, 0.03
# Trust from which sharpness is compared, the most it is raised by at once, and a strength that is not worth its time.
SEEN, MOST_SHARPENED, LEAST_SHARPENED = 0.5, 0.5, 0.004
LARGE = 65536


@dataclass(frozen=True, eq=False)
class Key:
    """A stabilised pastiche that those of later frames are moved from.

    Each is moved from it at once, by the sum of the motions in between: moved from frame to frame, strokes would be
    interpolated again and again, and blur.

    Attributes:
        pastiche: (H, W, 3) in [0, 1].
        content: What it was painted of, (h, w, 3) uint8, reduced and blurred a little: noise is no difference.
        flow: From the latest frame back to the key, (h, w, 2) in pixels of its own size.
        trust: How sure that is, (h, w) in [0, 1].
        same: How sure it is that all that a pixel is painted of looks as it did there, (h, w) in [0, 1].
        age: Number of frames since.
    """

    pastiche: Image
    content: Pixels
    flow: Flow
    trust: Plane
    same: Plane
    age: int = 0

    @classmethod
    def begin(cls, pastiche: Image, reduced: Pixels) -> "Key":
        """Returns a key of a pastiche and its frame, which `optical_flow.reduce` has reduced (h, w, 3)."""
        content = _blurred(reduced)
        size = content.shape[:2]
        sure = np.ones(size, np.float32)
        return cls(pastiche, content, np.zeros((*size, 2), np.float32), sure, sure)

    def follow(self, motion: Motion | None, reduced: Pixels) -> "Key":
        """Returns the same key as seen from the next frame, reduced (h, w, 3); a motion of None is none."""
        flow, trust = self.flow, self.trust
        if motion is not None:
            flow = motion.flow + optical_flow.warp(flow, motion.flow)
            trust = np.minimum(motion.agreement, optical_flow.warp(trust, motion.flow))
        red, green, blue = cv2.split(cv2.absdiff(_blurred(reduced), optical_flow.sample(self.content, flow)))
        difference = cv2.max(cv2.max(red, green), blue)
        agreement = _fall(difference / np.float32(255 * COLOR_SCALE)) * optical_flow.inside(flow)
        same = _fall(difference / np.float32(255 * SAME_SCALE))
        side = 2 * round(SEES * flow.shape[1] / self.pastiche.shape[1]) + 1
        same *= _fall(np.asarray(cv2.blur(1 - same, (side, side)), np.float32) / np.float32(CHANGED_SCALE))
        return replace(self, flow=flow, trust=np.minimum(trust, agreement), same=same, age=self.age + 1)


def stabilise(pastiche: Image, reduced: Pixels, key: Key, weight: float) -> tuple[Image, Key]:
    """Returns a pastiche blended with that of a key, moved to where things are now, and the key for the next frame.

    The key's pastiche gets its weight where motion explains the content and where both paintings show the same at a
    glance and with the same contrast. Elsewhere the new pastiche stays as it is, so that nothing of what has left
    shines through. The blend keeps the contrast of what it is made of, near that of the new pastiche.

    Args:
        pastiche: What the network painted of this frame, (H, W, 3) in [0, 1].
        reduced: The frame, reduced (h, w, 3).
        key: The key, as seen from this frame.
        weight: Weight of the key's pastiche where it agrees, in [0, 1].
    """
    size = pastiche.shape[:2]
    coarse = max(1, size[0] // COARSE), max(1, size[1] // COARSE)
    moved = optical_flow.warp(key.pastiche, optical_flow.resize_flow(key.flow, size), sharp=True)
    trust = optical_flow.resize(key.trust, coarse)
    gray = np.asarray(cv2.cvtColor(pastiche, cv2.COLOR_RGB2GRAY), np.float32)
    moved, gray_moved = _sharpened(moved, gray, trust)
    here, there = (_reduce(image, coarse) for image in (pastiche, moved))
    one, other, between = (_variance(plane, coarse) for plane in (gray, gray_moved, gray_moved - gray))
    agreement = np.maximum(_agreement(here, there, one, other), optical_flow.resize(key.same, coarse))
    weights = trust * agreement * np.float32(weight)
    mixed = _mix(pastiche, moved, weights)
    blurred = _blur(_mix(here, there, weights))
    # A gain above 1 leads away from the blurred image, which raises contrast.
    raised = _mix(optical_flow.resize(blurred, size), mixed, _gain(one, other, between, weights))
    stable = np.clip(raised, 0, 1, out=raised)
    lost = float((weights < weight / 2).mean())
    if key.age >= MAX_AGE or lost > MAX_LOST:
        key = Key.begin(stable, reduced)
    return stable, key


def _agreement(here: Image, there: Image, one: Plane, other: Plane) -> Plane:
    """Return how alike two coarse pastiches (h, w, 3) are, (h, w) in [0, 1], given their local variances (h, w)."""
    mean = cv2.transform(cv2.absdiff(here, there), np.full((1, 3), 1 / 3, np.float32))
    difference = _blur(np.asarray(mean, np.float32))
    scale = np.asarray(PASTICHE_SCALE + OWN_SCALE * np.sqrt(one), np.float32)
    ratio = (other + np.float32(1e-4)) / (one + np.float32(1e-4))
    contrast = np.asarray(np.log(ratio) / (2 * CONTRAST_SCALE), np.float32)
    alike: Plane = _fall(difference / scale)
    return alike * _fall(contrast)


def _fall(difference: Plane) -> Plane:
    """Return 1 for a difference of 0, 1/e for 1 and nearly 0 for 2, steeper than a bell curve."""
    square = difference * difference
    return np.asarray(np.exp(-square * square), np.float32)


def _mix(first: Image, second: Image, weights: Plane) -> Image:
    """Return a weighted mean of two images (H, W, 3), with weights (h, w) of the second one."""
    # OpenCV divides by the sum of the weights plus 1e-5, so they are made large.
    of_second = optical_flow.resize(weights, first.shape) * np.float32(LARGE)
    return np.asarray(cv2.blendLinear(first, second, np.float32(LARGE) - of_second, of_second), np.float32)


def _gain(one: Plane, other: Plane, between: Plane, weights: Plane) -> Plane:
    """Return by how much the contrast of the mix of two images is to be raised, (h, w) like the weights.

    Strokes in different places cancel each other: var(mix) = (1 - w) var(first) + w var(second) - w (1 - w) var(first -
    second), so the last term is what is lost. What is moved for long must not drift away from what is painted now.
    """
    sum_of_both = (1 - weights) * one + weights * other + np.float32(MIN_VARIANCE)
    least, most = (factor**2 * one + np.float32(MIN_VARIANCE) for factor in (LEAST_CONTRAST, MOST_CONTRAST))
    left = np.maximum(sum_of_both - weights * (1 - weights) * between, sum_of_both / np.float32(MAX_GAIN**2))
    return np.asarray(np.sqrt(np.clip(sum_of_both, least, most) / left), np.float32)


def _sharpened(moved: Image, gray: Plane, trust: Plane) -> tuple[Image, Plane]:
    """Returns a moved pastiche (H, W, 3) that is as sharp as a new one, and its grey: to move is to blur a little.

    A frame's sharpness is the energy of its Laplacian where the moved pastiche is trusted. Adding s times the negative
    Laplacian multiplies that of the finest detail by 1 + 8 s. Lightness alone is sharpened: the eye sees no other.

    Args:
        moved: The moved pastiche.
        gray: The new one in grey, (H, W).
        trust: How sure the motion is, (h, w).
    """
    gray_moved = np.asarray(cv2.cvtColor(moved, cv2.COLOR_RGB2GRAY), np.float32)
    edges = [np.asarray(cv2.Laplacian(plane, cv2.CV_32F), np.float32) for plane in (gray_moved, gray)]
    own, wanted = (math.sqrt((_reduce(each * each, trust.shape) * (trust > SEEN)).sum()) for each in edges)
    strength = min(max(wanted / max(own, MIN_VARIANCE) - 1, -MOST_SHARPENED), MOST_SHARPENED) / 8
    if abs(strength) > LEAST_SHARPENED:
        added = np.multiply(edges[0], np.float32(-2 * strength), out=edges[0])
        moved, gray_moved = np.asarray(cv2.add(moved, cv2.merge([added] * 3)), np.float32), gray_moved + added
    return moved, gray_moved


def _variance(plane: Plane, size: tuple[int, ...]) -> Plane:
    """Return the local variance of a plane (H, W) around each pixel of a smaller one (h, w)."""
    mean, square = (_blur(_reduce(each, size)) for each in (plane, plane * plane))
    return np.maximum(square - mean * mean, 0)


def _reduce(image: Image, size: tuple[int, ...]) -> Image:
    """Return an image (H, W, 3) or plane (H, W) averaged over whole pixels, which is fast; it ignores up to 3 rows."""
    height, width = COARSE * size[0], COARSE * size[1]
    return optical_flow.resize(image[:height, :width], size)


def _blur(plane: Plane) -> Plane:
    """Return a coarse plane (h, w) or image (h, w, 3), blurred."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), BLUR / COARSE), np.float32)


def _blurred(reduced: Pixels) -> Pixels:
    """Returns a reduced frame (h, w, 3) uint8, blurred a little."""
    return np.asarray(cv2.GaussianBlur(reduced, (0, 0), 1.0), np.uint8)
