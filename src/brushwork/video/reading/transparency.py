"""Transparency of video frames: separates alpha from the colours, or puts frames on white."""

import numpy as np

from brushwork.images.alpha import fill_hidden
from brushwork.images.levels import quantise
from brushwork.video.reading.frames import Pixels, VideoFrame, as_image


def split(pixels: Pixels) -> tuple[Pixels, Pixels | None]:
    """Return the colours (H, W, 3) and the alpha (H, W) of pixels (H, W, 3) or (H, W, 4).

    Hidden colours are replaced by those of visible pixels nearby, because a network would render them.
    """
    if pixels.shape[2] == 3:
        return pixels, None
    alpha = np.ascontiguousarray(pixels[..., 3])
    colors = np.ascontiguousarray(pixels[..., :3])
    if alpha.min() > 0:
        return colors, alpha
    filled = fill_hidden(as_image(colors), as_image(alpha))
    return quantise(filled, 8 * colors.dtype.itemsize), alpha


def on_white(frame: VideoFrame) -> VideoFrame:
    """Return a frame on a white background, without alpha."""
    if frame.alpha is None:
        return frame
    alpha = as_image(frame.alpha)[..., None]
    image = as_image(frame.pixels) * alpha + (1 - alpha)
    return VideoFrame(quantise(image, 8 * frame.pixels.dtype.itemsize), frame.pts, frame.duration)
