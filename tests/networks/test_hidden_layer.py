"""The hidden layer of the style prediction network: what it adds, its start, and its weights in files."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from brushwork.errors import UserError
from brushwork.networks import PasticheConfig, StylePredictionNetwork
from brushwork.networks.backbones import MobileNetV2
from brushwork.training.checkpoints import load_checkpoint
from brushwork.training.recipe_file import load
from tests.conftest import shaken
from tests.networks.test_predictor import TwoLevels

pytestmark = pytest.mark.numeric

SMALL = PasticheConfig(backbone={"name": "mobilenet_v2"}, width=0.125, predicted_size=10, hidden=6)


def predictor(**settings: object) -> StylePredictionNetwork:
    network = shaken(replace(SMALL, **settings)).predictor  # type: ignore[arg-type]
    assert network is not None
    return network


def test_it_adds_the_second_map_of_the_positive_part_of_the_first() -> None:
    network = StylePredictionNetwork(TwoLevels(), 1, hidden=2)
    state = {
        "bottleneck.weight": [[0.0, 0.0, 1.0]],
        "bottleneck.bias": [0.25],
        "hidden.0.weight": [[1.0, 0.0, 0.0], [-1.0, 2.0, 0.0]],
        "hidden.0.bias": [0.5, -0.5],
        "hidden.2.weight": [[2.0, 3.0]],
    }
    network.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
    features = torch.tensor([[1.0, 2.0, 4.0], [-1.0, 0.5, 0.0]])
    # 4 + 1/4 + 2 (1 + 1/2) + 3 (-1 + 4 - 1/2), and 1/4 + 2 * 0 + 3 (1 + 1 - 1/2)
    assert network.project(features).flatten().tolist() == [4.25 + 3 + 7.5, 0.25 + 4.5]


def test_it_reads_standardised_and_clamped_features() -> None:
    network = predictor(pooling="statistics")
    features = 100 * torch.randn(4, network.bottleneck.in_features)
    values = {name: value.numpy() for name, value in network.state_dict().items()}
    x = ((features.numpy() - values["feature_mean"]) / values["feature_deviation"]).clip(-30, 30)
    first = np.maximum(x @ values["hidden.0.weight"].T + values["hidden.0.bias"], 0)
    expected = x @ values["bottleneck.weight"].T + values["bottleneck.bias"] + first @ values["hidden.2.weight"].T
    np.testing.assert_allclose(network.project(features).detach().numpy(), expected, rtol=1e-4, atol=1e-3)


def test_it_adds_nothing_at_first_and_can_learn() -> None:
    network = StylePredictionNetwork(TwoLevels(), 4, hidden=8)
    features = torch.rand(5, 3)
    torch.testing.assert_close(network.project(features), network.bottleneck(features))
    network.project(features).square().sum().backward()
    gradient = network.get_parameter("hidden.2.weight").grad
    assert gradient is not None and gradient.any()


def test_a_config_without_it_is_of_a_network_without_it(tmp_path: Path) -> None:
    """As every version before wrote it."""
    config = asdict(replace(SMALL, hidden=0))
    del config["hidden"]
    network = shaken(PasticheConfig(**config))
    assert network.config.hidden == 0
    torch.save({"config": config, "network": network.state_dict()}, tmp_path / "old.pt")
    old, _ = load_checkpoint(tmp_path / "old.pt")
    assert old.predictor is not None and old.predictor.hidden is None
    style = torch.rand(1, 3, 64, 64)
    assert torch.equal(old.eval().embed(style), network.embed(style))


def test_a_negative_width_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="hidden is -1; it must be 0 or more"):
        PasticheConfig(hidden=-1)
    (tmp_path / "recipe.toml").write_text("[network]\nhidden = -1\n")
    with pytest.raises(UserError, match=r"hidden is -1; it must be 0 or more$"):
        load(tmp_path / "recipe.toml")


@pytest.mark.parametrize("start", [0, 4, 6])
@pytest.mark.parametrize("pooling", ["last", "statistics"])
def test_embeddings_stay_the_same_if_weights_are_copied_and_standardised(start: int, pooling: str) -> None:
    """Also from a network without the layer, with fewer units in it, or with the last layer's features alone."""
    network, other = StylePredictionNetwork(MobileNetV2(), 10, "statistics", 6).eval(), predictor(hidden=start)
    if pooling == "statistics":
        other = predictor(hidden=start, pooling=pooling)
    network.copy_weights(other)
    style = torch.rand(3, 3, 70, 64)
    with torch.no_grad():
        expected = other(style)
        torch.testing.assert_close(network(style), expected, rtol=1e-4, atol=1e-4)
        network.standardise(network.features(style))
        torch.testing.assert_close(network(style), expected, rtol=1e-3, atol=1e-3)


def test_a_network_without_it_cannot_take_its_weights() -> None:
    for pooling in ("last", "statistics"):
        with pytest.raises(RuntimeError, match=r"Unexpected key.*hidden\.0\.weight"):
            StylePredictionNetwork(MobileNetV2(), 10, "statistics").copy_weights(predictor(pooling=pooling))


def test_a_network_with_fewer_units_cannot_take_its_weights() -> None:
    with pytest.raises(RuntimeError, match=r"size mismatch for hidden\.0\.weight"):
        StylePredictionNetwork(MobileNetV2(), 10, "statistics", 4).copy_weights(
            predictor(pooling="statistics", hidden=6)
        )
