"""Function-preserving lengthening: longer embeddings with the same pastiches."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from brushwork.errors import UserError
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.training import student
from brushwork.training.checkpoints import save_checkpoint
from brushwork.training.config import InitConfig, Recipe
from brushwork.training.widening import lengthen
from tests.conftest import shaken

SIZES = (20, 31)


def small(**settings: int) -> PasticheConfig:
    config = PasticheConfig(backbone={"name": "mobilenet_v2"}, width=0.125, pooling="statistics")
    return replace(config, **{"predicted_size": SIZES[0], **settings})  # type: ignore[arg-type]


def lengthened(network: PasticheNetwork) -> PasticheNetwork:
    return lengthen(network, SIZES[1], torch.Generator().manual_seed(0))


@torch.no_grad()
def assert_same_pastiches(longer: PasticheNetwork, network: PasticheNetwork) -> None:
    content, style = torch.rand(2, 3, 37, 50), torch.rand(2, 3, 70, 64)
    embedding, extended = network.embed(style), longer.embed(style)
    assert extended.shape == (2, SIZES[1])
    torch.testing.assert_close(extended[:, : SIZES[0]], embedding)
    assert not extended[:, SIZES[0] :].any()
    torch.testing.assert_close(longer(content, extended), network(content, embedding), rtol=0, atol=1e-5)


@pytest.mark.parametrize("hidden", [0, 8])
def test_a_lengthened_network_renders_the_same(hidden: int) -> None:
    network = shaken(small(hidden=hidden))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    longer = lengthened(network)
    assert longer.config == small(hidden=hidden, predicted_size=SIZES[1])
    assert_same_pastiches(longer, network)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_the_maps_to_new_numbers_get_gradients() -> None:
    longer = lengthened(shaken(small(hidden=8)))
    style = torch.rand(2, 3, 70, 64)
    longer(torch.rand(2, 3, 32, 32), longer.embed(style)).square().sum().backward()
    for name in ("bottleneck.weight", "bottleneck.bias", "hidden.2.weight"):
        assert longer.predictor is not None
        gradient = longer.predictor.get_parameter(name).grad
        assert gradient is not None
        assert (gradient.flatten(1) if gradient.ndim > 1 else gradient[:, None])[SIZES[0] :].abs().amax(dim=1).min() > 0


def test_new_weights_of_betas_and_gammas_have_the_range_of_initial_ones() -> None:
    """That of Glorot and Bengio 2010 for a map from 31 numbers to C betas or gammas, times 0.3."""
    longer = lengthened(shaken(small()))
    checked = 0
    for name, value in longer.transfer.state_dict().items():
        if name.endswith(".affine.weight"):
            for half in value[:, SIZES[0] :].chunk(2):
                limit = 0.3 * math.sqrt(6 / (len(half) + SIZES[1]))
                assert half.abs().max() <= limit
                checked += int(half.abs().max() > 0.8 * limit)
    assert checked >= 20  # of 26; the two last maps have only 3 betas and gammas


def test_a_run_starts_from_a_model_with_shorter_embeddings(recipe: Recipe, tmp_path: Path) -> None:
    network = shaken(small())
    save_checkpoint(tmp_path / "start.pt", network)
    longer = replace(recipe, network=small(hidden=8, predicted_size=SIZES[1]))
    begun = student.create_network(replace(longer, init=InitConfig(str(tmp_path / "start.pt")))).eval()
    assert_same_pastiches(begun, network)


def test_a_predictor_with_shorter_embeddings_joins_a_longer_model(recipe: Recipe, tmp_path: Path) -> None:
    model, predictor = shaken(small(predicted_size=SIZES[1])), shaken(small(), seed=1)
    for name, network in (("model", model), ("predictor", predictor)):
        save_checkpoint(tmp_path / f"{name}.pt", network)
    init = InitConfig(str(tmp_path / "model.pt"), str(tmp_path / "predictor.pt"))
    begun = student.create_network(replace(recipe, network=model.config, init=init)).eval()
    for name, value in begun.transfer.state_dict().items():
        assert torch.equal(value, model.transfer.state_dict()[name]), name
    style = torch.rand(1, 3, 70, 64)
    with torch.no_grad():
        torch.testing.assert_close(begun.embed(style)[:, : SIZES[0]], predictor.embed(style))


def test_longer_embeddings_than_the_recipe_s_are_a_one_line_error(recipe: Recipe, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "start.pt", shaken(small(predicted_size=SIZES[1])))
    with pytest.raises(UserError, match=r"start\.pt does not fit the recipe: .*") as raised:
        student.create_network(replace(recipe, network=small(), init=InitConfig(str(tmp_path / "start.pt"))))
    assert "\n" not in str(raised.value)
