"""Reads numbered pictures as a clip."""

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from brushwork import images
from brushwork.errors import UserError
from brushwork.images.alpha import fill_hidden
from brushwork.images.levels import quantise
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import VideoFrame

NUMBER = re.compile(r"%0?\d*d")


def is_pattern(path: Path) -> bool:
    """Return whether a name is a pattern of numbered files such as ``%04d.png``; ``100%.mp4`` is not."""
    return NUMBER.search(path.name) is not None


def numbered_files(pattern: Path) -> list[Path]:
    """Return the files of a pattern such as ``%04d.png``, sorted by number.

    Raises:
        UserError: If it is not a pattern, or its folder does not exist.
    """
    around = NUMBER.split(pattern.name)
    if len(around) != 2:
        raise UserError(f"{pattern} is not a pattern of numbered pictures such as frames/%04d.png")
    form = re.compile(re.escape(around[0]) + r"(\d+)" + re.escape(around[1]))
    if not pattern.parent.is_dir():
        raise UserError(f"no folder {pattern.parent}")
    found = [(int(match[1]), path) for path in pattern.parent.iterdir() if (match := form.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def open_image_sequence(name: str, paths: list[Path], size: int | None, fps: float) -> Clip:
    """Open pictures as a clip with one frame per picture.

    Args:
        name: The user's name for the clip.
        paths: The pictures in order; all have the same size.
        size: Limit of the long side in pixels.
        fps: Frames per second.

    Raises:
        UserError: If there are none, or the rate is out of range; on reading, if a picture has another size.
    """
    if not paths:
        raise UserError(f"{name} has no frames")
    first = images.open(paths[0], size=size)
    height, width = first.image.shape[:2]
    rate = _rate(fps)

    def read(tick: int) -> Iterator[VideoFrame]:
        for number, path in enumerate(paths[tick:], tick):
            picture = images.open(path, size=size)
            if picture.image.shape[:2] != (height, width):
                other = f"{picture.image.shape[1]} x {picture.image.shape[0]}"
                raise UserError(f"{path} is {other}, but {paths[0]} is {width} x {height}; frames need one size")
            image = fill_hidden(picture.image, picture.alpha)
            alpha = None if picture.alpha is None else quantise(picture.alpha, first.depth)
            yield VideoFrame(quantise(image, first.depth), number, 1, alpha)

    has_alpha = first.alpha is not None
    return Clip(name, None, width, height, 1 / rate, rate, 0, len(paths), read, depth=first.depth, alpha=has_alpha)


def _rate(fps: float) -> Fraction:
    if not 0.1 <= fps <= 1000:
        raise UserError(f"{fps:g} frames per second; it must be between 0.1 and 1000")
    return Fraction(fps).limit_denominator(1001)
