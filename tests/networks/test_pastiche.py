import pytest
import torch

from brushwork.networks import PasticheConfig, PasticheNetwork


def test_a_mixture_of_table_rows_is_a_mixture_of_weights(table_network: PasticheNetwork) -> None:
    parameters = table_network.transfer.style_parameters
    mixture = parameters(table_network.select({"waves": 0.25, "ink": 0.75}))
    expected = 0.25 * parameters(table_network.select({"waves": 1})) + 0.75 * parameters(
        table_network.select({"ink": 1})
    )
    torch.testing.assert_close(mixture, expected)


def test_a_column_is_a_style(table_network: PasticheNetwork) -> None:
    """The 694 style parameters of a style are its column of every layer's weight, one below the other."""
    weights = [value for key, value in table_network.state_dict().items() if key.endswith("affine.weight")]
    column = torch.cat([weight[:, 1] for weight in weights])
    torch.testing.assert_close(table_network.transfer.style_parameters(table_network.select({"dots": 1}))[0], column)
    assert not [key for key in table_network.state_dict() if key.endswith("affine.bias")]


def test_one_style_has_the_constant_embedding_one() -> None:
    network = PasticheNetwork(PasticheConfig(styles=("mosaic",), width=0.125)).eval()
    assert network.config.embedding_size == 1 and network.predictor is None
    assert network.select({"mosaic": 1}).tolist() == [[1.0]]
    assert network(torch.rand(2, 3, 20, 24), torch.ones(2, 1)).shape == (2, 3, 20, 24)


def test_unknown_and_repeated_names(table_network: PasticheNetwork) -> None:
    with pytest.raises(ValueError, match="did you mean 'waves'"):
        table_network.select({"wave": 1})
    with pytest.raises(ValueError, match="only its styles: waves, dots, ink"):
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
