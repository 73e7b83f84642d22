"""Steadying: where the content only moved, the last pastiche moves along, and only the rest is painted anew."""

import cv2
import numpy as np

from brushwork.images import Image
from brushwork.video import motion as motions
from brushwork.video.motion import Motion, Plane

# Difference of the pastiches' soft colours at which the last one counts for 1/e: there the painting itself has changed.
# They are softened over about so many pixels: strokes may differ, what they show may not.
PASTICHE, SOFT = 0.12, 8


def steady(pastiche: Image, last: Image, motion: Motion | None, share: float) -> Image:
    """A pastiche (H, W, 3), steadied by the last one (H, W, 3).

    The last pastiche is drawn where things are now, and takes its share, in [0, 1], where it agrees: where motion
    explains the content, and where both paintings show the same at a glance. Elsewhere the new pastiche stays as it
    is, so nothing of what has been left behind shines through.

    Args:
        pastiche: What the network painted of this frame.
        last: The steadied pastiche of the frame before.
        motion: Back to that frame; None where nothing moved.
        share: Of the last pastiche, where it agrees.
    """
    size = pastiche.shape[:2]
    if motion is None:
        moved, agreement = last, np.ones(_small(size), np.float32)
    else:
        moved = np.clip(motions.warp(last, motions.resized(motion.flow, size), sharp=True), 0, 1)
        agreement = motions.scaled(motion.agreement, _small(size))
    agreement = agreement * np.exp(-((_apart(pastiche, moved) / np.float32(PASTICHE)) ** 2))
    weight = motions.scaled(agreement, size)[..., None] * np.float32(share)
    mixed = moved - pastiche
    mixed *= weight
    mixed += pastiche
    return mixed


def _small(size: tuple[int, ...]) -> tuple[int, int]:
    return max(1, size[0] // 4), max(1, size[1] // 4)


def _apart(pastiche: Image, moved: Image) -> Plane:
    """How far two pastiches (H, W, 3) are apart at a glance, (H / 4, W / 4)."""
    here, there = (motions.scaled(image, _small(pastiche.shape)) for image in (pastiche, moved))
    apart = np.abs(here - there).mean(axis=-1)
    return np.asarray(cv2.GaussianBlur(apart, (0, 0), SOFT / 4), np.float32)
