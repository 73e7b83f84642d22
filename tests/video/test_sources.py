"""One suite for every source of frames: what all of them promise."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushwork.live.camera import Camera
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import Pixels, VideoFrame
from brushwork.video.reading.opening import open_clip
from tests.video.conftest import make_clip, make_frames

COUNT = 7
FRAMES = make_frames(COUNT, 48, 64)


def video_file(folder: Path) -> Clip:
    return open_clip(str(make_clip(folder / "clip.mkv", FRAMES)))


def video_with_b_frames(folder: Path) -> Clip:
    """Without loss, so that frames can be compared; x264 keeps RGB in planes of their own."""
    path = make_clip(folder / "clip.mp4", FRAMES, codec="libx264rgb", form="rgb24", options={"qp": "0", "bf": "3"})
    return open_clip(str(path))


def animation(folder: Path) -> Clip:
    first, *others = (Image.fromarray(frame) for frame in FRAMES)
    first.save(folder / "clip.webp", save_all=True, append_images=others, duration=40, lossless=True)
    return open_clip(str(folder / "clip.webp"))


def image_folder(folder: Path) -> Clip:
    for number, frame in enumerate(FRAMES):
        Image.fromarray(frame).save(folder / f"{number:03}.png")
    return open_clip(str(folder))


def image_pattern(folder: Path) -> Clip:
    image_folder(folder)
    return open_clip(str(folder / "%03d.png"))


CLIPS = [video_file, video_with_b_frames, animation, image_folder, image_pattern]


@contextmanager
def camera() -> Iterator[Camera]:
    """A camera that returns a frame only after the previous one was used, so that none is dropped."""
    left = list(FRAMES)
    taken = threading.Semaphore(1)

    def read() -> Pixels | None:
        taken.acquire()
        return left.pop(0) if left else None

    source = Camera(read)
    source.taken = taken.release  # type: ignore[attr-defined]
    with source:
        yield source


def camera_frames(folder: Path) -> list[VideoFrame]:
    frames = []
    with camera() as source:
        for frame in source:
            frames.append(frame)
            source.taken()  # type: ignore[attr-defined]
    return frames


def clip_frames(open_source: Callable[[Path], Clip]) -> Callable[[Path], list[VideoFrame]]:
    def read(folder: Path) -> list[VideoFrame]:
        clip = open_source(folder)
        return list(clip.read(clip.start))

    return read


@pytest.fixture(params=[*((each.__name__, clip_frames(each)) for each in CLIPS), ("camera", camera_frames)],
                ids=lambda param: param[0])  # fmt: skip
def frames(request: pytest.FixtureRequest, tmp_path: Path) -> list[VideoFrame]:
    found: list[VideoFrame] = request.param[1](tmp_path)
    return found


@pytest.fixture(params=CLIPS, ids=lambda each: each.__name__)
def clip(request: pytest.FixtureRequest, tmp_path: Path) -> Clip:
    found: Clip = request.param(tmp_path)
    return found


def test_every_frame_comes_once_and_in_order(frames: list[VideoFrame]) -> None:
    assert len(frames) == COUNT
    assert all(np.array_equal(frame.pixels, pixels) for frame, pixels in zip(frames, FRAMES, strict=True))


def test_pixels_are_contiguous_bytes_of_rgb(frames: list[VideoFrame]) -> None:
    assert {(frame.pixels.shape, frame.pixels.dtype, frame.pixels.flags.c_contiguous) for frame in frames} == {
        ((48, 64, 3), np.dtype(np.uint8), True)
    }


def test_time_stamps_increase(frames: list[VideoFrame]) -> None:
    times = [frame.pts for frame in frames]
    assert times == sorted(set(times))
    assert all(frame.duration >= 0 for frame in frames)


def test_a_clip_describes_its_frames(clip: Clip) -> None:
    frames = list(clip.read(clip.start))
    assert (clip.height, clip.width, clip.depth, clip.count) == (48, 64, 8, COUNT)
    assert frames[0].pts == clip.start
    seconds = (frames[-1].pts - frames[0].pts) * clip.time_base
    assert float(seconds) == pytest.approx((COUNT - 1) / float(clip.rate), abs=0.002)


@pytest.mark.parametrize("number", [0, 1, 4, COUNT - 1])
def test_reading_begins_at_the_frame_of_a_tick(clip: Clip, number: int) -> None:
    frames = list(clip.read(clip.start))
    later = list(clip.read(frames[number].pts))
    assert [frame.pts for frame in later] == [frame.pts for frame in frames[number:]]
    assert np.array_equal(later[0].pixels, frames[number].pixels)


def test_reading_after_the_last_frame_yields_nothing(clip: Clip) -> None:
    *_, last = clip.read(clip.start)
    assert list(clip.read(last.pts + 1)) == []


def test_two_readers_do_not_disturb_each_other(clip: Clip) -> None:
    pairs = list(zip(clip.read(clip.start), clip.read(clip.start), strict=True))
    assert len(pairs) == COUNT
    assert all(np.array_equal(one.pixels, other.pixels) for one, other in pairs)


def test_a_size_limits_the_long_side(clip: Clip) -> None:
    small = open_clip(clip.name, size=32)
    assert (small.height, small.width) == (24, 32)
    assert next(small.read(small.start)).pixels.shape == (24, 32, 3)


def test_fingerprints_differ_between_sizes(clip: Clip) -> None:
    assert clip.fingerprint() == open_clip(clip.name).fingerprint() != open_clip(clip.name, size=32).fingerprint()
