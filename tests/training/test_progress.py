"""Means of loss terms, and the planned steps of a run with a time limit."""

import math

import pytest
import torch

from brushwork.errors import UserError
from brushwork.training.config import OptimizerConfig, Recipe
from brushwork.training.progress import TermMeans, Timer
from brushwork.training.train import learning_rate, plan_steps


def test_means_weigh_every_pastiche_equally() -> None:
    means = TermMeans()
    means.add({"total": torch.tensor([1.0, 2.0, 3.0, 4.0])})
    means.add({"total": torch.tensor([10.0, 20.0]), "gradient": torch.tensor(5.0)})
    progress = means.record(2, 12, 1e-3, 0.5)
    assert progress.terms == pytest.approx({"total": 40 / 6})
    assert (progress.gradient, progress.learning_rate, progress.minutes) == (5.0, 1e-3, 0.5)
    assert progress.pastiches == 6
    # Two steps and six pastiches were counted; ten steps are left.
    assert progress.minutes_left == pytest.approx(10 / 2 * 6 / progress.pastiches_per_second / 60)


def test_a_term_that_is_not_finite_is_an_error() -> None:
    means = TermMeans()
    means.add({"total": torch.tensor([1.0, math.nan])})
    with pytest.raises(UserError, match="no longer finite at step 7"):
        means.check(7)


def test_time_continues_after_a_resume_and_checkpoints_are_due_by_it() -> None:
    timer = Timer(12.5, 0.0)
    assert timer.minutes >= 12.5
    assert timer.checkpoint_due() and timer.checkpoint_due()
    assert not Timer(0.0, 60.0).checkpoint_due()


def test_a_run_of_minutes_plans_as_many_steps_as_fit() -> None:
    recipe = Recipe(steps=1000, minutes=60.0)
    assert plan_steps(Recipe(steps=1000), 5, 3.0) == 1000
    assert plan_steps(recipe, 0, 0.0) == 1000
    assert plan_steps(recipe, 100, 15.0) == 400
    assert plan_steps(recipe, 100, 60.0) == 101  # this one is the last
    assert plan_steps(recipe, 100, 59.9) == 102  # it may be, but two more are planned
    assert [plan_steps(recipe, step, 30.0) for step in (998, 999)] == [1000, 1000]  # the recipe has no more


def test_the_rate_falls_only_at_the_end_of_a_run() -> None:
    config = OptimizerConfig(learning_rate=1.0, warm_up=0, decay="cosine", anneal=0.5, floor=0.0)
    rates = [learning_rate(config, step, 101) for step in (0, 49, 50, 75, 100)]
    assert rates == pytest.approx([1.0, 1.0, 1.0, 0.5, 0.0], abs=1e-2)
