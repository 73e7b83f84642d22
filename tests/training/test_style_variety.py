"""Styles are recoloured and tiled as their probabilities say."""

from typing import Any

import pytest
import torch

from brushwork.training.data_config import CacheConfig
from brushwork.training.style_variety import recolour, tile, vary


def picture(height: int = 40, width: int = 60) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1))


def numbers() -> torch.Generator:
    return torch.Generator().manual_seed(2)


def test_neutral_colours_change_nothing() -> None:
    torch.testing.assert_close(recolour(picture(), 0.0, 1.0, 1.0), picture())


def test_a_third_of_a_turn_makes_red_green() -> None:
    red = torch.tensor([0.8, 0.2, 0.2])[None, :, None, None].expand(1, 3, 4, 4)
    torch.testing.assert_close(recolour(red, 1 / 3, 1.0, 1.0)[0, :, 0, 0], torch.tensor([0.2, 0.8, 0.2]))


def test_without_saturation_the_channels_are_equal() -> None:
    grey = recolour(picture(), 0.2, 0.0, 1.0)
    torch.testing.assert_close(grey, grey[:, :1].expand_as(grey))


def test_contrast_multiplies_the_differences_from_the_mean() -> None:
    halves = torch.full((1, 3, 2, 2), 0.5)
    halves[..., 0], halves[..., 1] = 0.4, 0.6
    torch.testing.assert_close(recolour(halves, 0.0, 1.0, 2.0)[0, 0], torch.tensor([[0.3, 0.7], [0.3, 0.7]]))


def test_a_pattern_repeats_a_patch_and_its_mirror_images() -> None:
    image = picture()
    pattern = tile(image, 0.0, 0.0, 0.0)  # 8 pixels: the smallest patch, from the corner
    patch = image[:, :, :8, :8]
    assert pattern.shape == image.shape
    assert torch.equal(pattern[:, :, :8, :8], patch)
    assert torch.equal(pattern[:, :, :8, 8:16], patch.flip(3))
    assert torch.equal(pattern[:, :, 8:16, :8], patch.flip(2))
    assert torch.equal(pattern[:, :, 32:40, 48:56], patch)


@pytest.mark.parametrize("place", [0.0, 1.0])
@pytest.mark.parametrize("size", [(1, 5), (300, 7), (9, 9)])
def test_a_pattern_has_the_size_of_its_picture(size: tuple[int, int], place: float) -> None:
    assert tile(picture(*size), place, place, place).shape == (1, 3, *size)


def test_with_probability_zero_a_style_is_as_it_was() -> None:
    assert torch.equal(vary(picture(), 0.0, 0.0, numbers()), picture())


def test_with_probability_one_a_style_gets_both() -> None:
    varied = vary(picture(), 1.0, 1.0, numbers())
    assert not torch.equal(varied, picture())
    pattern = vary(picture(), 0.0, 1.0, numbers())
    assert not torch.equal(varied, pattern)
    # Recolouring works on each pixel alone, so it keeps the repetition of the pattern.
    equal = (pattern[:, :, None, :, None] == pattern[:, :, None, :, :1]).all(dim=1)
    after = (varied[:, :, None, :, None] == varied[:, :, None, :, :1]).all(dim=1)
    assert torch.equal(equal & after, equal)


def test_all_choices_take_as_many_random_numbers() -> None:
    states = []
    for recoloured, tiled in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)):
        generator = numbers()
        vary(picture(), recoloured, tiled, generator)
        states.append(generator.get_state())
    assert all(torch.equal(state, states[0]) for state in states)


@pytest.mark.parametrize("name", ["style_recoloured", "style_tiled"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_probability_is_between_0_and_1(name: str, value: float) -> None:
    changed: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=name):
        CacheConfig(**changed)
