"""Neighbours, chance, labels, the plane and principal components, by hand."""

from pathlib import Path

import numpy as np
import pytest

from brushwork.analysis.embeddings import short_name
from brushwork.analysis.layout import plane, principal_components
from brushwork.analysis.neighbours import chance, frequent, nearest, same_label
from brushwork.errors import UserError
from brushwork.training.labels import labels_of, read_labels

LINE = np.asarray([[0.0], [1.0], [3.0], [10.0], [11.0], [13.0]], np.float32)


def test_points_on_a_line_have_the_expected_neighbours() -> None:
    numbers, distances = nearest(LINE, np.asarray([[2.5]], np.float32), 3)
    assert numbers.tolist() == [[2, 1, 0]]
    assert distances.tolist() == [[0.5, 1.5, 2.5]]
    assert nearest(LINE, LINE[:1], 99)[0].shape == (1, 6)


def test_same_label_counts_others_only() -> None:
    assert same_label(LINE, list("aaabbb"), (1, 2)) == {1: 1.0, 2: 1.0}
    # nearest others: 0-1, 1-0, 3-1, 10-11, 11-10, 13-11
    assert same_label(LINE, list("abbaab"), (1,)) == {1: pytest.approx(3 / 6)}


def test_chance_is_the_fraction_of_equal_pairs() -> None:
    assert chance(list("aabb")) == pytest.approx(4 / 12)
    assert chance([str(n // 45) for n in range(8 * 45)]) == pytest.approx(44 / 359)  # the paper's 12.5 %, nearly


def test_rare_labels_are_left_out() -> None:
    assert frequent(["a", None, "b", "a", None, None], 2) == [0, 3]


def test_labels_are_found_by_the_end_of_a_path(tmp_path: Path) -> None:
    path = tmp_path / "labels.tsv"
    path.write_text("member\tkind\tlabel\nart/1.png\tartist\tAda\nart/1.png\tmovement\tCubism\n2.png\tartist\tBen\n")
    labels = read_labels(path)
    assert labels_of(["x/art/1.png", "deep/2.png", "art/3.png"], labels["artist"]) == ["Ada", "Ben", None]
    assert labels["movement"] == {"art/1.png": "Cubism"}
    path.write_text("one\ttwo\n")
    with pytest.raises(UserError, match="line 1: 2 parts"):
        read_labels(path)


def test_names_of_pictures_do_not_contain_the_folder_of_the_tar() -> None:
    assert short_name("/data/a.tar/art/1.png") == "art/1.png"
    assert short_name("/data/deep/art/1.png") == "art/1.png"


def test_two_clusters_stay_separate_on_the_plane() -> None:
    random = np.random.default_rng(0)
    crowds = np.concatenate([random.normal(centre, 0.1, (20, 5)) for centre in (0, 5)]).astype(np.float32)
    places = plane(crowds)
    assert places.min() >= 0 and places.max() <= 1
    assert same_label(places.astype(np.float32), ["a"] * 20 + ["b"] * 20, (5,))[5] == 1.0


def test_components_of_a_known_distribution_are_found() -> None:
    random = np.random.default_rng(0)
    cloud = (random.normal(size=(500, 3)) * (3.0, 1.0, 0.0) + (1.0, 2.0, 3.0)).astype(np.float32)
    found = principal_components(cloud)
    assert np.abs(found.axes[0]) == pytest.approx([1, 0, 0], abs=0.05)
    assert found.explained == pytest.approx([0.9, 0.1, 0.0], abs=0.02)
    assert found.dimensions(0.5) == 1 and found.dimensions(0.999) == 2
    assert found.keep(cloud, 0) == pytest.approx(np.tile(found.mean, (500, 1)))
    assert found.keep(cloud, 2) == pytest.approx(cloud, abs=1e-4)
