"""The loss terms, checked by hand."""

import pytest
import torch
from torch.autograd import gradcheck

from brushwork.losses import (
    content_loss,
    gram_matrix,
    grid_power,
    log_style_loss,
    normalised_style_loss,
    root_mean_square,
    style_loss,
    total_variation,
)

pytestmark = pytest.mark.numeric


def test_gram_of_ones_is_ones() -> None:
    assert torch.equal(gram_matrix(torch.ones(2, 5, 3, 7)), torch.ones(2, 5, 5))


def test_the_gram_matrix_by_hand() -> None:
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])  # two channels, two positions
    assert gram_matrix(features).tolist() == [[[5 / 2, 11 / 2], [11 / 2, 25 / 2]]]


def test_a_scaled_gram_is_the_gram_over_the_scale() -> None:
    features = torch.rand(2, 4, 3, 5, generator=torch.Generator().manual_seed(0))
    scale = torch.tensor([4.0, 1e4])
    expected = gram_matrix(features) / scale[:, None, None]
    torch.testing.assert_close(gram_matrix(features, scale), expected)
    half = gram_matrix(features.bfloat16(), scale)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, expected, rtol=0.02, atol=0)


@pytest.mark.parametrize("scale", [None, torch.tensor([4.0])])
def test_the_gram_of_features_with_channels_last_is_the_same_without_a_copy(scale: torch.Tensor | None) -> None:
    """The gradient comes in the order of the features, too, or each sum with it would convert one."""
    features = torch.rand(2, 4, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weights = torch.rand(2, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = []
    for order in (torch.contiguous_format, torch.channels_last):
        leaf = features.clone(memory_format=order).requires_grad_()
        gram = gram_matrix(leaf, scale)
        (gradient,) = torch.autograd.grad((gram * weights).sum(), leaf)
        assert gradient.is_contiguous(memory_format=order)
        found.append((gram, gradient))
    torch.testing.assert_close(found[0], found[1])


def test_the_logarithm_of_the_style_loss_by_hand() -> None:
    assert log_style_loss(torch.tensor([0.98, 0.0])).tolist() == pytest.approx([0, -3.912023])
    assert log_style_loss(torch.tensor([0.98, 0.0]), floor=0.002).tolist() == pytest.approx(
        [-0.018164, -6.214608], abs=1e-6
    )


def test_root_mean_square_by_hand() -> None:
    assert root_mean_square(torch.tensor([[[3.0, 4.0], [4.0, 3.0]]])).item() == pytest.approx(12.5**0.5)
    assert root_mean_square(torch.zeros(1, 2, 2)).item() > 0


def test_gram_does_not_depend_on_the_order_of_pixels() -> None:
    features = torch.randn(1, 6, 4, 5, generator=torch.Generator().manual_seed(0))
    shuffled = features.flatten(2)[:, :, torch.randperm(20, generator=torch.Generator().manual_seed(1))]
    torch.testing.assert_close(gram_matrix(shuffled.reshape(1, 6, 4, 5)), gram_matrix(features))


def test_gram_is_float32_even_of_bfloat16_under_autocast() -> None:
    features = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(0)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        gram = gram_matrix(features)
    assert gram.dtype == torch.float32
    torch.testing.assert_close(gram, gram_matrix(features.float()), rtol=0, atol=0)


def test_losses_of_an_image_with_itself_are_zero() -> None:
    features = torch.rand(2, 3, 4, 4)
    gram = gram_matrix(features)
    for loss in (content_loss(features, features), style_loss(gram, gram), normalised_style_loss(gram, gram)):
        assert loss.tolist() == [0, 0]


def test_losses_by_hand_and_per_sample() -> None:
    ones, threes = torch.ones(1, 2, 2, 2), torch.full((1, 2, 2, 2), 3.0)
    both = torch.cat((ones, threes))
    assert content_loss(both, torch.cat((ones, ones))).tolist() == [0, 4]
    grams = gram_matrix(both)  # all 1, and all 9
    assert style_loss(grams, gram_matrix(ones)).tolist() == [0, 64]
    assert normalised_style_loss(grams, gram_matrix(threes)).tolist() == pytest.approx([64 / 81, 0])


def test_the_normalised_loss_does_not_depend_on_contrast() -> None:
    gram, style = gram_matrix(torch.rand(1, 3, 4, 4)), gram_matrix(torch.rand(1, 3, 4, 4))
    torch.testing.assert_close(normalised_style_loss(100 * gram, 100 * style), normalised_style_loss(gram, style))
    nothing = torch.zeros(1, 3, 3)
    assert normalised_style_loss(nothing, nothing).item() == 0
    assert normalised_style_loss(nothing, style).item() == pytest.approx(1)


def test_variation_by_hand() -> None:
    assert total_variation(torch.full((2, 3, 4, 5), 0.7)).tolist() == [0, 0]
    ramp = torch.arange(5.0).mul(0.1).expand(1, 3, 4, 5)  # 0.1 from column to column, nothing from row to row
    assert total_variation(ramp).item() == pytest.approx(0.01 / 2)
    assert total_variation(ramp + 0.2 * torch.arange(4.0)[:, None]).item() == pytest.approx((0.01 + 0.04) / 2)


def test_grids_by_hand() -> None:
    flat, ramp = torch.full((1, 3, 64, 96), 0.5), torch.linspace(0, 1, 96).expand(1, 3, 64, 96)
    assert grid_power(flat).item() == 0
    checkerboard = flat + 0.1 * (-1.0) ** (torch.arange(64)[:, None] + torch.arange(96))
    assert grid_power(checkerboard).item() == pytest.approx(0.1**2, rel=0.1)  # less at the border, whose pixels repeat
    stripes = flat + 0.1 * torch.tensor([1.0, 1, -1, -1]).repeat(24)  # period 4
    assert grid_power(stripes).item() == pytest.approx(0.1**2, rel=0.1)
    assert grid_power(ramp).item() < 1e-5 and grid_power(ramp + checkerboard - flat).item() == pytest.approx(
        0.01, rel=0.1
    )


def test_textures_and_waves_of_other_periods_are_not_grids() -> None:
    noise = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    assert grid_power(noise).item() < 2 * noise.var().item() / 64  # 64 blocks are averaged
    wave = 0.5 + 0.5 * torch.sin(torch.arange(256.0) * 2 * torch.pi / 11).expand(1, 3, 256, 256)
    assert grid_power(wave).item() < 0.02 * wave.var().item()


def test_gradients_agree_with_finite_differences() -> None:
    generator = torch.Generator().manual_seed(0)
    features, other = (torch.rand(2, 3, 4, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    features.requires_grad_()
    gram = gram_matrix(other)
    assert gradcheck(gram_matrix, (features,))
    assert gradcheck(lambda x: gram_matrix(x, torch.tensor([2.0, 3.0])), (features,))
    assert gradcheck(lambda x: content_loss(x, other), (features,))
    assert gradcheck(lambda x: style_loss(gram_matrix(x), gram), (features,))
    assert gradcheck(lambda x: normalised_style_loss(gram_matrix(x), gram), (features,))
    assert gradcheck(total_variation, (features,))
    assert gradcheck(grid_power, (torch.rand(1, 1, 32, 32, dtype=torch.float64, requires_grad=True),))
