"""The squares on which a style is learned: whole, in turn, and in other colours after the first turn."""

import numpy as np
import torch

from brushwork.training.learning_squares import VARIETY, squares_of, vary

GREY = np.full((64, 64, 3), 0.5, np.float32)


def test_photos_take_turns_and_come_in_other_colours_after_the_first() -> None:
    light = np.linspace(0.1, 0.9, 64, dtype=np.float32)
    ramp = np.broadcast_to(light[None, :, None], (64, 64, 3))
    cut = squares_of([ramp, GREY])
    first, second, third, fourth = (cut(64, number)[0] for number in range(4))
    torch.testing.assert_close(first, torch.from_numpy(ramp.copy()).permute(2, 0, 1))
    assert torch.equal(second, torch.full((3, 64, 64), 0.5))
    assert (third.diff(dim=2) < 0).all() and not torch.equal(third[0], third[1])  # flipped, and no longer grey
    assert fourth.flatten(1).std(dim=1).max() == 0 and not torch.equal(fourth, second)


def test_squares_are_the_same_in_every_run() -> None:
    photo = np.random.default_rng(1).random((64, 96, 3), np.float32)
    for number in (0, 3):
        assert torch.equal(*(squares_of([photo])(64, number) for _ in range(2)))


def test_colours_vary_within_their_range() -> None:
    """0.5 to the power of the largest and of the smallest exponent; black and white stay."""
    bounds = [0.5 ** np.exp(sign * 2 * VARIETY) for sign in (1, -1)]
    for seed in range(20):
        varied = vary(GREY, np.random.default_rng(seed))
        assert bounds[0] <= varied.min() <= varied.max() <= bounds[1]
        ends = vary(np.array([[[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]], np.float32), np.random.default_rng(seed))
        assert ends.tolist() == [[[0, 0, 0], [1, 1, 1]]]
