"""Stabilisation: still content stays still, moving content keeps its strokes, no ghosts, and cuts start a new shot."""

import threading

import numpy as np
import pytest

from brushwork.images import Image
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer
from brushwork.video import pipeline
from brushwork.video.frame_painter import FramePainter
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.frames import as_image
from brushwork.video.settings import STEADY
from brushwork.video.temporal import flow_filling, optical_flow, stabilisation
from brushwork.video.temporal.stabilisation import Key
from tests.video.conftest import make_frames
from tests.video.flickering import Flickering, apart, painted, pastiches, states


def test_a_still_clip_is_still() -> None:
    frames = [make_frames(1, 96, 128)[0]] * 4
    first, *rest = pastiches(frames, STEADY)
    assert all(np.array_equal(first, other) for other in rest)


def test_a_noisy_still_clip_flickers_no_more_than_its_noise() -> None:
    random = np.random.default_rng(1)
    still = make_frames(1, 192, 256)[0]
    frames = [np.clip(still + random.normal(0, 5, still.shape), 0, 255).astype(np.uint8) for _ in range(5)]
    noise = apart(as_image(frames[3]), as_image(frames[4]))
    alone, steadied = pastiches(frames, 0), pastiches(frames, STEADY)
    assert apart(alone[3], alone[4]) > 2 * noise
    assert apart(steadied[3], steadied[4]) < noise


def test_strokes_move_along_with_the_content() -> None:
    """Everything moves by 2 pixels a frame, so the last pastiche should be seen again 2 pixels further right."""
    random = np.random.default_rng(2)
    wide = np.kron(random.integers(0, 255, (24, 40, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    frames = [np.ascontiguousarray(wide[:, 20 - 2 * n : 276 - 2 * n]) for n in range(5)]
    alone, steadied = pastiches(frames, 0), pastiches(frames, STEADY)
    error = [apart(images[4][:, 8:-8], np.roll(images[3], 2, axis=1)[:, 8:-8]) for images in (alone, steadied)]
    assert error[1] < 0.3 * error[0]


def test_the_motion_of_a_known_shift_is_found() -> None:
    random = np.random.default_rng(3)
    wide = np.kron(random.integers(0, 255, (24, 40, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    here, before = np.ascontiguousarray(wide[:, 10:266]), np.ascontiguousarray(wide[:, 13:269])
    found = optical_flow.find(here, before)
    assert np.median(found.flow[16:-16, 16:-16, 0]) == pytest.approx(-3, abs=0.1)
    assert np.median(found.flow[16:-16, 16:-16, 1]) == pytest.approx(0, abs=0.1)
    assert not found.cut


def test_dark_parts_follow_the_plane_around_them() -> None:
    """A camera comes nearer: everything moves away from the middle by 4 %, but a third of the flow is not sure."""
    y, x = np.mgrid[:120, :160].astype(np.float32)
    true = np.stack([(x - 80) * -0.04, (y - 60) * -0.04], axis=-1)
    sure = np.ones((120, 160), bool)
    sure[40:80, 30:130] = False
    wrong = np.where(sure[..., None], true, np.float32(9))
    assert np.abs(flow_filling.fill(wrong, sure) - true).max() < 0.1
    assert np.array_equal(flow_filling.fill(wrong, ~sure & False), wrong)  # nothing is sure: nothing is known better


def test_two_planes_are_distinguished() -> None:
    """The left half moves by 3 pixels and the right by -5; what is unknown of each takes that of its own half."""
    true = np.zeros((120, 160, 2), np.float32)
    true[:, :80, 0], true[:, 80:, 0] = 3, -5
    sure = np.ones((120, 160), bool)
    sure[50:70, 20:40] = sure[50:70, 110:130] = False
    found = flow_filling.fill(np.where(sure[..., None], true, np.float32(40)), sure)
    assert np.abs(found - true).max() < 0.1


def test_flow_that_stretches_or_leads_outside_is_not_trusted() -> None:
    flow = np.zeros((40, 60, 2), np.float32)
    flow[:, 20:40, 0] = -np.arange(20)  # twenty columns come from one
    flow[:, 40:, 0] = -19
    flow[:, :5, 0] = -10
    trust = optical_flow.one_to_one(flow)
    assert trust[:, 24:36].max() < 0.01
    assert trust[:, :4].max() == 0
    assert trust[:, 8:17].min() > 0.95 and trust[:, 44:].min() > 0.95


def test_content_that_has_left_is_not_visible() -> None:
    """A white square on black jumps further than any motion: only the new pastiche is used where it was."""
    frames = [np.zeros((128, 192, 3), np.uint8) for _ in range(2)]
    frames[0][40:80, 20:60] = 255
    frames[1][40:80, 130:170] = 255
    alone, steadied = pastiches(frames, 0), pastiches(frames, STEADY)
    assert apart(steadied[1][44:76, 24:56], alone[1][44:76, 24:56]) < 0.02


def test_a_cut_starts_a_new_shot() -> None:
    one, other = (np.random.default_rng(seed).integers(0, 255, (6, 8, 3), np.uint8) for seed in (4, 5))
    first, second = (np.kron(small, np.ones((16, 16, 1), np.uint8)) for small in (one, other))
    noisy = [np.clip(first.astype(int) + n, 0, 255).astype(np.uint8) for n in range(3)]
    found = painted([*noisy, second, second + 1], STEADY, hold=0.5)
    assert [state.begins for state in found] == [True, False, False, True, False]


def test_statistics_are_a_moving_average_over_a_shot() -> None:
    halves = np.repeat(np.asarray([0, 200], np.uint8), 32)[:, None, None]  # contrast, so that nothing else is mixed in
    frames = [np.tile(halves + np.uint8(level), (1, 64, 3)) for level in (0, 8, 16)]
    found = painted(frames, 0, hold=0.5)
    statistics = [state.statistics[0, 0] * 255 for state in found if state.statistics is not None]
    assert statistics == pytest.approx([100, 104, 110], abs=1e-3)  # half of what was, half of what is


def blended(pastiche: Image, last: Image, weight: float) -> Image:
    """The pastiche of a frame that shows the same as the one before."""
    pixels = np.zeros((*pastiche.shape[:2], 3), np.uint8)
    key = Key.begin(last, pixels).follow(None, pixels)
    return stabilisation.stabilise(pastiche, pixels, key, weight)[0]


def test_steady_0_changes_nothing() -> None:
    random = np.random.default_rng(6)
    pastiche, last = (random.random((32, 32, 3), np.float32) for _ in range(2))
    np.testing.assert_allclose(blended(pastiche, last, 0), pastiche, atol=1e-6)


def test_strokes_that_cancel_each_other_keep_their_contrast() -> None:
    """The mean of two independent noises has 0.71 of the standard deviation of either."""
    random = np.random.default_rng(7)
    pastiche, last = ((0.5 + random.normal(0, 0.1, (128, 192, 3))).astype(np.float32) for _ in range(2))
    assert ((pastiche + last) / 2).std() == pytest.approx(0.0707, rel=0.02)
    assert blended(pastiche, last, 0.5).std() == pytest.approx(0.1, rel=0.02)


def test_colours_do_not_drift_by_repeated_mixing() -> None:
    pastiche = last = np.full((32, 32, 3), 0.3, np.float32)
    for _ in range(1000):
        last = blended(pastiche, last, 1)
    assert np.abs(last - 0.3).max() < 1e-4


class Waiting(Flickering):
    """A model that renders a frame only while another one is being rendered, and finishes the first of a pair last."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = threading.Barrier(2, timeout=30)
        self.second = threading.Event()

    def transfer(self, content: Array, embedding: Array) -> Array:
        self.pair.wait()
        if content.max() > 0.5:
            self.second.set()
        else:
            assert self.second.wait(30)
            self.second.clear()
        return content


def test_frames_rendered_together_keep_their_order() -> None:
    frames = [np.full((16, 16, 3), level, np.uint8) for level in (0, 200, 10, 210, 20, 220)]
    painter = FramePainter(Stylizer(Waiting()), together=2)
    found = list(pipeline.run_stages(states(frames), None, painter, 0, False, {}))
    assert [round(float(state.pastiche[0, 0, 0]) * 255) for state in found if state.pastiche is not None] == [
        0, 200, 10, 210, 20, 220
    ]  # fmt: skip


def test_frames_with_held_statistics_are_rendered_one_by_one() -> None:
    stylizer = Stylizer(Flickering())
    assert (
        FramePainter(stylizer, hold=0.5, together=2).together
        == FramePainter(stylizer, strength=0.5, together=2).together
        == 1
    )


def test_the_frame_state_is_saved_bit_for_bit(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("kept") / "state.npz"
    state = painted(make_frames(3), STEADY)[-1]
    state.save(path)
    again = FrameState.load(path)
    assert (again.pts, again.duration, again.begins, again.still) == (2, 1, False, False)
    assert again.pastiche is not None and state.pastiche is not None
    assert np.array_equal(again.pastiche, state.pastiche) and np.array_equal(again.pixels, state.pixels)
    assert (again.own, again.motion) == (None, None)
