"""A clip from pictures: numbered files, or an animated one."""

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from brushwork import images
from brushwork.errors import UserError
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import VideoFrame, quantise

MILLISECONDS = Fraction(1, 1000)


def numbered(pattern: Path) -> list[Path]:
    """The files of a pattern such as ``%04d.png``, in the order of their numbers."""
    parts = re.split(r"%0?\d*d", pattern.name)
    if len(parts) != 2:
        raise UserError(f"{pattern} is no pattern of numbered pictures such as frames/%04d.png")
    form = re.compile(re.escape(parts[0]) + r"(\d+)" + re.escape(parts[1]))
    if not pattern.parent.is_dir():
        raise UserError(f"no folder {pattern.parent}")
    found = [(int(match[1]), path) for path in pattern.parent.iterdir() if (match := form.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def of_files(name: str, paths: list[Path], size: int | None, fps: float) -> Clip:
    """Pictures, one a frame."""
    if not paths:
        raise UserError(f"{name} holds no frames")
    first = images.open(paths[0], size=size)
    height, width = first.image.shape[:2]
    rate = _rate(fps)

    def read(tick: int) -> Iterator[VideoFrame]:
        for number, path in enumerate(paths[tick:], tick):
            picture = images.open(path, size=size)
            if picture.image.shape[:2] != (height, width):
                other = f"{picture.image.shape[1]} x {picture.image.shape[0]}"
                raise UserError(f"{path} is {other}, but {paths[0]} is {width} x {height}; frames have one size")
            yield VideoFrame(quantise(picture.image, first.depth), number, 1)

    return Clip(name, None, width, height, 1 / rate, rate, 0, len(paths), read, depth=first.depth)


def of_picture(name: str, size: int | None, fps: float) -> Clip:
    """An animated picture, with its own times."""
    picture = images.open(name, size=size)
    height, width = picture.image.shape[:2]
    usual = max(1, round(1000 / fps))
    durations = [frame.duration or usual for frame in picture.frames]
    times = np.cumsum([0, *durations]).tolist()
    rate = Fraction(1000 * len(durations), times[-1])

    def read(tick: int) -> Iterator[VideoFrame]:
        again = images.open(name, size=size)  # its frames come from an open file, one reader each
        for number, frame in enumerate(again.frames):
            image = frame.on_white
            if times[number] >= tick:
                yield VideoFrame(quantise(np.asarray(image, np.float32), 8), times[number], durations[number])

    return Clip(name, None, width, height, MILLISECONDS, rate, 0, len(durations), read)


def _rate(fps: float) -> Fraction:
    if not 0.1 <= fps <= 1000:
        raise UserError(f"{fps:g} frames a second; it must lie between 0.1 and 1000")
    return Fraction(fps).limit_denominator(1001)
