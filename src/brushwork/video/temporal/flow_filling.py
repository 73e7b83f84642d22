"""Motion where none can be seen: what is dark or blurred goes along with the plane that is found around it.

Much of a scene, ground and walls, is nearly flat, and a flat thing seen twice moves as a homography says (Hartley and
Zisserman 2004, *Multiple View Geometry*, section 13.1). A few of them are fitted to the motion that is sure.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Flow: TypeAlias = NDArray[np.float32]  # (h, w, 2): x and y, in pixels of a frame of that size
Mask: TypeAlias = NDArray[np.bool_]

# At most so many planes; each must carry so many points, and that share of them: less is chance.
PLANES, LEAST, LEAST_SHARE = 4, 40, 0.04
STEP = 4  # every so many pixels, each way, one point stands for its neighbours
FITS, NEAR = 1.0, 1.5  # pixels from a plane's motion: of a point it is fitted to, and of one that speaks for it
AROUND = 16  # pixels: how far a point speaks for a plane


def filled(flow: Flow, sure: Mask) -> Flow:
    """A flow (h, w, 2), where it is not sure (h, w) that of the plane which fits most of what is sure around it."""
    planes = list(_planes(flow, sure))
    if not planes or bool(sure.all()):
        return flow
    points = (slice(None, None, STEP),) * 2
    support = []
    for plane in planes:
        fits = sure[points] & (squared(flow[points] - plane[points]) < NEAR**2)
        support.append(cv2.GaussianBlur(fits.astype(np.float32), (0, 0), AROUND / STEP))
    best: NDArray[Any] = np.argmax(support, axis=0).astype(np.uint8)
    best = cv2.resize(best, sure.shape[::-1], interpolation=cv2.INTER_NEAREST)
    found = flow.copy()
    for number, plane in enumerate(planes):
        here = ~sure & (best == number)
        found[here] = plane[here]
    return found


def squared(flow: Flow) -> NDArray[np.float32]:
    """The squared length (h, w) of a flow (h, w, 2), in a fifth of the time of a sum over its last axis."""
    x, y = flow[..., 0], flow[..., 1]
    return np.asarray(x * x + y * y, np.float32)


def _planes(flow: Flow, sure: Mask) -> Iterator[Flow]:
    """The motion (h, w, 2) of one plane after the other, each fitted to what the ones before did not explain."""
    height, width = sure.shape
    y, x = np.mgrid[STEP // 2 : height : STEP, STEP // 2 : width : STEP]
    chosen = sure[y, x]
    here = np.stack([x[chosen], y[chosen]], axis=-1).astype(np.float32)
    there = here + flow[y, x][chosen]
    least = max(LEAST, round(LEAST_SHARE * len(here)))
    for _ in range(PLANES):
        if len(here) < least:
            return
        homography, fits = cv2.findHomography(here, there, cv2.USAC_FAST, FITS, maxIters=300, confidence=0.99)
        if homography is None or fits.sum() < least:
            return
        yield _motion(homography, height, width)
        rest = ~fits.ravel().astype(bool)
        here, there = here[rest], there[rest]


def _motion(homography: NDArray[Any], height: int, width: int) -> Flow:
    """Where a homography (3, 3) leads, as a flow (height, width, 2); past its horizon it leads as far as can be."""
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    moved = cv2.perspectiveTransform(grid, homography) - grid
    far = float(width + height)
    return np.asarray(np.clip(np.nan_to_num(moved, posinf=far, neginf=-far), -far, far), np.float32)
