"""Other screens: a real window on a virtual display (Xvfb), and a virtual camera."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType

import numpy as np
import pytest
from PIL import ImageGrab

from brushwork import extras
from brushwork.errors import UserError
from brushwork.live.loop import Palette, Shown, live
from brushwork.live.screens import VirtualCamera, Window
from brushwork.stylizer import Stylizer
from brushwork.video.frame_painter import FramePainter
from brushwork.video.reading.frames import Pixels, VideoFrame
from tests.programs import need, need_tk

BLACK, WHITE = np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The name of a virtual display; one for all tests, because Tk keeps the first display of a name."""
    need_tk()
    program = need("Xvfb", "xvfb")
    reads, writes = os.pipe()
    command = [program, "-displayfd", str(writes), "-screen", "0", "320x240x24", "-nolisten", "tcp", "-noreset"]
    with subprocess.Popen(command, pass_fds=[writes], stderr=subprocess.DEVNULL) as server, os.fdopen(reads) as answer:
        os.close(writes)
        name = f":{answer.readline().strip()}"
        yield name
        server.kill()  # it has nothing to lose


@pytest.fixture
def display(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DISPLAY", server)
    return server


@pytest.fixture
def window(display: str) -> Iterator[Window]:
    shown = Window("a window")
    shown._root.focus_force()  # what a window manager does
    shown._root.update()
    yield shown
    shown.close()


def seen(display: str) -> Pixels:
    """The middle of a window of 96 x 64 pixels at the corner of a display, (16, 16, 3)."""
    return np.asarray(ImageGrab.grab(xdisplay=display))[24:40, 40:56].astype(int)


def shown(level: float) -> Shown:
    return Shown(np.full((64, 96, 3), level, np.float32), "grey", 0.05, 12)


def test_a_window_shows_a_pastiche_and_its_figures(window: Window, display: str) -> None:
    window.show(shown(0.2))
    window.show(shown(0.6))
    assert np.all(seen(display) == 153)
    assert window._root.title() == "brushwork live   grey   12.0 frames/s   50 ms latency"


def test_each_number_key_is_reported_once(window: Window) -> None:
    window.show(shown(0))
    assert window.pressed() is None
    for key in ("3", "x"):
        window._root.event_generate(f"<Key-{key}>")
    assert (window.pressed(), window.pressed()) == (2, None)


def test_a_number_key_cross_fades_to_another_style(window: Window, display: str, load: Callable[[], Stylizer]) -> None:
    """Of a black frame the pastiche is half white and half its style: from 0.5 in black to 1 in white."""
    now = [10.0]
    palette = Palette(["black", "white"], [BLACK, WHITE], lambda: now[0])
    frames = (VideoFrame(np.zeros((64, 96, 3), np.uint8), number, 1) for number in range(6))
    levels = []
    for number, each in enumerate(live(frames, palette, FramePainter(load()), clock=lambda: now[0])):
        window.show(each)
        levels.append(seen(display).mean())
        if number == 1:
            window._root.event_generate("<Key-2>")
        if (pressed := window.pressed()) is not None:
            palette.choose(pressed)
        now[0] += 0.125  # a quarter of the time that it takes to become another style
    way = [0, 0, 0.15625, 0.5, 0.84375, 1]  # 3 s^2 - 2 s^3 of quarters
    assert levels == pytest.approx([127.5 * (1 + share) for share in way], abs=1)


def test_closing_the_window_ends_the_run(window: Window) -> None:
    window.show(shown(0))
    window._root.tk.call(window._root.protocol("WM_DELETE_WINDOW"))
    with pytest.raises(KeyboardInterrupt):
        window.show(shown(0))


def test_a_missing_display_is_a_one_line_error(monkeypatch: pytest.MonkeyPatch) -> None:
    need_tk()
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(UserError, match=r"^cannot open a window \(.*\); use --output mjpeg$"):
        Window("a window")


def test_a_missing_tk_is_a_one_line_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tkinter", None)
    with pytest.raises(UserError, match=r"^this Python has no Tk, which a window needs; use --output mjpeg$"):
        Window("a window")


class Sink:
    """A virtual camera's place in pyvirtualcam, whose own needs a driver in the kernel."""

    sent: list[Pixels]

    def __init__(self, width: int, height: int, rate: float) -> None:
        self.size, self.rate, self.closed = (height, width), rate, False
        self.sent = []
        sinks.append(self)

    def send(self, pixels: Pixels) -> None:
        self.sent.append(pixels)

    def close(self) -> None:
        self.closed = True


sinks: list[Sink] = []


def without_driver(width: int, height: int, rate: float) -> Sink:
    raise RuntimeError("'v4l2loopback' backend: No v4l2 loopback device found.\nDid you run 'modprobe v4l2loopback'?")


def virtual(monkeypatch: pytest.MonkeyPatch, camera: object) -> VirtualCamera:
    module = ModuleType("pyvirtualcam")
    module.__spec__ = ModuleSpec("pyvirtualcam", None)
    module.Camera = camera  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyvirtualcam", module)
    return VirtualCamera()


def test_a_virtual_camera_gets_8_bit_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    sinks.clear()
    camera = virtual(monkeypatch, Sink)
    camera.show(shown(0.6))
    camera.show(shown(1))
    camera.close()
    (sink,) = sinks
    assert (sink.size, sink.closed, camera.pressed()) == ((64, 96), True, None)
    assert [(pixels.dtype.name, int(pixels[0, 0, 0])) for pixels in sink.sent] == [("uint8", 153), ("uint8", 255)]


def test_a_virtual_camera_without_package_or_driver_is_a_one_line_error(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = virtual(monkeypatch, without_driver)
    line = "^cannot open a virtual camera: 'v4l2loopback' backend: No v4l2 loopback device found. Did you run"
    with pytest.raises(UserError, match=line):
        camera.show(shown(0))
    camera.close()
    monkeypatch.setitem(extras.EXTRAS, "camera", ("missing_module",))
    with pytest.raises(UserError, match=r"a virtual camera needs an optional extra: pip install 'brushwork\[camera\]'"):
        VirtualCamera()
