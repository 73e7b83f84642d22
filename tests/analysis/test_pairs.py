"""Pairs on which networks are compared: the photo itself, optimised pixels, and warm starts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from brushwork import model_folder
from brushwork.analysis.experiment import Context, Inputs
from brushwork.analysis.pairs import OPTIMISED, PHOTO, Pairs
from brushwork.analysis.short_training import PRETRAINED, short_recipe, warm_start
from brushwork.styles import distribution
from brushwork.training import student


@pytest.fixture
def pairs() -> Pairs:
    generator = torch.Generator().manual_seed(0)
    contents, styles = (torch.rand(2, 3, 32, 32, generator=generator) for _ in range(2))
    return Pairs(contents, styles, [(0, 1), (1, 1), (1, 0)])


def test_a_photo_has_no_content_loss_and_a_style_share_of_1(pairs: Pairs) -> None:
    found = pairs.evaluate_photos()
    assert len(pairs) == 3
    assert found.content == pytest.approx(0, abs=1e-3)
    assert found.share == pytest.approx(1)
    assert found.ssim == pytest.approx(1)


def test_a_style_itself_has_no_style_loss(pairs: Pairs) -> None:
    found = pairs.evaluate(pairs.styles)
    assert found.style == pytest.approx(0, abs=1e-6)
    assert found.share.max() < 1e-3


def test_optimised_pixels_are_nearer_to_the_style_and_are_cached(pairs: Pairs, tmp_path: Path) -> None:
    said: list[str] = []
    limits = pairs.limits(tmp_path, 4, said.append)
    assert list(limits) == [PHOTO, OPTIMISED]
    assert (limits[OPTIMISED].style < limits[PHOTO].style).all()
    assert said == ["optimising the pixels of 3 pairs"]
    (file,) = tmp_path.iterdir()
    again = pairs.optimise(tmp_path, 4, said.append)
    assert len(said) == 1 and np.array_equal(again.permute(0, 2, 3, 1).numpy(), np.load(file))
    pairs.optimise(tmp_path, 3, said.append)
    assert len(said) == 2


def test_every_style_of_a_warm_start_is_the_mean_style_of_the_model(inputs: Inputs, tmp_path: Path) -> None:
    context = Context(inputs, tmp_path, "tiny")
    recipe = warm_start(context, "table", short_recipe(context, steps=2, side=32, styles=("a", "b")))
    network, known = student.create_network(recipe), student.load(PRETRAINED)
    mean = torch.from_numpy(distribution.read(model_folder.find(PRETRAINED)).mean)[None]
    content = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = known.transfer(content, mean)
        for weights in ([1.0, 0.0], [0.0, 1.0], [0.5, 0.5]):
            found = network(content, torch.tensor([weights]))
            assert found.numpy() == pytest.approx(expected.numpy(), abs=1e-5)


def test_a_warm_start_takes_embeddings_of_any_size(inputs: Inputs, tmp_path: Path) -> None:
    context = Context(inputs, tmp_path, "tiny")
    recipe = short_recipe(context, steps=2, side=32)
    for size in (8, 100):
        changed = replace(recipe, network=replace(recipe.network, predicted_size=size))
        network = student.create_network(warm_start(context, str(size), changed))
        assert network.embed(torch.rand(1, 3, 64, 64)).shape == (1, size)
        key = "contract.0.conv.weight"
        assert torch.equal(network.transfer.state_dict()[key], student.load(PRETRAINED).transfer.state_dict()[key])
