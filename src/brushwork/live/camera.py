"""A camera, or a file played like one, of which only the newest frame is ever looked at."""

import ipaddress
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
from brushwork.images.picture import fitted
from brushwork.video.reading.frames import Pixels, VideoFrame

Source = Callable[[], Pixels | None]


class LatestFrame:
    """Holds one frame: whoever asks gets the newest, and what came between is dropped rather than time_decoding for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: VideoFrame | None = None
        self._ended = False
        self.dropped = 0

    def put(self, frame: VideoFrame) -> None:
        """Takes the place of a frame that nobody has asked for."""
        with self._changed:
            self.dropped += self._frame is not None
            self._frame = frame
            self._changed.notify()

    def end(self) -> None:
        """No more frames will come."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def take(self) -> VideoFrame | None:
        """The newest frame, time_decoding for if it was taken before; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._ended)
            frame, self._frame = self._frame, None
            return frame


class Camera:
    """Frames of a source, read in a thread of its own; a tick is a millisecond of `time.monotonic`.

    Args:
        read: Gives the next picture (H, W, 3), None at the end.
    """

    def __init__(self, read: Source) -> None:
        self._read = read
        self._newest = LatestFrame()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def dropped(self) -> int:
        """Frames that nobody looked at."""
        return self._newest.dropped

    def __enter__(self) -> "Camera":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join()

    def __iter__(self) -> Iterator[VideoFrame]:
        while (frame := self._newest.take()) is not None:
            yield frame

    def _run(self) -> None:
        last = 0
        try:
            while not self._closed.is_set() and (pixels := self._read()) is not None:
                last = max(last + 1, round(time.monotonic() * 1000))  # times rise, as those of every source do
                self._newest.put(VideoFrame(pixels, last, 0))
        finally:
            self._newest.end()


def open_camera(number: int, *, size: int) -> Camera:
    """A camera of this machine by its number, its long side limited.

    Raises:
        UserError: If there is none.
    """
    capture = _open(number, f"camera {number}")
    return Camera(lambda: _read(capture, size))


def open_input(name: str, *, size: int) -> Camera:
    """A file, played over and over at its own speed, or a device or address of this machine or its network.

    Raises:
        UserError: If it cannot be opened, or is an address somewhere else.
    """
    host = urlsplit(name).hostname if "://" in name else None
    if "://" in name and not _local(host):
        raise UserError(f"{name} is not an address of this machine or its network")
    capture = _open(name, name)
    if host or not Path(name).is_file():
        return Camera(lambda: _read(capture, size))
    pause = 1 / (capture.get(cv2.CAP_PROP_FPS) or 24)
    due = time.monotonic()

    def play() -> Pixels | None:
        nonlocal due
        due = max(due + pause, time.monotonic() - pause)
        time.sleep(max(0.0, due - time.monotonic()))
        pixels = _read(capture, size)
        if pixels is None:
            capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            pixels = _read(capture, size)
        return pixels

    return Camera(play)


def _open(source: int | str, name: str) -> Any:
    quiet: Any = cv2.utils.logging
    quiet.setLogLevel(quiet.LOG_LEVEL_SILENT)  # OpenCV would say in many lines what is said here in one
    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        raise UserError(f"cannot open {name}")
    return capture


def _read(capture: Any, size: int) -> Pixels | None:
    there, picture = capture.read()
    if not there:
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
