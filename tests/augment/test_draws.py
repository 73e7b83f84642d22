"""Random draws for style augmentation: their distribution, and different numbers in each worker."""

import multiprocessing
from typing import Any

import numpy as np
import pytest

from brushwork.augment.draws import Draws


def test_p_is_the_fraction_drawn_and_the_strength_is_uniform_in_its_range() -> None:
    draws = [Draws(0.25, (0.3, 1.0), 0).draw(sample) for sample in range(2000)]
    assert np.mean([draw.wanted for draw in draws]) == pytest.approx(0.25, abs=0.03)
    strengths = [draw.strength for draw in draws]
    assert (min(strengths), max(strengths)) == pytest.approx((0.3, 1.0), abs=0.01)
    assert np.mean(strengths) == pytest.approx(0.65, abs=0.02)


def test_without_a_seed_every_transform_draws_different_numbers() -> None:
    assert Draws(1, (0, 1), None).draw(1).strength != Draws(1, (0, 1), None).draw(1).strength
    assert Draws(1, (0, 1), 7).draw(1).strength == Draws(1, (0, 1), 7).draw((1,)).strength


def _strengths(draws: Draws, answers: Any) -> None:
    answers.put([draws.draw(None).strength for _ in range(2)])


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_each_worker_draws_different_numbers(method: str) -> None:
    context: Any = multiprocessing.get_context(method)
    draws, answers = Draws(1, (0, 1), 0), context.Queue()
    found = [[draws.draw(None).strength for _ in range(2)]]
    for _ in range(2):
        process = context.Process(target=_strengths, args=(draws, answers))
        process.start()
        found.append(answers.get(timeout=60))
        process.join()
    assert len({strength for each in found for strength in each}) == 6
