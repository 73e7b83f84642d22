"""Pictures in memory: frames and their metadata. `files` reads and writes them.

An *image* is a float32 array (H, W, 3), sRGB, in [0, 1]. A *picture* is the content of a file: one or more images with
their transparency, durations and metadata.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn, overload

import numpy as np

from brushwork.images.alpha import fill_hidden, restore_hidden, without_ground
from brushwork.images.metadata import NONE, Metadata
from brushwork.images.resizing import Image, resize


@dataclass(frozen=True, eq=False)
class Frame:
    """One image of a picture and its duration in milliseconds (0 in a still picture)."""

    image: Image  # (H, W, 3) in [0, 1], not multiplied by alpha
    alpha: Image | None = None  # (H, W) in [0, 1]; 1 is opaque
    duration: int = 0

    @property
    def pixels(self) -> Image:
        """The image (H, W, 3), or image and alpha (H, W, 4) if alpha hides a part of it."""
        if self.alpha is None or self.alpha.min(initial=1) > 0:
            return self.image
        return np.concatenate([self.image, self.alpha[..., None]], axis=2)

    @property
    def on_white(self) -> Image:
        """Return the image (H, W, 3) on a white background."""
        return self.image if self.alpha is None else 1 + (self.image - 1) * self.alpha[..., None]


class Frames(Sequence[Frame]):
    """Frames that are created on access and not cached: a long animation needs the memory of one frame."""

    def __init__(self, count: int, make: Callable[[int], Frame]):
        self._indices = range(count)
        self._make = make

    def __len__(self) -> int:
        return len(self._indices)

    def __reduce__(self) -> NoReturn:
        raise TypeError("lazy frames of an animation cannot be pickled; pickle list(picture.frames)")

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Frame]: ...
    def __getitem__(self, index: int | slice) -> Frame | Sequence[Frame]:
        if isinstance(index, slice):
            chosen = self._indices[index]
            return Frames(len(chosen), lambda position: self._make(chosen[position]))
        return self._make(self._indices[index])


@dataclass(frozen=True, eq=False)
class Picture:
    """Content of a picture file, upright and in sRGB."""

    frames: Sequence[Frame]  # one for a still picture; for an animation `Frames`, decoded on access
    depth: int = 8  # bits per channel of the file: 8 or 16
    loop: int = 0  # number of times an animation plays; 0 means endlessly
    metadata: Metadata = NONE
    format: str = ""  # one of `images.READ`; empty if it was not read from a file
    paged: bool = False  # whether the frames are pages of a document, which may differ in size
    notices: tuple[str, ...] = ()  # notices for the user about how it was read, one line each

    @classmethod
    def of(cls, image: Image, alpha: Image | None = None) -> "Picture":
        """Create a still picture from an image (H, W, 3) and, optionally, its alpha (H, W)."""
        return cls((Frame(image, alpha),))

    @property
    def image(self) -> Image:
        """The first or only image (H, W, 3)."""
        return self.frames[0].image

    @property
    def alpha(self) -> Image | None:
        """Alpha (H, W) of the first image; None if it is opaque."""
        return self.frames[0].alpha

    @property
    def on_white(self) -> Image:
        """Return the first image (H, W, 3) on a white background."""
        return self.frames[0].on_white

    @property
    def animated(self) -> bool:
        """Whether it has more than one frame."""
        return len(self.frames) > 1

    def marked(self) -> "Picture":
        """Return the picture, marked as a pastiche; see `Metadata.marked`."""
        return replace(self, metadata=self.metadata.marked())

    def filled(self) -> "Picture":
        """Return the picture with the colours of hidden pixels and of edges filled in; see `images.alpha`."""

        def fill(frame: Frame) -> Frame:
            return replace(frame, image=without_ground(frame.image, frame.alpha))

        return self._with(fill)

    def map(self, function: Callable[[Image], Image]) -> "Picture":
        """Apply a function to every image; alpha, durations and metadata are kept.

        For a still picture the function is called immediately. For an animation it is called on every access to a
        frame, so iterate over the frames once. If the function changes the size, alpha is resized, too.
        """

        def apply(frame: Frame) -> Frame:
            image = function(frame.image)
            alpha = None if frame.alpha is None else resize(frame.alpha, image.shape[:2])
            return Frame(image, alpha, frame.duration)

        return self._with(apply)

    def map_visible(self, function: Callable[[Image], Image]) -> "Picture":
        """Apply a function to every image as it is seen, without what its ground left in it; see `map` and `filled`.

        The function takes `Frame.pixels` and returns an image (H, W, 3). Pixels that it does not change, including
        hidden ones, stay bit for bit.
        """

        def apply(frame: Frame) -> Frame:
            filled = replace(frame, image=without_ground(frame.image, frame.alpha))
            return replace(frame, image=restore_hidden(function(filled.pixels), frame.image, filled.image))

        return self._with(apply)

    def _with(self, apply: Callable[[Frame], Frame]) -> "Picture":
        """Change every frame, immediately for a still picture and on access for an animation."""
        if not self.animated:
            return replace(self, frames=(apply(self.frames[0]),))
        return replace(self, frames=Frames(len(self.frames), lambda index: apply(self.frames[index])))


def resize_frame(frame: Frame, size: tuple[int, int]) -> Frame:
    """Resize colour and alpha together, so that hidden colours do not bleed into edges."""
    if frame.alpha is None or frame.alpha.shape == size:
        return Frame(resize(frame.image, size), frame.alpha, frame.duration)
    alpha = resize(frame.alpha, size)
    visible = resize(frame.image * frame.alpha[..., None], size)
    return divide_alpha(visible, alpha, frame.duration)


def divide_alpha(visible: Image, alpha: Image, duration: int = 0) -> Frame:
    """Create a frame from a resized image (H, W, 3) that is premultiplied by its alpha (H, W).

    Alpha too small for 8 bits becomes 0, and colours of hidden pixels are filled in from visible ones nearby, so they
    do not depend on colours that were hidden before.
    """
    alpha = np.where(alpha < np.float32(0.5 / 255), np.float32(0), alpha)
    seen = alpha[..., None] > 0
    colour = np.divide(visible, alpha[..., None], out=np.zeros_like(visible), where=seen)
    return Frame(fill_hidden(np.minimum(colour, 1, out=colour), alpha), alpha, duration)
