"""Strokes that move with a key pastiche: sharp over long pans, without ghosts, cracks and moving grain."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from brushwork.images import Image
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.frames import Pixels
from brushwork.video.settings import STEADY
from brushwork.video.temporal import optical_flow, stabilisation
from brushwork.video.temporal.stabilisation import Key
from tests.video.conftest import make_frames
from tests.video.flickering import painted, pastiches


def wide_picture(seed: int) -> Pixels:
    random = np.random.default_rng(seed)
    return np.kron(random.integers(0, 255, (24, 64, 3), np.uint8), np.ones((8, 8, 1), np.uint8))


def laplacian(image: Image) -> float:
    return float(cv2.Laplacian(np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)), cv2.CV_32F).var())


def test_strokes_stay_sharp_over_a_long_pan() -> None:
    """Each frame is the last one moved by 1.5 pixels: sampled again every time, strokes would be gone by the end."""
    wide = cv2.resize(wide_picture(8), None, fx=2, fy=1, interpolation=cv2.INTER_LINEAR)
    frames = [np.ascontiguousarray(wide[:, 3 * n : 3 * n + 512 : 2]) for n in range(60)]
    alone, steadied = pastiches(frames, 0), pastiches(frames, STEADY)
    assert 0.8 < laplacian(steadied[-1]) / laplacian(alone[-1]) < 1.25


def test_a_colour_of_equal_brightness_is_another_content() -> None:
    """A red square moves over green of equal brightness: ten frames later no ghost is visible."""
    frames = [np.tile(np.asarray([0, 130, 0], np.uint8), (128, 192, 1)) for _ in range(12)]
    for number, frame in enumerate(frames):
        frame[40:80, 6 + 11 * number : 46 + 11 * number] = 255, 0, 0
    alone, steadied = pastiches(frames, 0), pastiches(frames, STEADY)
    assert np.abs(steadied[-1][44:76, 10:100].mean((0, 1)) - alone[-1][44:76, 10:100].mean((0, 1))).max() < 0.02


def test_the_outline_of_something_that_left_is_gone() -> None:
    """A ball has left: the pastiche's dark line around it lies outside of the ball's colours, and must go with them."""
    y, x = np.mgrid[:120, :160]
    distance = np.hypot(y - 60, x - 80)
    ground = np.full((120, 160, 3), (190, 110, 70), np.uint8)
    ball = np.where(distance[..., None] < 9, np.asarray((230, 240, 60), np.uint8), ground)
    plain = np.full((120, 160, 3), 0.5, np.float32)
    outlined = np.where((np.abs(distance - 12) < 1)[..., None], np.float32(0.3), plain)
    key = Key.begin(outlined, ball).follow(None, ground)
    stable, _ = stabilisation.stabilise(plain, ground, key, STEADY)
    assert np.abs(stable - plain).max() < 0.01
    assert key.trust[distance > 24].min() > 0.99


@pytest.mark.parametrize(("tint", "stays"), [((0.08, 0.08, 0.08), True), ((0.2, -0.04, 0.08), False)])
def test_an_area_of_another_tint_is_a_ghost(tint: tuple[float, ...], stays: bool) -> None:
    """Both areas are as much lighter, but only one has another tint. What is around them in the content has changed."""
    random = np.random.default_rng(0)
    content = np.full((96, 128, 3), 90, np.uint8)
    strokes = np.repeat(0.4 + 0.08 * random.standard_normal((96, 128, 1), np.float32), 3, axis=2)
    key = Key.begin(strokes + np.asarray(tint, np.float32), content).follow(None, content)
    key = replace(key, same=np.zeros((96, 128), np.float32))
    stable, _ = stabilisation.stabilise(strokes, content, key, STEADY)
    left = float((stable - strokes).mean() / 0.08)
    assert left > 0.8 if stays else left < 0.1


def test_a_difference_in_the_dark_weighs_more() -> None:
    """Twenty levels are another thing in the dark, and a change of light on something bright."""
    random = np.random.default_rng(11)
    trusted = []
    for level in (5, 130):
        frames = [np.full((120, 160, 3), level, np.uint8) for _ in range(2)]
        frames[1][40:80, 50:110] += 20
        key = Key.begin(random.random(frames[0].shape, np.float32), frames[0]).follow(None, frames[1])
        trusted.append(float(key.trust[50:70, 60:100].mean()))
    assert trusted[0] < 0.05 and trusted[1] > 0.6


def last_of(frames: list[Pixels]) -> Image:
    """The last stabilised pastiche, if that of the first frame is white and those of all others are black.

    The key is replaced after every frame, as it is where something else in the frame moves.
    """
    key = Key.begin(np.ones(frames[0].shape, np.float32), frames[0])
    black = np.zeros(frames[0].shape, np.float32)
    for frame in frames[1:]:
        followed = replace(key.follow(None, frame), age=stabilisation.MAX_AGE)
        stable, key = stabilisation.stabilise(black, frame, followed, STEADY)
    return stable


def test_a_fade_leaves_nothing_of_the_picture() -> None:
    """All of the frame gets darker by a similar amount, as grain is everywhere, and at last it is black."""
    picture = make_frames(1, 96, 128)[0]
    frames = [np.rint(picture * max(0, 1 - n / 12)).astype(np.uint8) for n in range(18)]
    assert last_of(frames).max() < 0.02


def test_a_dissolve_leaves_nothing_of_the_first_picture() -> None:
    """From frame to frame hardly anything changes, and from the first to the last everything."""
    one, other = wide_picture(12)[:, :256], wide_picture(13)[:, :256]
    frames = [np.rint(one + (other.astype(float) - one) * min(1, n / 30)).astype(np.uint8) for n in range(36)]
    assert last_of(frames).mean() < 0.02


def test_torn_flow_is_not_trusted() -> None:
    """Two halves slide along each other: no place is stretched, and a crack would show between them."""
    flow = np.zeros((40, 60, 2), np.float32)
    flow[:20, :, 0], flow[20:, :, 0] = 3, -3
    trust = optical_flow.one_to_one(flow)[:, 6:-6]
    assert trust[19:21].max() < 0.01
    assert trust[:14].min() > 0.99 and trust[26:].min() > 0.99


def test_grain_is_not_taken_for_motion() -> None:
    random = np.random.default_rng(9)
    still = make_frames(1, 192, 256)[0]
    one, other = (np.clip(still + random.normal(0, 4, still.shape), 0, 255).astype(np.uint8) for _ in range(2))
    assert np.abs(optical_flow.find(one, other).flow).mean() < 0.01


def test_soft_grain_is_told_from_things_that_move() -> None:
    """Grain that is as coarse as texture is present in all of a frame: the content counts as the same."""
    random = np.random.default_rng(10)
    still = make_frames(1, 192, 256)[0]
    frames = []
    for _ in range(2):
        grain = cv2.GaussianBlur(random.normal(0, 1, still.shape), (0, 0), 1.5)
        frames.append(np.clip(still + grain * (6 / grain.std()), 0, 255).astype(np.uint8))
    key = Key.begin(np.zeros(still.shape, np.float32), frames[0]).follow(None, frames[1])
    assert key.same.mean() > 0.9
    frames[1][60:130, 80:180] = 255  # something comes into the picture
    assert (
        Key.begin(np.zeros(still.shape, np.float32), frames[0]).follow(None, frames[1]).same[70:120, 90:170].max() < 0.1
    )


def test_contrast_that_differs_in_single_strokes_is_not_changed() -> None:
    """The variance around each pixel differs, and its mean over a larger area does not."""
    one = np.tile(np.asarray([[0.005, 0.02], [0.02, 0.005]], np.float32), (40, 60))
    other = np.full_like(one, one.mean())
    gain = stabilisation._gain(one, other, np.zeros_like(one), np.ones_like(one))
    assert np.abs(gain - 1).max() < 0.01


def test_a_saved_state_contains_its_key(tmp_path: Path) -> None:
    still = make_frames(1, 96, 128)[0]
    frames = [np.clip(still.astype(int) + number, 0, 255).astype(np.uint8) for number in range(4)]
    state = painted(frames, STEADY)[-1]
    state.save(tmp_path / "state")
    found = FrameState.load(tmp_path / "state")
    assert state.key is not None and found.key is not None
    assert found.key.age == state.key.age > 0
    for name in ("pastiche", "content", "flow", "trust"):
        assert np.array_equal(getattr(found.key, name), getattr(state.key, name))
