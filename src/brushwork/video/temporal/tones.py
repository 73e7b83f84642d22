"""Measures the tones of frames, also of those that follow, from which fades are found."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from brushwork.images.resizing import fitted
from brushwork.video.reading.frames import Pixels, as_image
from brushwork.video.temporal.optical_flow import Plane, resize

SIDE, QUANTILES = 64, (0.05, 0.25, 0.5, 0.75, 0.95)  # what is measured of a frame, and the long side it is reduced to
UNIFORM = 0.004  # contrast of a uniform frame, about a level of 8 bits
SAME_SHOT = 0.5  # correlation of two reduced frames of a shot
FOLLOWED = 0.3  # weight of a frame in the picture that following frames are compared with
# Least relative change of the contrast in a frame of a fade, and the number of frames without it in the middle of one:
# repeated frames, or motion that compensates it.
STEP, PATIENCE = 0.003, 3


class Frame(Protocol):
    """What is needed of a frame: its pixels (H, W, 3)."""

    @property
    def pixels(self) -> Pixels:
        """Pixels (H, W, 3), uint8 or uint16."""
        ...


F = TypeVar("F", bound=Frame)


@dataclass(frozen=True, eq=False)
class Tones:
    """Tones of a frame.

    Attributes:
        quantiles: Quantiles (5, 3) of its channels, which motion hardly changes.
        contrast: Their root mean square distance from the mean of each channel.
        small: The frame, reduced and grey (h, w).
    """

    quantiles: NDArray[np.float32]
    contrast: float
    small: Plane

    @classmethod
    def of(cls, pixels: Pixels) -> "Tones":
        """Measure pixels (H, W, 3)."""
        small = as_image(resize(pixels, fitted(pixels.shape[0], pixels.shape[1], SIDE)))
        quantiles = np.quantile(small.reshape(-1, 3), QUANTILES, axis=0).astype(np.float32)
        return cls(quantiles, float((quantiles - quantiles.mean(axis=0)).std()), small.mean(axis=2))

    def continues(self, before: "Tones") -> bool:
        """Return whether this frame can belong to the same shot as the one before."""
        if min(self.contrast, before.contrast) < UNIFORM:
            return True
        return bool(np.corrcoef(self.small.ravel(), before.small.ravel())[0, 1] > SAME_SHOT)

    def mixed(self, other: "Tones", weight: float) -> "Tones":
        """Return the tones in between, given the weight of the others in [0, 1], with a picture that follows motion."""
        near = np.float32(weight)
        quantiles = self.quantiles + near * (other.quantiles - self.quantiles)
        contrast = self.contrast + weight * (other.contrast - self.contrast)
        return Tones(quantiles, contrast, self.small + np.float32(FOLLOWED) * (other.small - self.small))


class Ahead(Generic[F]):
    """Frames and their tones, some of which can be looked at before they are taken.

    Args:
        frames: The frames.
        crop: Returns the part of a frame that is measured.
    """

    def __init__(self, frames: Iterator[F], crop: Callable[[Pixels], Pixels]) -> None:
        self._frames, self._crop = frames, crop
        self._ahead: deque[tuple[F, Tones]] = deque()

    def take(self) -> tuple[F, Tones] | None:
        """Return the next frame; None at the end."""
        found = next(self._look(1), None)
        if found is not None:
            self._ahead.popleft()
        return found

    def run(self, tones: Tones, most: int, rising: bool) -> list[Tones]:
        """Return tones and those of the frames that follow, as long as their contrast falls, or rises.

        Args:
            tones: Tones of the frame that was taken last.
            most: Number of frames to look at.
            rising: Whether the contrast must rise.
        """
        found, length = [tones], 1
        for _, following in self._look(most):
            best = found[length - 1].contrast
            found.append(following)
            if following.contrast > best * (1 + STEP) if rising else following.contrast < best * (1 - STEP):
                length = len(found)
            elif length == 1 or len(found) - length >= PATIENCE:
                break
        return found[:length]

    def _look(self, most: int) -> Iterator[tuple[F, Tones]]:
        """Yield the next frames without taking them."""
        for number in range(most):
            if number == len(self._ahead):
                self._ahead.extend((frame, Tones.of(self._crop(frame.pixels))) for frame in islice(self._frames, 1))
            if number == len(self._ahead):
                return
            yield self._ahead[number]
