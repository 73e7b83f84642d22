"""Fills optical flow where it cannot be measured: dark or blurred parts follow a plane fitted to their surroundings.

Much of a scene, such as ground and walls, is nearly flat, and two views of a plane are related by a homography (Hartley
and Zisserman 2004, *Multiple View Geometry*, section 13.1). A few of them are fitted to the reliable part of the flow.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Flow: TypeAlias = NDArray[np.float32]  # (h, w, 2): x and y, in pixels of a frame of that size
Mask: TypeAlias = NDArray[np.bool_]

# Most planes; least number and least fraction of the points that a plane must fit, as fewer may fit by chance.
MAX_PLANES, MIN_POINTS, MIN_FRACTION = 4, 40, 0.04
STEP = 8  # pixels between the points that are used, in each direction
# Largest distance in pixels from a plane's motion of a point that the plane is fitted to, and of one that supports it.
INLIER, SUPPORT = 1.0, 1.5
REACH = 16  # pixels over which a point supports a plane


def fill(flow: Flow, reliable: Mask) -> Flow:
    """Return a flow whose unreliable parts follow the plane with the most support around them.

    Args:
        flow: Motion (h, w, 2).
        reliable: Where the motion is reliable (h, w).
    """
    if bool(reliable.all()):
        return flow
    y, x = np.mgrid[STEP // 2 : flow.shape[0] : STEP, STEP // 2 : flow.shape[1] : STEP]
    certain, motion = reliable[y, x], flow[y, x]
    points = np.stack((x, y), axis=-1).astype(np.float32)
    planes = list(_fit_planes(points[certain], motion[certain]))
    if not planes:
        return flow
    support = []
    for plane in planes:
        fits = certain & (squared_length(motion - _motion_of(plane, points, flow)) < SUPPORT**2)
        support.append(cv2.GaussianBlur(fits.astype(np.float32), (0, 0), REACH / STEP))
    best: NDArray[Any] = np.argmax(support, axis=0).astype(np.uint8)
    best = cv2.resize(best, reliable.shape[::-1], interpolation=cv2.INTER_NEAREST)
    filled = flow.copy()
    for number, plane in enumerate(planes):
        y, x = np.nonzero(~reliable & (best == number))
        if len(y):
            places = np.stack((x, y), axis=-1)[None].astype(np.float32)
            filled[y, x] = _motion_of(plane, places, flow)[0]
    return filled


def squared_length(flow: Flow) -> NDArray[np.float32]:
    """Return the squared length (h, w) of a flow (h, w, 2); five times as fast as a sum over the last axis."""
    x, y = flow[..., 0], flow[..., 1]
    return np.asarray(x * x + y * y, np.float32)


def _fit_planes(points: NDArray[np.float32], motion: Flow) -> Iterator[NDArray[Any]]:
    """Yield homographies (3, 3), each of the motion (n, 2) of points (n, 2) that earlier ones do not explain."""
    here, there = points, points + motion
    needed = max(MIN_POINTS, round(MIN_FRACTION * len(here)))
    for _ in range(MAX_PLANES):
        if len(here) < needed:
            return
        homography, inliers = cv2.findHomography(
            here, there, cv2.USAC_FAST, INLIER, maxIters=300, confidence=0.99
        )  # fmt: skip
        if homography is None or inliers.sum() < needed:
            return
        yield homography
        rest = ~inliers.ravel().astype(bool)
        here, there = here[rest], there[rest]


def _motion_of(homography: NDArray[Any], points: NDArray[np.float32], flow: Flow) -> Flow:
    """Return the motion of points (h, w, 2) by a homography (3, 3), limited where it leads past its horizon."""
    moved = cv2.perspectiveTransform(points, homography) - points
    far = float(sum(flow.shape[:2]))
    return np.asarray(np.clip(np.nan_to_num(moved, posinf=far, neginf=-far), -far, far), np.float32)
