"""Measures of pictures whose values can be worked out by hand."""

import numpy as np
import pytest

from brushwork.images.color import oklab
from brushwork.styles.describe import MEASURES, THINGS, WORDS, measure, name_colors


@pytest.mark.parametrize(
    ("color", "name"),
    [
        ((1, 0, 0), "red"), ((0, 0, 1), "blue"), ((0, 0, 0.4), "dark blue"), ((0.6, 0.8, 1), "light blue"),
        ((1, 1, 0), "yellow"), ((1, 0.5, 0), "orange"), ((0.1, 0.3, 0.1), "dark green"), ((0.5, 0.25, 0.1), "brown"),
        ((0.95, 0.9, 0.8), "beige"), ((1, 0.7, 0.75), "light pink"), ((0.5, 0, 0.5), "dark violet"),
        ((0.5, 0.5, 0.5), "grey"), ((0.05, 0.05, 0.05), "black"), ((1, 1, 1), "white"), ((0, 0.6, 0.6), "turquoise"),
    ],
)  # fmt: skip
def test_colours_have_their_usual_names(color: tuple[float, float, float], name: str) -> None:
    assert name_colors(oklab(np.array([[color]], np.float32)).reshape(1, 3)).tolist() == [name]


def striped(period: int, *, across: bool = False) -> dict[str, float]:
    rows = np.zeros((192, 192, 3), np.float32)
    rows[np.arange(192) // (period // 2) % 2 == 1] = 1
    values, _ = measure(rows.transpose(1, 0, 2) if across else rows)
    return dict(zip(MEASURES, values.tolist(), strict=True))


def test_stripes_have_a_direction_and_a_size() -> None:
    level, upright, wide = striped(8), striped(8, across=True), striped(32)
    assert level["horizontal"] > 0.9 and upright["vertical"] > 0.9
    assert level["vertical"] == pytest.approx(-level["horizontal"]) and level["flow"] > 0.9
    assert wide["stroke"] > level["stroke"] and level["detail"] > wide["detail"]
    assert level["brightness"] == pytest.approx(50, abs=0.1) and level["contrast"] == pytest.approx(50, abs=0.1)
    assert level["saturation"] == pytest.approx(0, abs=0.1)


def test_a_plain_picture_is_described_as_plain() -> None:
    values, colors = measure(np.tile(np.array([1, 0, 0], np.float32), (50, 80, 1)))
    found = dict(zip(MEASURES, values.tolist(), strict=True))
    assert colors == {"red": 1.0} and found["flatness"] == 1
    assert found["contrast"] == pytest.approx(0, abs=1e-3) and found["saturation"] > 20


def test_every_word_belongs_to_a_measure_or_a_colour() -> None:
    assert set(WORDS) == set(MEASURES)
    names = set(name_colors(oklab(np.random.default_rng(0).random((20000, 3)).astype(np.float32))).tolist())
    assert set(THINGS) <= names
