"""Stabilises pastiches over time: where the content only moved, an earlier pastiche moves with it."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from brushwork.images import Image
from brushwork.video.reading.frames import Pixels
from brushwork.video.temporal import content_agreement, optical_flow
from brushwork.video.temporal.content_agreement import fall
from brushwork.video.temporal.flow_filling import Flow
from brushwork.video.temporal.optical_flow import Motion, Plane

# Differences that reduce the weight of the key's pastiche to 1/e: of the blurred pastiches, the least and relative to
# their contrast; the same of their tints, as a grey stroke in a red area is a ghost; of the logarithm of the contrast.
# Pastiches are blurred over BLUR pixels, as strokes may differ while the picture does not.
PASTICHE_SCALE, OWN_SCALE, TINT_SCALE, OWN_TINT_SCALE, CONTRAST_SCALE, BLUR = 0.06, 1.0, 0.04, 0.4, 0.6, 8
TINT = np.eye(3, dtype=np.float32) - np.float32(1 / 3)  # of a colour (3,): its difference from grey of its lightness
COARSE = 4  # pixels of a pastiche per pixel of the planes of weights
# Least and most contrast relative to the new pastiche, and the pixels over which this contrast is averaged, as that of
# single strokes varies from frame to frame; the largest gain of contrast, and the least variance.
LEAST_CONTRAST, MOST_CONTRAST, CONTRAST_BLUR, MAX_GAIN, MIN_VARIANCE = 0.85, 1.15, 24, 2.0, 1e-6
# Number of frames, and lost fraction of the frame, after which a key is replaced.
MAX_AGE, MAX_LOST = 12, 0.03
# Trust above which sharpness is compared, the largest increase at once, and the strength below which it is skipped.
SEEN, MOST_SHARPENED, LEAST_SHARPENED = 0.5, 0.5, 0.004
LARGE = 65536


@dataclass(frozen=True, eq=False)
class Key:
    """A stabilised pastiche from which strokes are moved to later frames.

    They are moved in one step, by the sum of the motions in between: moved from frame to frame, strokes would be
    interpolated repeatedly, and blur.

    Attributes:
        pastiche: (H, W, 3) in [0, 1].
        content: The content that its strokes were rendered from, (h, w, 3) uint8: the frame of the key, or in part that
            of an earlier key; reduced and slightly blurred, so that noise is no difference.
        flow: Flow (h, w, 2) from the latest frame back to the key, in pixels of its own size.
        trust: Confidence (h, w) in the flow, in [0, 1].
        same: Confidence (h, w), in [0, 1], that the surroundings of a pixel look as in the key.
        age: Number of frames since the key.
    """

    pastiche: Image
    content: Pixels
    flow: Flow
    trust: Plane
    same: Plane
    age: int = 0

    @classmethod
    def begin(cls, pastiche: Image, reduced: Pixels) -> "Key":
        """Return a key of a pastiche and its frame, reduced (h, w, 3) by `optical_flow.reduce`."""
        content = _blurred(reduced)
        size = content.shape[:2]
        sure = np.ones(size, np.float32)
        return cls(pastiche, content, np.zeros((*size, 2), np.float32), sure, sure)

    def follow(self, motion: Motion | None, reduced: Pixels) -> "Key":
        """Return the same key as seen from the next frame, reduced (h, w, 3); None if nothing moves."""
        flow, trust = self.flow, self.trust
        if motion is not None:
            flow = motion.flow + optical_flow.warp(flow, motion.flow)
            trust = np.minimum(motion.agreement, optical_flow.warp(trust, motion.flow))
        here, there = _blurred(reduced), optical_flow.sample(self.content, flow)
        reach = flow.shape[1] / self.pastiche.shape[1]
        agreement, same = content_agreement.compare(here, there, reach)
        agreement *= optical_flow.inside(flow)
        return replace(self, flow=flow, trust=np.minimum(trust, agreement), same=same, age=self.age + 1)


def stabilise(pastiche: Image, reduced: Pixels, key: Key, weight: float) -> tuple[Image, Key]:
    """Return a pastiche blended with that of a key, which is moved along, and the key for the next frame.

    The key's pastiche has weight where motion explains the content and both pastiches look alike when blurred, with
    the same contrast. Elsewhere the new pastiche is unchanged, so that nothing shows through of objects that have left.
    The blend keeps the contrast of both pastiches, near that of the new one.

    Args:
        pastiche: The pastiche of this frame, (H, W, 3) in [0, 1].
        reduced: The frame, reduced (h, w, 3).
        key: The key, as seen from this frame.
        weight: Weight of the key's pastiche where it agrees, in [0, 1].
    """
    size = pastiche.shape[:2]
    coarse = max(1, size[0] // COARSE), max(1, size[1] // COARSE)
    moved = optical_flow.warp(key.pastiche, optical_flow.resize_flow(key.flow, size), sharp=True)
    trust = optical_flow.resize(key.trust, coarse)
    gray = np.asarray(cv2.cvtColor(pastiche, cv2.COLOR_RGB2GRAY), np.float32)
    gray_moved = _sharpen(moved, gray, trust)
    here, there = (_reduce(image, coarse) for image in (pastiche, moved))
    one, other, between = (_variance(plane, coarse) for plane in (gray, gray_moved, gray_moved - gray))
    agreement = np.maximum(_agreement(here, there, one, other), optical_flow.resize(key.same, coarse))
    weights = trust * agreement * np.float32(weight)
    _mix(pastiche, moved, weights, into=moved)
    blurred = optical_flow.resize(_blur(_mix(here, there, weights)), size)
    # A gain above 1 extrapolates from the blurred image, which raises contrast.
    raised = _mix(blurred, moved, _gain(one, other, between, weights), into=blurred)
    stable = np.clip(raised, 0, 1, out=raised)
    lost = float((weights < weight / 2).mean())
    if key.age >= MAX_AGE or lost > MAX_LOST:
        key = replace(Key.begin(stable, reduced), content=_content_of(reduced, key, weights))
    return stable, key


def _content_of(reduced: Pixels, key: Key, weights: Plane) -> Pixels:
    """Return the content (h, w, 3) that the strokes of a blend were rendered from: in part that of the key.

    Compared with the frame itself, a slow change, such as a fade, would be small from key to key, and old strokes would
    never go.
    """
    of_key = optical_flow.resize(weights, reduced.shape)[..., None]
    moved = optical_flow.sample(key.content, key.flow).astype(np.float32)
    return np.asarray(np.rint(moved * of_key + _blurred(reduced) * (1 - of_key)), np.uint8)


def _agreement(here: Image, there: Image, one: Plane, other: Plane) -> Plane:
    """Return the similarity (h, w), in [0, 1], of coarse pastiches (h, w, 3) with local variances (h, w)."""
    mean = cv2.transform(cv2.absdiff(here, there), np.full((1, 3), 1 / 3, np.float32))
    difference = _blur(np.asarray(mean, np.float32))
    deviation = np.sqrt(one)
    scale = np.asarray(PASTICHE_SCALE + OWN_SCALE * deviation, np.float32)
    ratio = (other + np.float32(1e-4)) / (one + np.float32(1e-4))
    contrast = np.asarray(np.log(ratio) / (2 * CONTRAST_SCALE), np.float32)
    red, green, blue = cv2.split(np.abs(cv2.transform(_blur(there - here), TINT)))
    tints = np.asarray(cv2.max(cv2.max(red, green), blue) / (TINT_SCALE + OWN_TINT_SCALE * deviation), np.float32)
    alike: Plane = fall(difference / scale)
    return alike * fall(contrast) * fall(tints)


def _mix(first: Image, second: Image, weights: Plane, into: Image | None = None) -> Image:
    """Return a weighted mean of two images (H, W, 3), with weights (h, w) of the second one.

    New memory for whole frames takes more time than their pixels, so the mean can be written into one of them.
    """
    # OpenCV divides by the sum of the weights plus 1e-5, which large weights make negligible.
    of_second = optical_flow.resize(weights, first.shape) * np.float32(LARGE)
    return np.asarray(cv2.blendLinear(first, second, np.float32(LARGE) - of_second, of_second, dst=into), np.float32)


def _gain(one: Plane, other: Plane, between: Plane, weights: Plane) -> Plane:
    """Return the gain (h, w) that restores the contrast of a mix of two images.

    Strokes in different positions cancel each other: var(mix) = (1 - w) var(first) + w var(second) - w (1 - w)
    var(first - second), so the last term is lost. The contrast is limited relative to the new pastiche, so that strokes
    moved over many frames do not drift away from it.
    """
    sum_of_both = (1 - weights) * one + weights * other + np.float32(MIN_VARIANCE)
    left = np.maximum(sum_of_both - weights * (1 - weights) * between, sum_of_both / np.float32(MAX_GAIN**2))
    new, mixed = (_blur(plane, CONTRAST_BLUR) + np.float32(MIN_VARIANCE) for plane in (one, sum_of_both))
    limited = np.clip(1, *(factor**2 * new / mixed for factor in (LEAST_CONTRAST, MOST_CONTRAST)))
    return np.asarray(np.sqrt(limited * sum_of_both / left), np.float32)


def _sharpen(moved: Image, gray: Plane, trust: Plane) -> Plane:
    """Sharpen a moved pastiche (H, W, 3), as moving blurs slightly, to match a new one; return its grey plane (H, W).

    A frame's sharpness is the energy of its Laplacian where the moved pastiche is trusted. Adding s times the negative
    Laplacian multiplies that of the finest detail by 1 + 8 s. Only lightness is sharpened, as the eye sees no other
    sharpness.

    Args:
        moved: The moved pastiche, which is changed.
        gray: The new one in grey, (H, W).
        trust: Confidence (h, w) in the motion, in [0, 1].
    """
    gray_moved = np.asarray(cv2.cvtColor(moved, cv2.COLOR_RGB2GRAY), np.float32)
    edges = [np.asarray(cv2.Laplacian(plane, cv2.CV_32F), np.float32) for plane in (gray_moved, gray)]
    own, wanted = (math.sqrt((_reduce(each * each, trust.shape) * (trust > SEEN)).sum()) for each in edges)
    strength = min(max(wanted / max(own, MIN_VARIANCE) - 1, -MOST_SHARPENED), MOST_SHARPENED) / 8
    if abs(strength) > LEAST_SHARPENED:
        added = np.multiply(edges[0], np.float32(-2 * strength), out=edges[0])
        cv2.add(moved, cv2.cvtColor(added, cv2.COLOR_GRAY2RGB), dst=moved)
        cv2.add(gray_moved, added, dst=gray_moved)
    return gray_moved


def _variance(plane: Plane, size: tuple[int, ...]) -> Plane:
    """Return the local variance of a plane (H, W) around each pixel of a smaller one (h, w)."""
    mean, square = (_blur(_reduce(each, size)) for each in (plane, plane * plane))
    return np.maximum(square - mean * mean, 0)


def _reduce(image: Image, size: tuple[int, ...]) -> Image:
    """Return an image (H, W, 3) or plane (H, W) averaged over blocks of pixels; ignores up to 3 rows and columns."""
    height, width = COARSE * size[0], COARSE * size[1]
    return optical_flow.resize(image[:height, :width], size)


def _blur(plane: Plane, pixels: int = BLUR) -> Plane:
    """Blur a coarse plane (h, w) or image (h, w, 3) over a number of pixels of a pastiche."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), pixels / COARSE), np.float32)


def _blurred(reduced: Pixels) -> Pixels:
    """Blur a reduced frame (h, w, 3), uint8, slightly."""
    return np.asarray(cv2.GaussianBlur(reduced, (0, 0), 1.0), np.uint8)
