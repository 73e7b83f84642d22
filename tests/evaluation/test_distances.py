"""Structure and Frechet distances, and bootstrap intervals, by hand."""

import numpy as np
import pytest
import torch

from brushwork.evaluation.bootstrap import interval
from brushwork.evaluation.distances import mixed_6e_distance, structure_distance


def test_structure_depends_on_similarities_between_places_not_on_features() -> None:
    features = torch.rand(1, 8, 32, 32, generator=torch.Generator().manual_seed(0))
    assert structure_distance(features, features) == 0
    turned = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(1)))[0]
    other = torch.einsum("ij,bjhw->bihw", turned, 3 * features) + 5  # other features, the same similarity of places
    assert structure_distance(other, features) == pytest.approx(0, abs=1e-5)
    assert structure_distance(features.flip(3), features) > 0.1


def test_structure_of_two_known_tables_by_hand() -> None:
    halves = torch.ones(1, 1, 16, 16)
    halves[..., 8:] = -1  # cells of one half are alike, those of different halves opposite
    stripes = torch.ones(1, 1, 16, 16)
    stripes[..., 8:, :] = -1
    # Of all pairs of cells half have another sign in the two: they differ by 2.
    assert structure_distance(halves, stripes) == pytest.approx(1.0)


def test_frechet_distance_of_normal_distributions_by_hand() -> None:
    one = torch.tensor([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])
    assert mixed_6e_distance(one, one) == pytest.approx(0, abs=1e-9)
    assert mixed_6e_distance(one, one + torch.tensor([3.0, 4.0])) == pytest.approx(25)
    # The covariance of `one` is 2/3 of the unit, that of 2 `one` four times that: two axes of (s - 2 s)^2.
    assert mixed_6e_distance(one, 2 * one) == pytest.approx(2 * 2 / 3)
    with pytest.raises(ValueError, match="two pictures"):
        mixed_6e_distance(one[:1], one)


def test_the_bootstrap_interval_is_that_of_the_mean() -> None:
    values = np.random.default_rng(0).normal(10, 2, 400).tolist()
    low, high = interval(values)
    assert (low, high) == pytest.approx((np.mean(values) - 1.96 * 0.1, np.mean(values) + 1.96 * 0.1), abs=0.03)
    assert interval(values) == (low, high)
    assert interval([3.0] * 5) == (3.0, 3.0)
    low, high = interval([0.5, 2.0] * 50, geometric=True)
    assert low < 1 < high and low * high == pytest.approx(1, abs=0.1)
