"""The start of a network, its teacher, and its moving average."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from brushwork.errors import UserError
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.training import checkpoints, student
from brushwork.training.config import InitConfig, Recipe
from brushwork.training.train import train


def test_the_moving_average_by_hand() -> None:
    network = PasticheNetwork(PasticheConfig(styles=("a",), width=0.125))
    averaged = student.copy_for_average(network)
    with torch.no_grad():
        for weights, value in ((network, 1.0), (averaged, 0.0)):
            for tensor in weights.state_dict().values():
                tensor.fill_(value)
    student.update_ema(averaged, network, 0.9, step=1000)
    assert all(value.flatten()[0] == pytest.approx(0.1) for value in averaged.parameters())
    student.update_ema(averaged, network, 0.9, step=0)  # d = 1 / 10: 0.1 + 0.9 (1 - 0.1)
    assert all(value.flatten()[0] == pytest.approx(0.91) for value in averaged.parameters())


def test_adding_a_style_changes_only_its_column(recipe: Recipe, tmp_path: Path) -> None:
    torch.manual_seed(1)
    table = PasticheNetwork(PasticheConfig(styles=("a", "b"), width=0.125, encoder_norm="batch"))
    checkpoints.save_checkpoint(tmp_path / "table.pt", table)
    styles = (str(Path(recipe.data.styles[0]) / "0.png"),)
    recipe = replace(
        recipe,
        steps=3,
        init=InitConfig(str(tmp_path / "table.pt")),
        add_style="c",
        data=replace(recipe.data, styles=styles),
    )
    list(train(recipe, tmp_path, device="cpu"))
    network, _ = checkpoints.load_checkpoint(tmp_path, averaged=False)
    assert network.config.styles == ("a", "b", "c")
    changed = 0
    before = student.add_style(table, "c").state_dict()
    for name, value in network.state_dict().items():
        old = before[name]
        if name.endswith("affine.weight"):
            assert torch.equal(value[:, :2], table.state_dict()[name])
            changed += int((value[:, 2] != old[:, 2]).sum())
        else:
            assert torch.equal(value, old), name
    numbers = table.transfer.style_parameters(torch.ones(1, 2)).shape[1]
    assert 0.9 * numbers < changed <= numbers
    full = student.add_style(PasticheNetwork(PasticheConfig(styles=("a",))), "b")
    assert sum(p[:, -1].numel() for p in full.parameters() if p.requires_grad) == 2758


def test_a_small_predictor_learns_from_a_teacher(recipe: Recipe, tmp_path: Path) -> None:
    teacher = PasticheNetwork(recipe.network)
    checkpoints.save_checkpoint(tmp_path / "teacher.pt", teacher)
    network = replace(recipe.network, width=0.25)
    taught = replace(recipe, seed=1, steps=12, network=network, teacher=str(tmp_path / "teacher.pt"), teaching=100.0)
    moments = list(train(taught, tmp_path, device="cpu"))
    assert moments[-1].terms["embedding"] < moments[0].terms["embedding"]


def test_a_run_starts_with_the_weights_of_a_model_folder(recipe: Recipe, tmp_path: Path) -> None:
    network = PasticheNetwork(recipe.network)
    checkpoints.save_checkpoint(tmp_path / "start.pt", network)
    begun = student.create_network(replace(recipe, init=InitConfig(str(tmp_path / "start.pt"))))
    assert all(
        torch.equal(a, b) for a, b in zip(begun.state_dict().values(), network.state_dict().values(), strict=True)
    )
    with pytest.raises(UserError, match="does not fit the recipe"):
        student.create_network(replace(recipe, init=InitConfig("magenta-mobile")))


def test_an_unknown_backbone_is_a_user_error(recipe: Recipe) -> None:
    with pytest.raises(UserError, match=r"unknown backbone 'inceptoin'; did you mean 'inception_v3'"):
        student.create_network(replace(recipe, network=PasticheConfig(backbone={"name": "inceptoin"})))


def test_a_teacher_must_predict_embeddings_of_the_same_size(recipe: Recipe, tmp_path: Path) -> None:
    table, other = tmp_path / "table.pt", tmp_path / "other.pt"
    checkpoints.save_checkpoint(table, PasticheNetwork(PasticheConfig(styles=("a",), width=0.125)))
    checkpoints.save_checkpoint(other, PasticheNetwork(replace(recipe.network, predicted_size=50)))
    with pytest.raises(UserError, match="a table of styles predicts no embeddings"):
        student.load_teacher(str(table), recipe.network)
    with pytest.raises(UserError, match="set network.predicted_size=50"):
        student.load_teacher(str(other), recipe.network)


def test_a_style_is_added_to_an_existing_network(recipe: Recipe) -> None:
    with pytest.raises(UserError, match="set init"):
        student.create_network(replace(recipe, add_style="c"))


def test_a_backbone_starts_from_that_of_a_shipped_model(recipe: Recipe) -> None:
    folded = {"name": "mobilenet_v2", "norm": "folded", "padding": "tensorflow"}
    network = replace(recipe.network, backbone=folded)
    begun = student.create_network(replace(recipe, network=network, pretrained="magenta-mobile"))
    magenta = student.load("magenta-mobile")
    assert begun.predictor is not None and magenta.predictor is not None
    for one, other in zip(begun.predictor.backbone.parameters(), magenta.predictor.backbone.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(UserError, match="does not fit the recipe's"):
        student.create_network(replace(recipe, pretrained="magenta-mobile"))
