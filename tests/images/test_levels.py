"""Rounding to integers, by hand: a value differs by at most half a level from its integer."""

import numpy as np
import pytest

from brushwork.images.levels import quantise


def test_rounding_to_levels_by_hand() -> None:
    image = np.array([[-1, 0, 0.499 / 255, 0.5 / 255, 1, 7]], np.float32)
    assert quantise(image).tolist() == [[0, 0, 0, 1, 255, 255]]
    assert quantise(image).dtype == np.uint8
    assert quantise(np.array([0, 0.5, 1], np.float32), 16).tolist() == [0, 32768, 65535]
    assert quantise(np.array([1], np.float32), 10).dtype == np.uint16


@pytest.mark.parametrize(("depth", "top"), [(8, 255), (16, 65535)])
def test_every_level_survives_a_round_trip(depth: int, top: int) -> None:
    levels = np.arange(top + 1)
    image = (levels / np.float32(top)).astype(np.float32)
    assert (quantise(image, depth) == levels).all()
    assert image.max() == 1  # the argument is not changed
