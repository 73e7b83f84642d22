"""The content's part of the loss of learning: it is worked out by hand, limited, and leaves a limit at once."""

import math

import pytest
import torch

from brushwork.training.content_weight import AIM, ContentWeight


def test_the_content_is_kept_by_a_multiplier_and_a_quadratic_term() -> None:
    content = ContentWeight()
    change = torch.tensor(AIM + 0.1, requires_grad=True)
    loss = content.loss(change)
    loss.backward()
    assert loss.item() == pytest.approx(1.6 * 0.1 + 8 / 2 * 0.1**2)
    assert change.grad is not None
    assert change.grad.item() == pytest.approx(1.6 + 8 * 0.1)
    assert content.loss(torch.tensor(AIM)).item() == pytest.approx(0)


def test_the_multiplier_follows_the_sum_of_the_deviations_within_limits() -> None:
    content = ContentWeight()
    for _ in range(4):
        content.update(AIM + 0.1)
    assert content.weight == pytest.approx(1.6 * math.exp(4 * 0.1 * 0.1))
    content.update(AIM)
    assert content.weight == pytest.approx(1.6 * math.exp(4 * 0.1 * 0.1))
    for change, limit in ((1.0, 5.0), (-1.0, 0.2)):
        for _ in range(100):
            content.update(change)
        assert content.weight == pytest.approx(limit)
    content.update(AIM + 0.1)
    assert content.weight == pytest.approx(0.2 * math.exp(0.1 * 0.1))  # however long it was at a limit
