"""The temporal warping error: 0 for exact motion, and a known value otherwise."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from brushwork.errors import UserError
from brushwork.evaluation.steadiness import FlowPair, Steadiness, open_frames, table, warping_error
from brushwork.video.temporal import optical_flow
from tests.video.conftest import make_clip, make_frames


def shift(pixels: float, height: int = 20, width: int = 30) -> np.ndarray:
    flow = np.zeros((height, width, 2), np.float32)
    flow[..., 0] = pixels
    return flow


def test_pixels_that_move_as_they_should_have_no_error() -> None:
    here = np.random.default_rng(0).random((20, 30, 3), np.float32)
    there = np.roll(here, 3, axis=1)
    seen = np.ones((20, 30), bool)
    seen[:, -3:] = False
    assert warping_error([here, there], [FlowPair(0, 1, shift(3), seen)]) == pytest.approx(0, abs=1e-6)
    assert warping_error([here, there], [FlowPair(0, 1, shift(0), seen)]) > 0.3


def test_the_error_is_the_rmse_over_visible_pixels() -> None:
    frames = [np.zeros((20, 30, 3), np.float32), np.full((20, 30, 3), 0.5, np.float32)]
    seen = np.zeros((20, 30), bool)
    assert warping_error(frames, [FlowPair(0, 1, shift(0), seen)]) == 0
    seen[:10] = True
    assert warping_error(frames, [FlowPair(0, 1, shift(0), seen)]) == pytest.approx(0.5)
    both = [FlowPair(0, 1, shift(0), seen), FlowPair(0, 0, shift(0), seen)]
    assert warping_error(frames, both) == pytest.approx(0.5 / 2**0.5)


def test_pixels_without_a_consistent_flow_are_not_visible() -> None:
    assert optical_flow.visible(shift(3), shift(-3)).sum() == 20 * 27
    assert not optical_flow.visible(shift(3), shift(3)).any()


def test_the_true_motion_of_a_folder_is_used(tmp_path: Path) -> None:
    for number in range(1, 4):
        Pillow.new("RGB", (30, 20), (10 * number, 0, 0)).save(tmp_path / f"frame_{number:04}.png")
    np.savez(tmp_path / "flow_0002_0003.npz", flow=shift(2).astype(np.float16))
    hidden = np.zeros((20, 30), np.uint8)
    hidden[:5] = 255
    Pillow.fromarray(hidden).save(tmp_path / "occlusions_0002.png")
    frames, (pair,) = open_frames(str(tmp_path), 24, None)
    assert [frame.pixels[0, 0, 0] for frame in frames] == [10, 20, 30]
    assert (pair.here, pair.there, pair.visible.sum()) == (1, 2, 15 * 28)


def test_the_motion_of_other_clips_is_estimated_between_all_frames(tmp_path: Path) -> None:
    frames, pairs = open_frames(str(make_clip(tmp_path / "clip.mkv", make_frames(4))), 3, None)
    assert (len(frames), [(pair.here, pair.there) for pair in pairs]) == (3, [(1, 0), (2, 1)])
    with pytest.raises(UserError, match="has 1 frame; steadiness needs at least two"):
        open_frames(str(make_clip(tmp_path / "one.mkv", make_frames(1))), 3, None)


def test_a_table_ends_with_the_means_of_each_clip() -> None:
    records = [Steadiness("a", style, 3, 0.01, single, 0.02, 0.4, 0.1) for style, single in (("x", 0.03), ("y", 0.05))]
    last = table(records).splitlines()[-1].split()
    assert last == ["a", "mean", "0.0100", "0.0400", "0.0200", "0.50", "0.400", "0.100"]
    assert json.dumps(records[0].values())
