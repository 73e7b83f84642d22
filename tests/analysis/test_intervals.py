"""Intervals of tables: over seeds if there are several, otherwise over the pairs."""

import numpy as np

from brushwork.analysis.intervals import LOSSES, cell, loss_cells
from brushwork.analysis.measures import Losses


def losses(values: list[float]) -> Losses:
    each = np.asarray(values, dtype=np.float64)
    return Losses(each, each, each, each)


def test_only_several_values_have_an_interval() -> None:
    assert cell([1.0, 2.0, 3.0]) == "2 ± 2.48"  # Student's t of two degrees of freedom, 4.303 / root of 3
    assert cell([2.0]) == 2.0


def test_networks_of_several_seeds_have_intervals_over_the_seeds() -> None:
    cells = loss_cells([losses([1.0, 1.0]), losses([2.0, 2.0]), losses([3.0, 3.0])])
    assert cells == ["2 ± 2.48"] * len(LOSSES)


def test_one_network_has_intervals_over_its_pairs() -> None:
    assert loss_cells([losses([2.0, 2.0, 2.0])]) == [2.0] * len(LOSSES)  # equal pairs leave nothing open
    content, _, share, _ = loss_cells([losses([1.0, 4.0] * 50)])
    assert str(content) == "2.5 ± 0.3"  # 1.96 x 1.5 / root of 100
    assert str(share).startswith("2 ± ")  # the geometric mean
