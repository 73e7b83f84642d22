"""The weight of the content loss: it is worked out by hand, limited, and leaves a limit at once."""

import math

import pytest

from brushwork.training.content_weight import AIM, RECENT, ContentWeight


def test_the_weight_of_the_content_loss_follows_its_change_and_the_sum_of_its_changes() -> None:
    weight = ContentWeight()
    for _ in range(4):
        weight.update(AIM + 0.1)
    assert weight.weight == pytest.approx(1.4 * math.exp(4 * 0.05 * 0.1 + 4.0 * 0.1))
    for _ in range(RECENT):  # the first changes are forgotten, but for their sum
        weight.update(AIM)
    assert 1.4 * math.exp(4 * 0.05 * 0.1) < weight.weight < 1.4 * math.exp(0.1)
    for change, limit in ((1.0, 5.0), (-1.0, 0.2)):
        for _ in range(100):
            weight.update(change)
        assert weight.weight == pytest.approx(limit)
    for _ in range(RECENT):
        weight.update(0.1)
    assert weight.weight > 0.2  # however long it was at a limit
