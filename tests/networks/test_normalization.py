"""Conditional instance normalisation and the norms that it is compared with, by hand."""

from itertools import product

import pytest
import torch

from brushwork.networks import ConditionalInstanceNorm2d
from brushwork.networks.normalization import EPSILON, Condition, DecoderNorm, instance_normalise

KINDS: tuple[DecoderNorm, ...] = ("instance", "batch", "none")


def test_normalisation_by_population_statistics_gamma_and_beta_by_hand() -> None:
    norm = ConditionalInstanceNorm2d(1, 2)
    with torch.no_grad():
        norm.affine.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0]]))  # beta = e1, gamma = 2 e2
        norm.affine.bias.zero_()
    features = torch.tensor([1.0, 3.0, 1.0, 3.0]).reshape(1, 1, 2, 2)  # mean 2, population deviation 1
    styled = norm(features, Condition(torch.tensor([[10.0, 3.0]])))
    expected = torch.tensor([4.0, 16.0, 4.0, 16.0]).reshape(1, 1, 2, 2)  # 10 -+ 6
    torch.testing.assert_close(styled, expected, atol=1e-4, rtol=0)


def test_each_picture_of_a_batch_has_its_own_statistics_and_style() -> None:
    norm = ConditionalInstanceNorm2d(4, 3)
    features, embedding = torch.rand(2, 4, 5, 6), torch.rand(2, 3)
    together = norm(features, Condition(embedding))
    alone = torch.cat([norm(features[i : i + 1], Condition(embedding[i : i + 1])) for i in range(2)])
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize("batch", [1, 2])
def test_the_gradient_does_not_depend_on_the_order_in_memory(batch: int) -> None:
    """Not even if the gradient that comes back is stored in another order than the features."""
    random = torch.Generator().manual_seed(0)
    features, back = (torch.randn(batch, 3, 8, 8, generator=random, dtype=torch.float64) for _ in range(2))
    leaf = features.clone().requires_grad_()
    mean, variance = leaf.mean(dim=(2, 3), keepdim=True), leaf.var(dim=(2, 3), keepdim=True, correction=0)
    (expected,) = torch.autograd.grad((leaf - mean) / (variance + EPSILON).sqrt(), leaf, back)
    for order, other in product((torch.contiguous_format, torch.channels_last), repeat=2):
        leaf = features.float().contiguous(memory_format=order).requires_grad_()
        (found,) = torch.autograd.grad(
            instance_normalise(leaf), leaf, back.float().contiguous(memory_format=other)
        )  # fmt: skip
        torch.testing.assert_close(found, expected.float())


def test_gamma_starts_at_one_and_beta_at_zero() -> None:
    norm = ConditionalInstanceNorm2d(4, 3)
    beta, gamma = norm.style_parameters(torch.zeros(1, 3)).chunk(2, dim=1)
    assert (beta == 0).all() and (gamma == 1).all()


def test_the_published_initialisation_is_glorot_uniform_without_bias() -> None:
    torch.manual_seed(0)
    norm = ConditionalInstanceNorm2d(128, 100, gamma_start=0.0)
    bound = (6 / (100 + 128)) ** 0.5
    assert (norm.affine.bias == 0).all()
    assert norm.affine.weight.abs().max() <= bound
    assert norm.affine.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)


def test_every_column_of_a_table_starts_as_the_identity_style() -> None:
    norm = ConditionalInstanceNorm2d(4, 3, bias=False)
    assert norm.affine.bias is None
    for column in norm.affine.weight.T:
        assert column.tolist() == [0.0] * 4 + [1.0] * 4


def test_the_compared_decoder_norms_by_hand() -> None:
    features = torch.tensor([1.0, 3.0, 5.0, 7.0]).reshape(2, 1, 1, 2)  # means 2 and 6, of both 4; variances 1 and 5
    plain = torch.ones(2, 1)
    styled = {kind: _styled(ConditionalInstanceNorm2d(1, 1, bias=False, norm=kind), features, plain) for kind in KINDS}
    torch.testing.assert_close(styled["instance"], torch.tensor([-1.0, 1.0, -1.0, 1.0]), atol=1e-4, rtol=0)
    torch.testing.assert_close(styled["batch"], torch.tensor([-3.0, -1.0, 1.0, 3.0]) / 5**0.5, atol=1e-4, rtol=0)
    assert (styled["none"] == features.flatten()).all()


def test_batch_norm_in_evaluation_uses_its_running_statistics() -> None:
    norm = ConditionalInstanceNorm2d(1, 1, bias=False, norm="batch").eval()
    features = torch.rand(1, 1, 4, 4)
    torch.testing.assert_close(norm(features, Condition(torch.ones(1, 1))), features / (1 + 1e-5) ** 0.5)


def test_an_unknown_decoder_norm_is_refused() -> None:
    with pytest.raises(ValueError, match="decoder_norm is 'layer'"):
        ConditionalInstanceNorm2d(1, 1, norm="layer")  # type: ignore[arg-type]


def _styled(norm: ConditionalInstanceNorm2d, features: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
    styled: torch.Tensor = norm(features, Condition(embedding))
    return styled.flatten()
