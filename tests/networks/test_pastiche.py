"""One network for the three systems: where embeddings come from, and where gradients go."""

import pytest
import torch

from brushwork.networks import PasticheConfig, PasticheNetwork


def test_a_mixture_of_table_rows_is_a_mixture_of_weights(table_network: PasticheNetwork) -> None:
    parameters = table_network.transfer.style_parameters
    waves, _, ink = torch.eye(3).split(1)
    mixture = parameters(0.25 * waves + 0.75 * ink)
    torch.testing.assert_close(mixture, 0.25 * parameters(waves) + 0.75 * parameters(ink))


def test_each_column_of_the_table_is_a_style(table_network: PasticheNetwork) -> None:
    """The 694 style parameters of a style are its column of every layer's weight, one below the other."""
    weights = [value for key, value in table_network.state_dict().items() if key.endswith("affine.weight")]
    column = torch.cat([weight[:, 1] for weight in weights])
    torch.testing.assert_close(table_network.transfer.style_parameters(torch.eye(3)[1:2])[0], column)
    assert not [key for key in table_network.state_dict() if key.endswith("affine.bias")]


def test_one_style_has_the_constant_embedding_one() -> None:
    network = PasticheNetwork(PasticheConfig(styles=("mosaic",), width=0.125)).eval()
    assert network.config.embedding_size == 1 and network.predictor is None
    assert network(torch.rand(2, 3, 20, 24), torch.ones(2, 1)).shape == (2, 3, 20, 24)


def test_a_table_has_no_predictor_and_no_repeated_names(table_network: PasticheNetwork) -> None:
    with pytest.raises(ValueError, match="only the styles of its table: waves, dots, ink"):
        table_network.embed(torch.rand(1, 3, 96, 96))
    with pytest.raises(ValueError, match="same name"):
        PasticheConfig(styles=("a", "a"))


def test_gradients_reach_both_networks() -> None:
    network = PasticheNetwork(PasticheConfig(backbone={"name": "mobilenet_v2"}, width=0.125))
    network(torch.rand(2, 3, 16, 16), network.embed(torch.rand(2, 3, 64, 64))).square().sum().backward()
    assert network.predictor is not None
    for part in (network.predictor.backbone, network.predictor.bottleneck, network.transfer):
        gradients = [p.grad for p in part.parameters() if p.requires_grad and p.grad is not None]
        assert sum(float(gradient.abs().sum()) for gradient in gradients) > 0
