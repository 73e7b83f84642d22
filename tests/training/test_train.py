import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import torch
from torch import Tensor

from brushwork.errors import UserError
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.training import checkpoints, student
from brushwork.training.augmentation import NOTHING
from brushwork.training.checkpoints import CHECKPOINT
from brushwork.training.config import OptimizerConfig, Recipe
from brushwork.training.process import ProcessInfo
from brushwork.training.setup import open_batches, prepare
from brushwork.training.train import batch_loss, learning_rate, train


def states(folder: Path) -> dict[str, Tensor]:
    """Every tensor of a checkpoint by a flat name."""
    found: dict[str, Tensor] = {}

    def walk(value: object, name: str) -> None:
        if isinstance(value, Tensor):
            found[name] = value
        elif isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{name}/{key}")

    walk(torch.load(folder / CHECKPOINT, weights_only=True), "")
    return found


def test_a_few_dozen_steps_lower_the_total(recipe: Recipe, tmp_path: Path) -> None:
    one = replace(recipe.data, styles=(str(Path(recipe.data.styles[0]) / "0.png"),))
    network = PasticheConfig(styles=("one",), width=0.125, encoder_norm="instance")
    optimizer = replace(recipe.optimizer, learning_rate=1e-2)
    recipe = replace(recipe, steps=40, log_every=10, network=network, data=one, optimizer=optimizer)
    recipe = replace(recipe, style_augmentation=NOTHING)
    moments = list(train(recipe, tmp_path, device="cpu"))
    assert [moment.step for moment in moments] == [10, 20, 30, 40]
    assert moments[-1].terms["total"] < 0.8 * moments[0].terms["total"]
    assert moments[-1].grid is not None
    assert moments[-1].grid.shape == (2 * 132, 3 * 132, 3)  # two contents, and one style once, though twice in a batch
    assert all(moment.pastiches_per_second > 0 for moment in moments)


def test_six_steps_are_three_and_resumed_three_bit_for_bit(recipe: Recipe, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    list(train(recipe, whole, device="cpu"))
    steps = iter(range(6))
    first = list(train(recipe, parts, device="cpu", stop=lambda: next(steps) == 2))
    assert (first[-1].step, first[-1].stopped) == (3, "interrupted")
    second = list(train(recipe, parts, device="cpu", resume=True))
    assert [moment.step for moment in second] == [4, 5, 6]
    one, other = states(whole), states(parts)
    assert one.keys() == other.keys() and len(one) > 200
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


def test_time_that_is_up_ends_with_a_checkpoint(recipe: Recipe, tmp_path: Path) -> None:
    (moment,) = train(recipe, tmp_path, device="cpu", max_minutes=0)
    assert (moment.step, moment.stopped) == (1, "out of time")
    _, saved = checkpoints.load_checkpoint(tmp_path)
    assert saved["step"] == 1


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_checkpoint(recipe: Recipe, tmp_path: Path) -> None:
    steps = iter(range(6))
    list(train(recipe, tmp_path, device="cpu", stop=lambda: next(steps) == 1))
    good = (tmp_path / CHECKPOINT).read_bytes()
    broken = replace(recipe, loss=replace(recipe.loss, style=math.inf))
    with pytest.raises(UserError, match="no longer finite at step 3"):
        list(train(broken, tmp_path, device="cpu", resume=True))
    assert (tmp_path / CHECKPOINT).read_bytes() == good


def test_gradients_reach_predictor_and_transfer_network_and_not_the_loss_network(recipe: Recipe) -> None:
    process = ProcessInfo("cpu")
    setup = prepare(recipe, None, process)
    with open_batches(recipe, process) as batches:
        total, _ = batch_loss(setup, recipe, batches.batch(0))
    total.backward()
    assert setup.network.predictor is not None
    for part in (setup.network.predictor.backbone, setup.network.predictor.bottleneck, setup.network.transfer):
        assert sum(float(p.grad.abs().sum()) for p in part.parameters() if p.grad is not None) > 0
    assert not list(setup.loss.parameters())
    assert all(tensor.grad is None for tensor in setup.loss.buffers())


@pytest.mark.parametrize("share", [1.0, 0.25, 0.0])
def test_a_backbone_learns_at_its_share_of_the_rate(recipe: Recipe, tmp_path: Path, share: float) -> None:
    """Adam's first step moves each weight by its learning rate: the mean gradient over its own size is 1 or -1,
    and a little less where the gradient is hardly larger than Adam's epsilon.
    """
    optimizer = replace(recipe.optimizer, backbone=share, warm_up=0, ema=0.0)
    recipe = replace(recipe, steps=1, optimizer=optimizer)
    before = prepare(recipe, None, ProcessInfo("cpu")).network
    list(train(recipe, tmp_path, device="cpu"))
    after, _ = checkpoints.load_checkpoint(tmp_path)
    old, new = (
        {"backbone": network.predictor.backbone, "rest": network.transfer}
        for network in (before, after)
        if network.predictor is not None
    )
    moved = {
        name: max(
            float((one - other).detach().abs().max())
            for one, other in zip(old[name].parameters(), new[name].parameters(), strict=True)
        )
        for name in old
    }
    assert moved["rest"] == pytest.approx(1e-3, rel=0.1)
    assert moved["backbone"] == pytest.approx(share * 1e-3, rel=0.1)
    kept = all(
        torch.equal(tensor, new["backbone"].state_dict()[key]) for key, tensor in old["backbone"].state_dict().items()
    )
    assert kept == (share == 0)


def test_learning_rate_by_hand() -> None:
    config = OptimizerConfig(learning_rate=1.0, warm_up=4, decay="linear", floor=0.1)
    rates = [learning_rate(config, step, 15) for step in (0, 3, 4, 9, 14)]
    assert rates == pytest.approx([0.25, 1.0, 1.0, 0.55, 0.1])
    assert learning_rate(replace(config, decay="cosine"), 9, 15) == pytest.approx(0.55)
    assert learning_rate(replace(config, decay="constant"), 14, 15) == 1.0


def test_what_makes_no_run(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="set data.styles"):
        list(train(replace(recipe, data=replace(recipe.data, styles=())), tmp_path, device="cpu"))
    with pytest.raises(UserError, match="unknown device 'tpu'"):
        list(train(recipe, tmp_path, device="tpu"))
    with pytest.raises(UserError, match="no checkpoint"):
        list(train(recipe, tmp_path, device="cpu", resume=True))
    with pytest.raises(UserError, match="cannot add the style 'c' to the styles of no table"):
        student.add_style(PasticheNetwork(recipe.network), "c")


def test_a_table_needs_one_readable_picture_a_style(recipe: Recipe, tmp_path: Path) -> None:
    network = PasticheConfig(styles=("a", "b"), width=0.125, encoder_norm="instance")
    with pytest.raises(UserError, match="3 style pictures for 2 styles"):
        open_batches(replace(recipe, network=network), ProcessInfo("cpu"))
    (Path(recipe.data.styles[0]) / "1.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"1\.png cannot be used"):
        open_batches(replace(recipe, network=network), ProcessInfo("cpu"))


def test_a_date_among_the_expectations_is_no_obstacle(recipe: Recipe, tmp_path: Path) -> None:
    dated = replace(recipe, steps=1, expected={"measured": date(2026, 11, 23)})
    list(train(dated, tmp_path, device="cpu"))
    assert checkpoints.load_checkpoint(tmp_path)[1]["step"] == 1
