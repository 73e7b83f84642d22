"""Styles on a plane."""

import numpy as np

from brushwork.styles.plane import positions


def test_styles_along_a_line_keep_their_order_and_are_spread_evenly() -> None:
    direction = np.array([3, 0, 0, 1], np.float32)
    found = positions([direction * step for step in (0, 1, 10, 100)])
    np.testing.assert_allclose(found[:, 0], [0, 1 / 3, 2 / 3, 1])


def test_the_two_widest_directions_are_the_axes() -> None:
    corners = [np.array([x, y, 0], np.float32) for x, y in ((-9, -1), (-9, 1), (9, -1), (9, 1))]
    found = positions(corners)
    assert set(found[:2, 0]) == {0, 1 / 3} and set(found[2:, 0]) == {2 / 3, 1}
    assert found[0, 1] < found[1, 1] and found[2, 1] < found[3, 1]


def test_a_single_style_is_in_the_middle() -> None:
    assert positions([np.ones(5, np.float32)]).tolist() == [[0.5, 0.5]]
