"""Function-preserving widening, and the initial statistics of a predictor."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from brushwork.errors import UserError
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.training import student
from brushwork.training.checkpoints import save_checkpoint
from brushwork.training.config import InitConfig, Recipe
from brushwork.training.data_config import CacheConfig
from brushwork.training.process import ProcessInfo
from brushwork.training.setup import cache_targets, open_batches, prepare, standardise
from brushwork.training.widening import split_inputs, widen
from tests.conftest import shaken

FOLDED = {"name": "mobilenet_v2", "norm": "folded", "padding": "tensorflow"}


@pytest.mark.parametrize("encoder_norm", ["batch", "instance", "folded"])
@pytest.mark.parametrize("times", [2, 3])
def test_a_widened_network_renders_the_same(encoder_norm: str, times: int) -> None:
    config = PasticheConfig(styles=("a", "b"), width=0.125, encoder_norm=encoder_norm)  # type: ignore[arg-type]
    network = shaken(config)
    wider = widen(network, times, torch.Generator().manual_seed(0))
    assert wider.config == replace(config, width=0.125 * times)
    content, embedding = torch.rand(2, 3, 37, 50), torch.tensor([[0.3, 0.7], [1.0, 0.0]])
    with torch.no_grad():
        torch.testing.assert_close(wider(content, embedding), network(content, embedding), rtol=0, atol=1e-5)


def test_copied_channels_have_different_gradients() -> None:
    network = widen(shaken(PasticheConfig(styles=("a",), width=0.125)), 2, torch.Generator().manual_seed(0))
    network(torch.rand(1, 3, 32, 32), torch.ones(1, 1)).square().sum().backward()
    for block in network.transfer.residual:
        gradient = block.get_parameter("conv1.weight").grad
        assert gradient is not None
        one, other = gradient[0::2], gradient[1::2]
        assert (one - other).abs().max() > 1e-3 * gradient.abs().max()


def test_split_weights_are_positive_parts_that_sum_to_the_whole() -> None:
    split = split_inputs(torch.full((5, 4, 3, 3), 2.0), 2, torch.Generator().manual_seed(0))
    pairs = split.unflatten(1, (4, 2))
    torch.testing.assert_close(pairs.sum(dim=2), torch.full((5, 4, 3, 3), 2.0))
    assert pairs.min() >= 2 * 0.6 / 2.0
    assert pairs[:, :, 0].sub(pairs[:, :, 1]).abs().max() > 0.1


def test_magenta_mobile_widened_with_statistics_renders_like_magenta_mobile(recipe: Recipe) -> None:
    """Before the first step, with constants measured on the training styles."""
    network = PasticheConfig(backbone=FOLDED, width=0.5, encoder_norm="folded", pooling="statistics")
    recipe = replace(
        recipe,
        network=network,
        init=InitConfig("magenta-mobile", widen=2, styles=3),
        cache=CacheConfig(styles=4, contents=4, first=4),
        optimizer=replace(recipe.optimizer, backbone=0.0),
    )
    process = ProcessInfo("cpu")
    setup = prepare(recipe, None, process)
    with open_batches(recipe, process) as plain:
        batches = cache_targets(plain, recipe, setup, Path(recipe.data.contents[0]).parent / "cache")
        standardise(setup, recipe, batches, process)
        expected = batches.style_features(3)
    predictor = setup.averaged.predictor
    assert predictor is not None and predictor.standardised
    torch.testing.assert_close(predictor.feature_mean, expected.mean(dim=0))
    torch.testing.assert_close(
        predictor.feature_deviation, expected.std(dim=0, correction=0).clamp_min(1e-3), rtol=1e-4, atol=1e-6
    )
    assert not predictor.bottleneck.weight[:, :-1280].any()
    magenta = student.load("magenta-mobile")
    assert magenta.predictor is not None
    with torch.no_grad():
        embedding = magenta.predictor.bottleneck(expected[:, -1280:])
        projected = predictor.project(expected)
    torch.testing.assert_close(projected, embedding, rtol=0, atol=1e-4 * float(embedding.abs().max()))
    content = torch.rand(1, 3, 40, 56)
    with torch.no_grad():
        torch.testing.assert_close(
            setup.averaged(content, embedding[:1]), magenta(content, embedding[:1]), rtol=0, atol=1e-5
        )


def test_a_wider_init_that_does_not_fit_is_a_one_line_error(recipe: Recipe) -> None:
    with pytest.raises(UserError, match="does not fit the recipe"):
        student.create_network(replace(recipe, init=InitConfig("magenta-mobile", widen=3)))


def test_a_network_with_statistics_starts_unchanged(recipe: Recipe, tmp_path: Path) -> None:
    config = replace(recipe.network, pooling="statistics")
    network: PasticheNetwork = shaken(config)
    save_checkpoint(tmp_path / "start.pt", network)
    begun = student.create_network(replace(recipe, network=config, init=InitConfig(str(tmp_path / "start.pt"))))
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in begun.state_dict().items())
