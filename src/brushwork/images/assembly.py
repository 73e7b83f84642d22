"""Assembles frames from strips of stored numbers: converts, shrinks and rotates them."""

from collections.abc import Iterable

import numpy as np
from PIL import Image as Pillow

from brushwork.images.conversion import ColorEncoding, Pixels, Stored, convert
from brushwork.images.picture import Frame, divide_alpha, resize_frame
from brushwork.images.resizing import Image, resample


def factor(shape: tuple[int, int], target: tuple[int, int]) -> int:
    """Return the factor by which a picture is reduced while reading, so that it stays twice as large as the target."""
    # One less than twice, because sides may have been rounded.
    return max(1, min(shape[0] // (2 * target[0] - 1), shape[1] // (2 * target[1] - 1)))


def assemble(
    strips: Iterable[Stored],
    encoding: ColorEncoding,
    shape: tuple[int, int],
    target: tuple[int, int],
    orientation: int = 1,
) -> Frame:
    """Assemble the frame of a picture from its strips.

    Args:
        strips: Stored numbers (h, w, C) from the top; h is a multiple of the `factor` except in the last strip.
        encoding: Their meaning.
        shape: Height and width of the picture.
        target: Height and width to scale it to, before rotation.
        orientation: EXIF orientation, 1 to 8.
    """
    by = factor(shape, target)
    if by == 1:
        pixels = _joined((convert(stored, encoding) for stored in strips), shape)
        frame = resize_frame(Frame(*_parts(pixels)), target)
    else:
        fewer = -(-shape[0] // by), -(-shape[1] // by)
        small = _joined((reduced(convert(stored, encoding), by) for stored in strips), fewer)
        box = (0.0, 0.0, shape[1] / by, shape[0] / by)  # the last column and row may cover fewer pixels than the others
        image, alpha = _parts(np.clip(resample(small, target, box), 0, 1))
        frame = Frame(image) if alpha is None else divide_alpha(image, alpha)
    return upright(frame, orientation)


def _joined(parts: Iterable[Pixels], shape: tuple[int, int]) -> Pixels:
    """Join converted strips into one array (H, W, C)."""
    joined: Pixels | None = None
    top = 0
    for part in parts:
        if joined is None:
            if part.shape[0] == shape[0]:
                return part
            joined = np.empty((*shape, part.shape[2]), np.float32)
        joined[top : top + len(part)] = part
        top += len(part)
    assert joined is not None
    return joined


def _parts(pixels: Pixels) -> tuple[Image, Image | None]:
    """Split pixels (H, W, 3 or 4) into an image and its alpha."""
    if pixels.shape[2] == 3:
        return pixels, None
    return np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3])


def reduced(pixels: Pixels, by: int) -> Pixels:
    """Return the means of boxes of `by` x `by` pixels, with colours weighted by alpha to exclude hidden ones."""
    if pixels.shape[2] == 4:
        pixels[..., :3] *= pixels[..., 3:]
    planes = (Pillow.fromarray(np.ascontiguousarray(pixels[..., channel])) for channel in range(pixels.shape[2]))
    return np.stack([np.asarray(plane.reduce(by)) for plane in planes], axis=2)


def upright(frame: Frame, orientation: int) -> Frame:
    """Rotate a frame to its EXIF orientation."""

    def turn(array: Image) -> Image:
        if orientation >= 5:
            array = array.swapaxes(0, 1)
        if orientation in (3, 4, 7, 8):
            array = array[::-1]
        if orientation in (2, 3, 6, 7):
            array = array[:, ::-1]
        turned: Image = np.ascontiguousarray(array)
        return turned

    if orientation == 1:
        return frame
    return Frame(turn(frame.image), None if frame.alpha is None else turn(frame.alpha), frame.duration)
