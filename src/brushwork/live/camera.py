"""Reads a camera, or a file played like one, and keeps only the latest frame."""

import ipaddress
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np

from brushwork.errors import UserError
from brushwork.images.resizing import fitted
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import Pixels, VideoFrame, seconds
from brushwork.video.reading.opening import open_clip

SIZE = 640  # default long side in pixels
Source = Callable[[], Pixels | None]


class LatestFrame:
    """Holds the latest frame; frames that are not taken in time are dropped."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: VideoFrame | None = None
        self._ended = False
        self.dropped = 0

    def put(self, frame: VideoFrame) -> None:
        """Replace the frame; a frame that was not taken is dropped."""
        with self._changed:
            self.dropped += self._frame is not None
            self._frame = frame
            self._changed.notify()

    def end(self) -> None:
        """Mark the end of the source."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def take(self) -> VideoFrame | None:
        """Return the latest frame, after waiting for a new one if it was taken already; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._ended)
            frame, self._frame = self._frame, None
            return frame


class Camera:
    """Iterates over the latest frames of a source, which a thread reads; a tick is a millisecond.

    Args:
        read: Returns the next picture (H, W, 3), uint8, or None at the end.
    """

    def __init__(self, read: Source) -> None:
        self._read = read
        self._latest = LatestFrame()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def dropped(self) -> int:
        """Number of frames that were dropped."""
        return self._latest.dropped

    def __enter__(self) -> "Camera":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join()

    def __iter__(self) -> Iterator[VideoFrame]:
        while (frame := self._latest.take()) is not None:
            yield frame

    def _run(self) -> None:
        last = 0
        try:
            while not self._closed.is_set() and (pixels := self._read()) is not None:
                last = max(last + 1, round(time.monotonic() * 1000))  # times must increase
                self._latest.put(VideoFrame(pixels, last, 0))
        finally:
            self._latest.end()


def _check(size: int) -> None:
    if not 16 <= size <= 10_000:
        raise UserError(f"the size is {size}; it must be between 16 and 10000")


def open_camera(number: int = 0, *, size: int = SIZE) -> Camera:
    """Open a camera of this machine.

    Args:
        number: Number of the camera, from 0.
        size: Limit of the long side in pixels.

    Raises:
        UserError: If it cannot be opened.
    """
    _check(size)
    capture = _open(number, f"camera {number}")
    return Camera(lambda: _read(capture, size))


def open_input(name: str, *, size: int = SIZE) -> Camera:
    """Open a file, which is repeated at its own speed, or a device or address of this machine or its network.

    Args:
        name: The file, device or address.
        size: Limit of the long side in pixels.

    Raises:
        UserError: If it cannot be opened, or is an address outside of the local network.
    """
    _check(size)
    host = urlsplit(name).hostname if "://" in name else None
    if "://" in name and not _local(host):
        raise UserError(f"{name} is not an address of this machine or its network")
    if host is None and Path(name).is_file():
        frames = _play(open_clip(name, size=size))
        return Camera(lambda: next(frames, None))
    capture = _open(name, name)
    return Camera(lambda: _read(capture, size))


def _play(clip: Clip) -> Iterator[Pixels]:
    """Yield the frames of a clip at their times, repeated without end; a still picture is a clip of one frame."""
    while True:
        began = time.monotonic()
        end = began
        for frame in clip.read(clip.start):
            due = began + seconds(frame.pts - clip.start, clip.time_base)
            time.sleep(max(0.0, due - time.monotonic()))
            yield frame.pixels
            end = due + seconds(max(1, frame.duration), clip.time_base)
        time.sleep(max(0.0, end - time.monotonic()))


def _open(source: int | str, name: str) -> Any:
    # FFmpeg and OpenCV would print many lines in addition to the error.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    logging: Any = cv2.utils.logging
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        raise UserError(f"cannot open {name}")
    return capture


def _read(capture: Any, size: int) -> Pixels | None:
    found, picture = capture.read()
    if not found:
        return None
    height, width = fitted(picture.shape[0], picture.shape[1], size)
    if (height, width) != picture.shape[:2]:
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(picture[..., ::-1])


def _local(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_private
    except ValueError:
        return False
