"""The consistency loss: known motion, and strokes that must follow it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.training.augmentation import NOTHING
from brushwork.training.config import ConsistencyConfig, Recipe
from brushwork.training.consistency import consistency_loss, draw_motion, warp
from brushwork.training.process import ProcessInfo
from brushwork.training.setup import open_batches, prepare
from brushwork.training.train import batch_loss, train


def shifted(pixels: float, side: int) -> Tensor:
    """The flow of a shift by a number of pixels."""
    motion = torch.zeros(1, side, side, 2)
    motion[..., 0] = 2 * pixels / (side - 1)
    return motion


def test_a_known_shift_moves_every_pixel_and_marks_those_from_outside() -> None:
    image = torch.rand(1, 3, 9, 9)
    moved, inside = warp(image, shifted(2, 9))
    assert torch.allclose(moved[..., :7], image[..., 2:], atol=1e-6)
    assert inside[0, 0, 0].tolist() == [1] * 7 + [0] * 2


def test_motion_is_smooth_bounded_and_determined_by_its_seed() -> None:
    config = ConsistencyConfig(motion=0.1)
    one, same, other = (draw_motion(4, 32, 32, config, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert one.abs().max() <= 2 * 0.1 * 1.75  # bicubic may overshoot the parts' half by a half
    assert one.diff(dim=1).abs().max() < 0.05


class Invert(torch.nn.Module):
    """Renders each pixel independently, so its strokes follow any motion."""

    def forward(self, content: Tensor, embedding: Tensor) -> Tensor:
        return 1 - content


class Stay(torch.nn.Module):
    """Renders the same strokes wherever the content moves."""

    def forward(self, content: Tensor, embedding: Tensor) -> Tensor:
        return torch.linspace(0, 1, content.shape[3]).expand(content.shape)


def loss_of(network: torch.nn.Module, config: ConsistencyConfig) -> float:
    content = torch.rand(2, 3, 33, 33, generator=torch.Generator().manual_seed(3))
    embedding = torch.ones(2, 1)
    pastiche = network(content, embedding)
    return consistency_loss(network, content, embedding, pastiche, config, 5).item()  # type: ignore[arg-type]


def test_only_strokes_that_do_not_follow_the_motion_are_penalised() -> None:
    still = ConsistencyConfig(weight=1, motion=0.05, noise=0)
    assert loss_of(Invert(), still) == pytest.approx(0, abs=1e-10)
    assert loss_of(Stay(), still) > 1e-4
    assert loss_of(Stay(), replace(still, motion=0)) == 0


def test_noise_costs_its_variance_if_pixels_are_rendered_independently() -> None:
    grey = torch.full((4, 3, 64, 64), 0.5)
    config = ConsistencyConfig(weight=1, motion=0, noise=0.1)
    network: PasticheNetwork = Invert()  # type: ignore[assignment]
    loss = consistency_loss(network, grey, torch.ones(4, 1), 1 - grey, config, 0)
    assert loss.item() == pytest.approx(0.01, rel=0.05)


def test_training_with_the_loss_gives_a_more_stable_network(recipe: Recipe, tmp_path: Path) -> None:
    one = replace(recipe.data, styles=(str(Path(recipe.data.styles[0]) / "0.png"),))
    network = PasticheConfig(styles=("one",), width=0.125, encoder_norm="instance")
    optimizer = replace(recipe.optimizer, learning_rate=1e-2)
    recipe = replace(recipe, steps=24, log_every=6, network=network, data=one, optimizer=optimizer)
    recipe = replace(recipe, style_augmentation=NOTHING)
    ends = []
    for weight in (1e-9, 1e4):
        chosen = replace(recipe, consistency=ConsistencyConfig(weight=weight))
        folder = tmp_path / str(weight)
        folder.mkdir()
        *_, last = train(chosen, folder, device="cpu")
        ends.append(last.terms["consistency"])
    assert ends[1] < 0.5 * ends[0]


def test_without_a_weight_nothing_is_measured(recipe: Recipe) -> None:
    setup = prepare(recipe, None, ProcessInfo("cpu"))
    with open_batches(recipe, ProcessInfo("cpu")) as batches:
        _, terms = batch_loss(setup, recipe, batches.batch(0))
    assert "consistency" not in terms
