"""Optical flow between two frames, and scene cuts.

The flow is estimated by dense inverse search (Kroeger et al. 2016, arXiv 1603.03590). It leads from each pixel of a
frame *back* to its position in the previous frame, so that the previous frame can be warped to the current one. Where
the flows in both directions disagree, `flow_filling` supplies a likely one.
"""

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from brushwork.images import Image
from brushwork.images.resizing import fitted
from brushwork.video.reading.frames import Pixels, as_image
from brushwork.video.temporal.flow_filling import Flow, Mask, fill, squared_length

Plane: TypeAlias = NDArray[np.float32]  # (h, w) in [0, 1]

FLOW_SIDE = 480  # long side in pixels at which flow is estimated and stored
# Pixels between patches, steps of each search, and variational refinements. The preset's 3, 25 and 5 take more than
# twice as long for hardly any gain.
STRIDE, STEPS, REFINEMENTS = 4, 8, 2
# The same for the opposite flow, which only shows whether the flow is reliable. At half the size it would be cheaper,
# and the warping error of fast motion higher by 0.03; as the forward stride, 5 would raise it by 0.03 as well.
BACKWARD_STRIDE, BACKWARD_STEPS, BACKWARD_REFINEMENTS = 5, 8, 0
MIN_SEARCH_SIDE = 32  # below it, dense inverse search has no room for its patches
# A difference in grey that motion does not explain, and the fraction of a frame with such differences that makes a
# scene cut. On real clips the fraction is at most 0.15, for running figures close up; between unlike scenes, 0.55.
UNEXPLAINED, CUT_FRACTION = 0.06, 0.4
# Difference in grey, loss of area, and change of the flow from pixel to pixel that reduce the agreement to 1/e.
CONTENT_SCALE, STRETCH_SCALE, TEAR_SCALE = 0.15, 0.4, 0.5
# Largest error of a reliable flow there and back, in pixels and as a fraction of its length.
RETURN_ERROR, RETURN_FRACTION = 1.3, 0.02
# Noise can be matched by a small motion that does not exist. A motion shorter than SMALL pixels counts only if the
# frames, over a window, differ by STILL_FACTOR more without it. They are blurred before they are compared, because
# interpolation between pixels alone reduces noise.
WINDOW, STILL_FACTOR, SMALL, STILL_BLUR = 33, 1.3, 1.5, 1.0
# A longer one counts if, over a larger window, this fraction certainly moves: such as a sky in a panning shot.
AROUND, LEAST_SURE = 129, 0.15
# Least difference of blurred frames as a factor of their noise; percentage of (the flattest) windows that measure it.
NOISE_FACTOR, FLATTEST = 0.54, 3


@dataclass(frozen=True, eq=False)
class Motion:
    """Motion back to the previous frame.

    Attributes:
        flow: (h, w, 2), in pixels of its own size.
        agreement: Confidence (h, w), in [0, 1], that the flow leads to the same part of the scene.
        cut: Whether the frame begins another scene.
    """

    flow: Flow
    agreement: Plane
    cut: bool


def find(pixels: Pixels, previous: Pixels) -> Motion:
    """Return the motion from a frame (H, W, 3) back to the previous one; either may be reduced by `reduce` already."""
    gray, gray_previous = (to_gray(reduce(each), FLOW_SIDE) for each in (pixels, previous))
    flow = search(gray, gray_previous, STRIDE, STEPS, REFINEMENTS, finest=0)
    back = search(gray_previous, gray, BACKWARD_STRIDE, BACKWARD_STEPS, BACKWARD_REFINEMENTS, finest=0)
    flow = fill(flow, reliable(flow, back))
    flow = np.stack([cv2.medianBlur(np.ascontiguousarray(flow[..., axis]), 5) for axis in (0, 1)], axis=-1)
    here, there = as_image(gray), as_image(gray_previous)
    flow = _without_noise(flow, here, there)
    difference = np.asarray(cv2.GaussianBlur(np.abs(here - warp(there, flow)), (0, 0), 0.7), np.float32)
    agreement = np.exp(-((difference / np.float32(CONTENT_SCALE)) ** 2)) * one_to_one(flow)
    cut = bool((difference > UNEXPLAINED).mean() > CUT_FRACTION)
    return Motion(flow, np.asarray(agreement, np.float32), cut)


def reduce(pixels: Pixels) -> Pixels:
    """Return a frame (H, W, 3) at the size of its optical flow, (h, w, 3) uint8; a frame of that size unchanged."""
    small = resize(pixels, fitted(pixels.shape[0], pixels.shape[1], FLOW_SIDE))
    return (small >> 8).astype(np.uint8) if small.dtype == np.uint16 else small


def _without_noise(flow: Flow, here: Plane, there: Plane) -> Flow:
    """Return a flow (h, w, 2) set to 0 where it is small or isolated and explains hardly more than no motion does.

    It is also set to 0 where frames differ by no more than their noise.
    """
    one, other = (np.asarray(cv2.GaussianBlur(each, (0, 0), STILL_BLUR), np.float32) for each in (here, there))
    still = cv2.blur(np.abs(one - other), (WINDOW, WINDOW))
    moved = cv2.blur(np.abs(one - warp(other, flow)), (WINDOW, WINDOW))
    sure = still > STILL_FACTOR * moved
    around = cv2.blur(sure.astype(np.float32), (AROUND, AROUND)) > LEAST_SURE
    real = (sure | ((squared_length(flow) > SMALL**2) & around)) & (still > NOISE_FACTOR * _noise(here))
    return np.asarray(flow * cv2.blur(real.astype(np.float32), (5, 5))[..., None], np.float32)


def _noise(gray: Plane) -> float:
    """Return the mean difference of two frames that noise alone causes, estimated from one of them (h, w).

    The deviation of noise is that of second differences (Immerkaer 1996, *Fast noise variance estimation*), here of the
    flattest windows, as texture has second differences, too. On average, two frames then differ by 2 / sqrt(pi)
    deviations.
    """
    kernel = np.asarray([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    second = cv2.blur(np.abs(cv2.filter2D(gray, cv2.CV_32F, kernel)), (WINDOW, WINDOW))
    flattest = float(np.percentile(second[:: WINDOW // 4, :: WINDOW // 4], FLATTEST))
    return flattest / math.sqrt(18)  # sqrt(pi / 2) / 6 converts it to a deviation


def visible(flow: Flow, back: Flow) -> Mask:
    """Return where flows (H, W, 2) there and back agree, within the frame (Sundaram et al. 2010, eq. 5)."""
    returned = warp(back, flow)
    bound = 0.01 * (squared_length(flow) + squared_length(returned)) + 0.5
    found: Mask = (squared_length(flow + returned) < bound) & inside(flow)
    return found


def reliable(flow: Flow, back: Flow) -> Mask:
    """Return where flows (H, W, 2) there and back agree closely enough for their surroundings to follow them."""
    error = np.sqrt(squared_length(flow + warp(back, flow)))
    found: Mask = (error < RETURN_ERROR + RETURN_FRACTION * np.sqrt(squared_length(flow))) & inside(flow)
    return found


def inside(flow: Flow) -> Mask:
    """Return where a flow (H, W, 2) stays within the frame."""
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    found: Mask = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return found


def one_to_one(flow: Flow) -> Plane:
    """Return (h, w) 1 where a flow is one to one, and less where it is torn or leads outside the frame.

    Several pixels come from one position where something was hidden before; its strokes would be drawn out into trails.
    The area that a pixel comes from is the determinant of the derivative of the map. Where neighbours come from distant
    positions, strokes would break along a hairline crack: there the derivative of the flow is large.
    """
    smooth = cv2.GaussianBlur(flow, (0, 0), 1)
    (u_y, u_x), (v_y, v_x) = (np.gradient(smooth[..., axis]) for axis in (0, 1))
    lost = np.maximum(u_y * v_x - (1 + u_x) * (1 + v_y) + 1, 0) / np.float32(STRETCH_SCALE)  # of a pixel's area
    change = (u_y * u_y + u_x * u_x + v_y * v_y + v_x * v_x) / np.float32(TEAR_SCALE**2)
    return np.asarray(inside(flow) * np.exp(-lost * lost - change), np.float32)


def search(
    gray: NDArray[np.uint8], previous: NDArray[np.uint8], stride: int = 3, steps: int = 25, refinements: int = 5,
    finest: int = 1,
) -> Flow:  # fmt: skip
    """Return the flow (h, w, 2) from a grey plane (h, w) back to another; 0 if they are too small to search.

    Args:
        gray: The plane whose pixels are searched for, uint8.
        previous: The plane that is searched, uint8.
        stride: Pixels between the patches that are matched.
        steps: Gradient descent steps of each patch.
        refinements: Variational refinements of the whole flow.
        finest: Number of times that the planes are halved for the last search; the flow is then enlarged.
    """
    if min(gray.shape) < MIN_SEARCH_SIDE:
        return np.zeros((*gray.shape, 2), np.float32)
    method: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    method.setFinestScale(finest)
    method.setPatchStride(stride)
    method.setGradientDescentIterations(steps)
    method.setVariationalRefinementIterations(refinements)
    return np.asarray(method.calc(gray, previous, None), np.float32)


def to_gray(pixels: Pixels, long_side: int) -> NDArray[np.uint8]:
    """Return a frame (H, W, 3) in grey (h, w), uint8, its long side at most `long_side`."""
    gray: NDArray[Any] = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if gray.dtype == np.uint16:
        gray = (gray >> 8).astype(np.uint8)
    return resize(gray, fitted(gray.shape[0], gray.shape[1], long_side))


def resize(plane: NDArray[Any], size: tuple[int, ...]) -> NDArray[Any]:
    """Return a plane or image at another size (h, w): averaged to shrink, linear to enlarge."""
    if plane.shape[:2] == size[:2]:
        return plane
    method = cv2.INTER_AREA if size[0] < plane.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(plane, (size[1], size[0]), interpolation=method)


def resize_flow(flow: Flow, size: tuple[int, ...]) -> Flow:
    """Return the same motion for a frame of another size (H, W)."""
    scale = np.array([size[1] / flow.shape[1], size[0] / flow.shape[0]], np.float32)
    if size[0] < flow.shape[0]:  # multiply the smaller array
        return np.asarray(resize(flow, size) * scale, np.float32)
    return np.asarray(resize(flow * scale, size), np.float32)


def warp(image: Image, flow: Flow, *, sharp: bool = False) -> Image:
    """Return an image (H, W, 3) or plane (H, W) sampled where a flow (H, W, 2) leads.

    Args:
        image: The image or plane.
        flow: Position to sample, relative to each pixel.
        sharp: Whether to interpolate cubically instead of linearly.
    """
    return np.asarray(sample(image, flow, cv2.INTER_CUBIC if sharp else cv2.INTER_LINEAR), np.float32)


def sample(image: NDArray[Any], flow: Flow, method: int = cv2.INTER_LINEAR) -> NDArray[Any]:
    """Return an image (h, w, 3) or plane (h, w) of any dtype, sampled where a flow (H, W, 2) leads."""
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return cv2.remap(image, x, y, method, borderMode=cv2.BORDER_REPLICATE)
