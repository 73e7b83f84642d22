"""Reads an animated picture as a clip."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from brushwork import images
from brushwork.images.alpha import fill_hidden
from brushwork.images.levels import quantise
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import VideoFrame

MILLISECONDS = Fraction(1, 1000)


def open_animation(name: str, size: int | None, fps: float) -> Clip:
    """Open an animated picture, which has its own frame times.

    Args:
        name: The file.
        size: Limit of the long side in pixels.
        fps: Frames per second for frames without a duration.
    """
    picture = images.open(name, size=size)
    height, width = picture.image.shape[:2]
    usual = max(1, round(1000 / fps))
    durations = [frame.duration or usual for frame in picture.frames]
    times = np.cumsum([0, *durations]).tolist()
    rate = Fraction(1000 * len(durations), times[-1])

    def read(tick: int) -> Iterator[VideoFrame]:
        reopened = images.open(name, size=size)  # each reader needs its own open file
        for number, frame in enumerate(reopened.frames):
            image = fill_hidden(np.asarray(frame.image, np.float32), frame.alpha)
            alpha = None if frame.alpha is None else quantise(frame.alpha, 8)
            if times[number] >= tick:
                yield VideoFrame(quantise(image, 8), times[number], durations[number], alpha)

    return Clip(name, None, width, height, MILLISECONDS, rate, 0, len(durations), read, alpha=picture.alpha is not None)
