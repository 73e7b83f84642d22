"""Finds the black bars of a letterboxed clip and renders only the picture between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from brushwork.images import Image
from brushwork.runtime import SMALLEST_SIDE
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.frames import Pixels, as_image

BLACK = 8 / 255  # maximum brightness of a bar, including coding noise
# Near a bright picture coding noise is brighter, and a bar may contain subtitles: then half of each row of a bar is at
# most EDGE bright, and at most TEXT of the pixels of both bars are brighter than BRIGHT.
EDGE, BRIGHT, TEXT = 16 / 255, 32 / 255, 0.15
NARROWEST = 0.02  # minimum bar width as a fraction of the side; narrower ones are not noticeable
LARGEST = 0.6  # maximum width of both bars as a fraction of the side
UNEQUAL = 0.01  # maximum difference of both bars as a fraction of the side; otherwise they are dark parts of the scene
SAMPLES = 8  # frames that must agree
FILLED = 0.6  # fraction of a picture between bars that is not black in at least one frame; titles on black fill less


@dataclass(frozen=True)
class Box:
    """The rows and columns between the bars."""

    top: int
    bottom: int
    left: int
    right: int

    def crop(self, pixels: Pixels) -> Pixels:
        """Return the part of a frame (H, W, 3) between the bars."""
        return np.ascontiguousarray(pixels[self.top : self.bottom, self.left : self.right])


class Painter(Protocol):
    """Renders frames; see `FramePainter`."""

    together: int

    def paint(self, state: FrameState, last: FrameState | None) -> FrameState:
        """Return the state with its pastiche."""
        ...

    def paint_plain(self, state: FrameState) -> Image:
        """Return the pastiche (H, W, 3) of the plain colour that a frame fades to."""
        ...


class LetterboxPainter:
    """Renders the picture between the bars; the bars, which may contain subtitles, are unchanged.

    Args:
        painter: Renders the cropped frames.
        box: The part between the bars.
    """

    def __init__(self, painter: Painter, box: Box) -> None:
        self._painter, self._box, self.together = painter, box, painter.together

    def paint(self, state: FrameState, last: FrameState | None) -> FrameState:
        """See `FramePainter.paint`."""
        painted = self._painter.paint(self._cropped(state), last)
        assert painted.pastiche is not None
        pastiche = self._between_bars(painted.pastiche, state)
        return replace(state, own=painted.own, statistics=painted.statistics, pastiche=pastiche)

    def paint_plain(self, state: FrameState) -> Image:
        """See `FramePainter.paint_plain`."""
        return self._between_bars(self._painter.paint_plain(self._cropped(state)), state)

    def _cropped(self, state: FrameState) -> FrameState:
        alpha = None if state.alpha is None else self._box.crop(state.alpha)
        return replace(state, pixels=self._box.crop(state.content), unfaded=None, alpha=alpha)

    def _between_bars(self, painted: Image, state: FrameState) -> Image:
        box, pastiche = self._box, as_image(state.pixels)
        pastiche[box.top : box.bottom, box.left : box.right] = painted
        return pastiche


def find_box(frames: Sequence[Pixels]) -> Box | None:
    """Return the part between black bars that all frames (H, W, 3) have; None if there are no bars."""
    if not frames:
        return None
    height, width = frames[0].shape[:2]
    brightest = np.zeros((height, width), np.float32)
    for pixels in frames:
        np.maximum(brightest, as_image(pixels).max(axis=-1), out=brightest)
    (top, bottom), (left, right) = (_between(each) for each in (brightest, brightest.T))
    if (top, bottom, left, right) == (0, height, 0, width) or min(bottom - top, right - left) < SMALLEST_SIDE:
        return None
    box = Box(top, bottom, left, right)
    filled = max(
        float((box.crop(pixels).max(axis=-1) > BLACK * np.iinfo(pixels.dtype).max).mean()) for pixels in frames
    )
    return box if filled >= FILLED else None


def _between(brightest: NDArray[np.float32]) -> tuple[int, int]:
    """Return the first row of the picture and the one after its last; all rows (h, w) if there are no bars."""
    top, bottom = _narrowed(np.median(brightest, axis=1) > EDGE)
    bars = np.concatenate((brightest[:top], brightest[bottom:]))
    if len(bars) and (bars > BRIGHT).mean() <= TEXT:
        return top, bottom
    return _narrowed(brightest.max(axis=1) > BLACK)


def _narrowed(is_picture: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the first row of the picture and the one after its last; all rows (h,) if the others are no bars."""
    side = len(is_picture)
    bright = np.flatnonzero(is_picture)
    if not len(bright):
        return 0, side
    first, last = int(bright[0]), side - 1 - int(bright[-1])
    are_bars = min(first, last) >= NARROWEST * side and first + last <= LARGEST * side
    return (first, side - last) if are_bars and abs(first - last) <= max(1, UNEQUAL * side) else (0, side)
