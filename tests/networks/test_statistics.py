"""Statistics that are measured, held, or interpolated."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from brushwork.networks import StyleTransferNetwork
from brushwork.networks.normalization import EPSILON, HeldStatistics
from brushwork.networks.transfer import ContractLayer

pytestmark = pytest.mark.numeric

SIZE = (37, 50)


def network(**options: object) -> StyleTransferNetwork:
    torch.manual_seed(0)
    made = StyleTransferNetwork(8, width=0.125, **options).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made


def test_a_layer_interpolates_between_two_statistics_by_hand() -> None:
    features = torch.tensor([1.0, 3.0, 1.0, 3.0]).reshape(1, 1, 2, 2)  # mean 2, variance 1
    given = torch.tensor([[4.0, 9.0]])
    for hold, mean, variance in ((0.0, 2.0, 1.0), (1.0, 4.0, 9.0), (0.25, 2.5, 3.0)):
        held = HeldStatistics(given, torch.tensor([hold]))
        expected = (features - mean) / (variance + EPSILON) ** 0.5
        torch.testing.assert_close(held(features), expected)
        assert held.used.tolist() == [[mean, variance]]


def test_networks_have_the_expected_numbers_of_statistics() -> None:
    assert StyleTransferNetwork().statistics_size == 2758
    assert StyleTransferNetwork(encoder_norm="instance").statistics_size == 2758 + 2 * (32 + 64 + 128)
    assert StyleTransferNetwork(width=0.25).statistics_size == 694


def test_holding_the_measured_statistics_equals_the_plain_network() -> None:
    content, embedding = torch.rand(2, 3, *SIZE), torch.randn(2, 8)
    for kind in ("batch", "instance"):
        made = network(encoder_norm=kind)
        nothing = torch.zeros(2, made.statistics_size)
        with torch.no_grad():
            plain = made(content, embedding)
            measured, statistics = made.forward_held(content, embedding, nothing, torch.zeros(2))
            held, again = made.forward_held(content, embedding, statistics, torch.ones(2))
        torch.testing.assert_close(measured, plain, atol=1e-5, rtol=0)
        torch.testing.assert_close(held, plain, atol=1e-5, rtol=0)
        assert torch.equal(again, statistics)


def test_statistics_equal_those_numpy_computes_from_the_input_of_each_norm() -> None:
    made = network(encoder_norm="instance")
    seen: list[Tensor] = []
    for layer in made.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda layer, inputs, features: seen.append(features))
    content, embedding = torch.rand(1, 3, *SIZE), torch.randn(1, 8)
    with torch.no_grad():
        _, statistics = made.forward_held(content, embedding, torch.zeros(1, made.statistics_size), torch.zeros(1))
    assert len(seen) == 16 and isinstance(made.contract[0], ContractLayer)
    moments = [(array.mean((0, 2, 3)), array.var((0, 2, 3))) for array in (np.asarray(one) for one in seen)]
    np.testing.assert_allclose(statistics[0], np.concatenate([one for pair in moments for one in pair]), atol=1e-5)


def test_a_tile_with_the_statistics_of_the_whole_equals_that_part_of_the_whole() -> None:
    made = network()
    content, embedding = torch.rand(1, 3, 64, 192), torch.randn(1, 8)
    with torch.no_grad():
        whole, statistics = made.forward_held(content, embedding, torch.zeros(1, made.statistics_size), torch.zeros(1))
        tile, _ = made.forward_held(content[..., :160], embedding, statistics, torch.ones(1))
    torch.testing.assert_close(tile[..., :96], whole[..., :96], atol=1e-5, rtol=0)
    assert (tile[..., 120:] - whole[..., 120:160]).abs().max() > 1e-3  # beyond, it sees the end of the tile
