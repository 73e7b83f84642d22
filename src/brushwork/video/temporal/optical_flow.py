"""Motion between two frames, and where one scene ends and the next begins.

Motion is found by dense inverse search (Kroeger et al. 2016, arXiv 1603.03590). It leads from each pixel of a frame
*back* to where it was in the frame before, so that the frame before can be drawn anew where things are now. Where the
way there and the way from there do not meet again, `filling` says what is likely.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from brushwork.images import Image
from brushwork.images.picture import fitted
from brushwork.video.reading.frames import Pixels, as_image
from brushwork.video.temporal.flow_filling import Flow, Mask, filled, squared

Plane: TypeAlias = NDArray[np.float32]  # (h, w) in [0, 1]

LONG_SIDE, KEPT = 1024, 512  # motion is searched at most at the first size, and kept and judged at the second
# Pixels between the patches that are searched, steps of each search, and rounds in which the whole is made smooth:
# 3, 25 and 5 take more than twice as long and find hardly more.
STRIDE, STEPS, REFINEMENTS = 4, 12, 3
BACK_STRIDE = 6  # of the way back, which only tells whether a way is sure
MIN_SEARCH_SIDE = 32  # below it dense inverse search has no room for its patches
# A difference in grey that motion does not explain, and the share of a frame in which it means another scene. On real
# clips the share is 0.15 at most, for running figures close up; between unlike scenes it is 0.55 and more.
UNEXPLAINED, CUT = 0.06, 0.4
# At such a difference in grey, and such a lack of area, agreement is down to 1/e.
CONTENT, STRETCH = 0.15, 0.4
# Pixels, and share of the way, by which one may miss the place where one set out.
HOME, HOME_SHARE = 1.3, 0.02
# Over a window, still pixels must differ so much more than moved ones before a small motion, in pixels, is believed:
# noise can be matched, too, by a little motion that is not there.
WINDOW, BELIEVED, SMALL = 33, 1.2, 1.5


@dataclass(frozen=True, eq=False)
class Motion:
    """The way back to the frame before.

    Attributes:
        flow: (h, w, 2), in pixels of its own size.
        agreement: (h, w) in [0, 1], how sure it is that what is here was there.
        cut: Whether this frame begins another scene.
    """

    flow: Flow
    agreement: Plane
    cut: bool


def find(pixels: Pixels, before: Pixels) -> Motion:
    """The motion between two frames (H, W, 3) of one size."""
    gray, gray_before = grayed(pixels), grayed(before)
    size = fitted(gray.shape[0], gray.shape[1], KEPT)
    flow = resized(search(gray, gray_before, STRIDE, STEPS, REFINEMENTS), size)
    back = resized(search(gray_before, gray, BACK_STRIDE, STEPS, refinements=0), size)
    flow = filled(flow, leads_home(flow, back))
    flow = np.stack([cv2.medianBlur(np.ascontiguousarray(flow[..., axis]), 5) for axis in (0, 1)], axis=-1)
    here, there = (as_image(scaled(plane, size)) for plane in (gray, gray_before))
    still = cv2.blur(np.abs(here - there), (WINDOW, WINDOW))
    moved = cv2.blur(np.abs(here - warp(there, flow)), (WINDOW, WINDOW))
    believed = (still > BELIEVED * moved) | (squared(flow) > SMALL**2)
    flow = np.asarray(flow * cv2.blur(believed.astype(np.float32), (5, 5))[..., None], np.float32)
    difference = np.asarray(cv2.GaussianBlur(np.abs(here - warp(there, flow)), (0, 0), 0.7), np.float32)
    agreement = np.exp(-((difference / np.float32(CONTENT)) ** 2)) * trusted(flow)
    return Motion(flow, np.asarray(agreement, np.float32), bool((difference > UNEXPLAINED).mean() > CUT))


def visible(flow: Flow, back: Flow) -> Mask:
    """Where the way there and the way back (H, W, 2) meet again (Sundaram et al. 2010, eq. 5), within the frame."""
    returned = warp(back, flow)
    meet = squared(flow + returned) < 0.01 * (squared(flow) + squared(returned)) + 0.5
    found: Mask = meet & inside(flow)
    return found


def leads_home(flow: Flow, back: Flow) -> Mask:
    """The same, held more strictly: where a flow is sure enough for others to go by it."""
    apart = np.sqrt(squared(flow + warp(back, flow)))
    found: Mask = (apart < HOME + HOME_SHARE * np.sqrt(squared(flow))) & inside(flow)
    return found


def inside(flow: Flow) -> Mask:
    """Where a flow (H, W, 2) does not lead out of the frame."""
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    found: Mask = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return found


def trusted(flow: Flow) -> Plane:
    """Where (h, w) a flow leads to one place for each place: 1; out of the frame or many to one place: towards 0.

    Many places that come from one are where something was hidden before: what was there would be drawn out into
    trails. How much area a flow takes from is the determinant of its derivative.
    """
    smooth = cv2.GaussianBlur(flow, (0, 0), 1)
    (u_y, u_x), (v_y, v_x) = (np.gradient(smooth[..., axis]) for axis in (0, 1))
    area = (1 + u_x) * (1 + v_y) - u_y * v_x
    return np.asarray(inside(flow) * np.exp(-((np.maximum(1 - area, 0) / STRETCH) ** 2)), np.float32)


def search(
    gray: NDArray[np.uint8], before: NDArray[np.uint8], stride: int = 3, steps: int = 25, refinements: int = 5
) -> Flow:
    """Motion (h, w, 2) from one grey plane (h, w) back to another: none where they are too small to search.

    Args:
        gray: The plane that is led back.
        before: The one it is led to.
        stride: Pixels between the patches that are searched.
        steps: Of each search.
        refinements: Rounds in which the whole is made smooth.
    """
    if min(gray.shape) < MIN_SEARCH_SIDE:
        return np.zeros((*gray.shape, 2), np.float32)
    search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setPatchStride(stride)
    search.setGradientDescentIterations(steps)
    search.setVariationalRefinementIterations(refinements)
    return np.asarray(search.calc(gray, before, None), np.float32)


def grayed(pixels: Pixels, long_side: int = LONG_SIDE) -> NDArray[np.uint8]:
    """Grey (h, w), uint8, of a frame (H, W, 3), its long side at most `long_side`."""
    gray: NDArray[Any] = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if gray.dtype == np.uint16:
        gray = (gray >> 8).astype(np.uint8)
    return scaled(gray, fitted(gray.shape[0], gray.shape[1], long_side))


def scaled(plane: NDArray[Any], size: tuple[int, ...]) -> NDArray[Any]:
    """A plane or image in another size (h, w): averaged to shrink, linear to grow."""
    if plane.shape[:2] == size[:2]:
        return plane
    way = cv2.INTER_AREA if size[0] < plane.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(plane, (size[1], size[0]), interpolation=way)


def resized(flow: Flow, size: tuple[int, ...]) -> Flow:
    """The same motion for a frame of another size (H, W)."""
    scale = np.array([size[1] / flow.shape[1], size[0] / flow.shape[0]], np.float32)
    if size[0] < flow.shape[0]:  # the smaller one is multiplied
        return np.asarray(scaled(flow, size) * scale, np.float32)
    return np.asarray(scaled(flow * scale, size), np.float32)


def warp(image: Image, flow: Flow, *, sharp: bool = False) -> Image:
    """What an image (H, W, 3) or plane (H, W) shows where a flow (H, W, 2) leads: linear, or cubic if sharp."""
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    way = cv2.INTER_CUBIC if sharp else cv2.INTER_LINEAR
    return np.asarray(cv2.remap(image, x, y, way, borderMode=cv2.BORDER_REPLICATE), np.float32)
