"""Stabilises pastiches over time: where the content only moved, an earlier pastiche moves along."""

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
        content: What it was painted of, (h, w, 3) uint8, at the size of optical flow.
        flow: From the latest frame back to the key, (h, w, 2) in pixels of its own size.
        trust: How sure that is, (h, w) in [0, 1].
        age: Number of frames since.
    """

    pastiche: Image
    content: Pixels
    flow: Flow
    trust: Plane
    age: int = 0

    @classmethod
    def begin(cls, pastiche: Image, pixels: Pixels) -> "Key":
        """Returns a key of a frame (H, W, 3)."""
        content = _reduce_content(pixels)
        size = content.shape[:2]
        return cls(pastiche, content, np.zeros((*size, 2), np.float32), np.ones(size, np.float32))

    def follow(self, motion: Motion | None, pixels: Pixels) -> "Key":
        """Returns the same key as seen from the next frame (H, W, 3); a motion of None is none."""
        flow, trust = self.flow, self.trust
        if motion is not None:
            flow = motion.flow + optical_flow.warp(flow, motion.flow)
            trust = np.minimum(motion.agreement, optical_flow.warp(trust, motion.flow))
        content = _reduce_content(pixels)
        red, green, blue = cv2.split(cv2.absdiff(content, optical_flow.warp(self.content, flow).astype(np.uint8)))
        difference = cv2.max(cv2.max(red, green), blue)
        agreement = _fall(difference / np.float32(255 * COLOR_SCALE)) * optical_flow.inside(flow)
        return replace(self, flow=flow, trust=np.minimum(trust, agreement), age=self.age + 1)


def stabilise(pastiche: Image, pixels: Pixels, key: Key, weight: float) -> tuple[Image, Key]:
    """Returns a pastiche blended with that of a key, moved to where things are now, and the key for the next frame.

    The key's pastiche gets its weight where motion explains the content and where both paintings show the same at a
    glance and with the same contrast. Elsewhere the new pastiche stays as it is, so that nothing of what has left
    shines through. The blend keeps the contrast of what it is made of, near that of the new pastiche.

    Args:
        pastiche: What the network painted of this frame, (H, W, 3) in [0, 1].
        pixels: The frame (H, W, 3).
        key: The key, as seen from this frame.
        weight: Weight of the key's pastiche where it agrees, in [0, 1].
    """
    size = pastiche.shape[:2]
    coarse = max(1, size[0] // COARSE), max(1, size[1] // COARSE)
    moved = optical_flow.warp(key.pastiche, optical_flow.resize_flow(key.flow, size), sharp=True)
    moved = _sharpened(moved, pastiche, key.trust)
    here, there = (_reduce(image, coarse) for image in (pastiche, moved))
    variances = _variances(pastiche, moved, coarse)
    weights = optical_flow.resize(key.trust, coarse) * _agreement(here, there, *variances[:2]) * np.float32(weight)
    mixed = _mix(pastiche, moved, weights)
    blurred = _blur(_mix(here, there, weights))
    # A gain above 1 leads away from the blurred image, which raises contrast.
    raised = _mix(optical_flow.resize(blurred, size), mixed, _gain(*variances, weights))
    stable = np.clip(raised, 0, 1, out=raised)
    lost = float((weights < weight / 2).mean())
    if key.age >= MAX_AGE or lost > MAX_LOST:
        key = Key.begin(stable, pixels)
    return stable, key


def _agreement(here: Image, there: Image, one: Plane, other: Plane) -> Plane:
    """Returns how alike two coarse pastiches (h, w, 3) are, (h, w) in [0, 1], given their local variances (h, w)."""
    mean = cv2.transform(cv2.absdiff(here, there), np.full((1, 3), 1 / 3, np.float32))
    difference = _blur(np.asarray(mean, np.float32))
    scale = np.asarray(PASTICHE_SCALE + OWN_SCALE * np.sqrt(one), np.float32)
    ratio = (other + np.float32(1e-4)) / (one + np.float32(1e-4))
    contrast = np.asarray(np.log(ratio) / (2 * CONTRAST_SCALE), np.float32)
    alike: Plane = _fall(difference / scale)
    return alike * _fall(contrast)


def _fall(difference: Plane) -> Plane:
    """Returns 1 for a difference of 0, 1/e for 1 and nearly 0 for 2, steeper than a bell curve."""
    square = difference * difference
    return np.asarray(np.exp(-square * square), np.float32)


def _mix(first: Image, second: Image, weights: Plane) -> Image:
    """Returns a weighted mean of two images (H, W, 3), with weights (h, w) of the second one."""
    # OpenCV divides by the sum of the weights plus 1e-5, so they are made large.
    of_second = optical_flow.resize(weights, first.shape) * np.float32(LARGE)
    return np.asarray(cv2.blendLinear(first, second, np.float32(LARGE) - of_second, of_second), np.float32)


def _gain(one: Plane, other: Plane, between: Plane, weights: Plane) -> Plane:
    """Returns by how much the contrast of the mix of two images is to be raised, (h, w) like the weights.

    Strokes in different places cancel each other: var(mix) = (1 - w) var(first) + w var(second) - w (1 - w) var(first -
    second), so the last term is what is lost. What is moved for long must not drift away from what is painted now.
    """
    sum_of_both = (1 - weights) * one + weights * other + np.float32(MIN_VARIANCE)
    least, most = (factor**2 * one + np.float32(MIN_VARIANCE) for factor in (LEAST_CONTRAST, MOST_CONTRAST))
    left = np.maximum(sum_of_both - weights * (1 - weights) * between, sum_of_both / np.float32(MAX_GAIN**2))
    return np.asarray(np.sqrt(np.clip(sum_of_both, least, most) / left), np.float32)


def _sharpened(moved: Image, pastiche: Image, trust: Plane) -> Image:
    """Returns a moved pastiche (H, W, 3) in [0, 1] that is as sharp as a new one: to move is to blur a little.

    A frame's sharpness is the energy of its Laplacian where the moved pastiche is trusted. Adding s times the negative
    Laplacian multiplies that of the finest detail by 1 + 8 s.
    """
    fine = [cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_32F) for image in (moved, pastiche)]
    seen = (optical_flow.resize(trust, moved.shape) > SEEN).astype(np.uint8)
    (own,), (wanted,) = (cv2.meanStdDev(plane, mask=seen)[1][:, 0] for plane in fine)
    strength = min(max(float(wanted) / max(float(own), MIN_VARIANCE) - 1, 0.0), MOST_SHARPENED) / 8
    if strength > LEAST_SHARPENED:
        kernel = np.asarray([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], np.float32) * np.float32(strength * 2)
        kernel[1, 1] += 1
        moved = np.asarray(cv2.filter2D(moved, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)
    return np.asarray(np.clip(moved, 0, 1, out=moved), np.float32)


def _variances(first: Image, second: Image, size: tuple[int, ...]) -> tuple[Plane, Plane, Plane]:
    """Returns the local variances (h, w) of two images (H, W, 3) and of their difference, in grey."""
    grays = [np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float32) for image in (first, second)]
    one, other, between = (_variance(plane, size) for plane in (*grays, grays[1] - grays[0]))
    return one, other, between


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


def _reduce_content(pixels: Pixels) -> Pixels:
    """Returns a frame (H, W, 3) at the size of optical flow, uint8, blurred a little: noise is no difference."""
    small = optical_flow.resize(pixels, optical_flow.flow_size(pixels))
    if small.dtype == np.uint16:
        small = (small >> 8).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0), np.uint8)
