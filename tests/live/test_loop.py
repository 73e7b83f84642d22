"""The live camera: newest frame first, cross-faded styles, and a page that only this machine can open."""

import http.client
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushwork.errors import UserError
from brushwork.live.camera import Camera, LatestFrame, open_camera, open_input
from brushwork.live.loop import Palette, Shown, live
from brushwork.live.mjpeg import MJPEG
from brushwork.stylizer import Stylizer
from brushwork.video.frame_painter import FramePainter
from brushwork.video.reading.frames import Pixels, VideoFrame
from tests.video.conftest import make_clip, make_frames, negative

Load = Callable[[], Stylizer]
BLACK, WHITE = np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32)


def frame(level: int, pts: int = 0) -> VideoFrame:
    return VideoFrame(np.full((32, 32, 3), level, np.uint8), pts, 0)


def test_the_newest_frame_is_rendered_and_older_ones_are_dropped() -> None:
    newest = LatestFrame()
    for level in range(5):
        newest.put(frame(level))
    taken = newest.take()
    assert taken is not None
    assert (taken.pixels[0, 0, 0], newest.dropped) == (4, 4)
    newest.end()
    assert newest.take() is None


def test_a_camera_yields_frames_until_it_ends() -> None:
    left = [frame(1).pixels]
    asked = threading.Event()

    def read() -> Pixels | None:
        if left:
            return left.pop()
        asked.wait()
        return None

    with Camera(read) as camera:
        frames = iter(camera)
        assert next(frames).pixels[0, 0, 0] == 1
        asked.set()
        assert list(frames) == []


def test_styles_are_cross_faded() -> None:
    now = [0.0]
    palette = Palette(["black", "white"], [BLACK, WHITE], lambda: now[0])
    assert palette.now().tolist() == [[0, 0, 0]]
    palette.choose(1)
    palette.choose(7)  # no such key
    now[0] = 0.25
    assert palette.now() == pytest.approx(0.5)  # half of the time, half of the way
    palette.choose(0)  # and back from where it is
    assert palette.now() == pytest.approx(0.5)
    now[0] = 10
    assert palette.now().tolist() == [[0, 0, 0]]


def test_pastiches_state_their_latency(load: Load) -> None:
    now = [1.0]
    shown = live(
        [frame(0, 900), frame(255, 900)], Palette(["white"], [WHITE]), FramePainter(load()), clock=lambda: now[0]
    )
    first = next(shown)
    assert first.latency == pytest.approx(0.1)
    assert first.pastiche[0, 0].tolist() == [1, 1, 1]
    assert next(shown).pastiche[0, 0].tolist() == [0.5, 0.5, 0.5]


@pytest.fixture
def page() -> Iterator[MJPEG]:
    screen = MJPEG(("grey", "a<b"), 0)
    yield screen
    screen.close()


def ask(page: MJPEG, method: str, path: str, **headers: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", page.port)) as connection:
        connection.request(method, path, headers=headers)
        with connection.getresponse() as answer:
            return answer.status, answer.read()


def test_a_file_used_as_a_camera_is_shown_on_the_page(tmp_path: Path, load: Load, page: MJPEG) -> None:
    pixels = make_frames(1)[0]
    clip = make_clip(tmp_path / "clip.mkv", [pixels] * 6)
    ended = threading.Event()

    def show() -> None:
        with open_input(str(clip), size=640) as camera:
            for shown in live(camera, Palette(["black"], [BLACK]), FramePainter(load())):
                page.show(shown)
                if ended.is_set():
                    return

    worker = threading.Thread(target=show)
    worker.start()
    connection = http.client.HTTPConnection("127.0.0.1", page.port)
    connection.request("GET", "/stream")
    stream = connection.getresponse()
    assert stream.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=pastiche"
    try:
        for _ in range(8):  # more than the file holds: it begins again
            assert stream.readline() == b"--pastiche\r\n"
            head = dict(line.split(b": ") for line in iter(stream.readline, b"\r\n"))
            jpeg = stream.read(int(head[b"Content-Length"]))
            assert stream.readline() == b"\r\n"
    finally:
        ended.set()
        worker.join()
    seen = np.asarray(Image.open(BytesIO(jpeg))).astype(int)
    assert np.abs(seen - negative(pixels, 0)).mean() < 3
    stream.close()
    connection.close()
    assert b"ms latency" in ask(page, "GET", "/status")[1]


def test_buttons_and_keys_of_the_page_switch_styles(page: MJPEG) -> None:
    status, body = ask(page, "GET", "/")
    assert status == 200
    assert b"<button>1 grey</button><button>2 a&lt;b</button>" in body
    assert page.pressed() is None
    assert ask(page, "POST", "/style/1")[0] == 200
    assert (page.pressed(), page.pressed()) == (1, None)
    assert [ask(page, "POST", path)[0] for path in ("/style/2", "/style/x", "/other")] == [404, 404, 404]


def test_a_page_of_another_site_cannot_reach_the_camera_page(page: MJPEG) -> None:
    assert ask(page, "GET", "/", Host="example.org")[0] == 403
    assert ask(page, "POST", "/style/0", Origin="http://example.org")[0] == 403
    assert page.pressed() is None


def test_a_page_without_viewers_keeps_only_the_last_picture(page: MJPEG) -> None:
    for _ in range(3):
        page.show(Shown(np.zeros((16, 16, 3), np.float32), "grey", 0.05, 12))
    assert (page.count, page.line) == (3, "grey   12.0 frames/s   50 ms latency")


@pytest.mark.parametrize(("name", "line"), [
    ("nothing.mp4", "cannot open nothing.mp4"),
    ("http://example.org/stream", "http://example.org/stream is not an address of this machine or its network"),
    ("rtsp://8.8.8.8/x", "rtsp://8.8.8.8/x is not an address of this machine or its network"),
])  # fmt: skip
def test_unusable_inputs_are_one_line_errors(name: str, line: str) -> None:
    with pytest.raises(UserError, match=line.replace(".", r"\.")):
        open_input(name, size=64)


def test_a_still_picture_is_repeated(tmp_path: Path) -> None:
    Image.new("RGB", (96, 64), (10, 200, 30)).save(tmp_path / "still.png")
    with open_input(str(tmp_path / "still.png"), size=48) as camera:
        frames = [frame for _, frame in zip(range(3), camera, strict=False)]
    assert [frame.pixels.shape for frame in frames] == [(32, 48, 3)] * 3
    assert frames[2].pixels[0, 0].tolist() == [10, 200, 30]


def test_an_unreadable_input_is_one_line_without_messages_of_ffmpeg(tmp_path: Path) -> None:
    """In a subprocess, because OpenCV reads the log level of FFmpeg only once."""
    (tmp_path / "broken.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(2000))
    program = """
from brushwork.errors import UserError
from brushwork.live.camera import open_input
for name in ("broken.mp4", "rtsp://127.0.0.1:9/x"):
    try:
        open_input(name, size=64)
    except UserError as error:
        print(error)
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = ["cannot read broken.mp4: not a video file, or truncated", "cannot open rtsp://127.0.0.1:9/x"]
    assert (ended.stdout.splitlines(), ended.stderr) == (lines, "")


def test_a_missing_camera_is_a_one_line_error() -> None:
    with pytest.raises(UserError, match="cannot open camera 97"):
        open_camera(97, size=64)


def test_a_port_in_use_is_a_one_line_error(page: MJPEG) -> None:
    with pytest.raises(UserError, match=f"cannot serve on port {page.port}: address already in use"):
        MJPEG(("grey",), page.port)
