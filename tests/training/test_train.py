"""The training loop: falling losses, resuming, refusals and checkpoints."""

import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from brushwork.errors import UserError
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.training import batch_norms, checkpoints, student
from brushwork.training import setup as setups
from brushwork.training.augmentation import NOTHING
from brushwork.training.checkpoints import CHECKPOINT
from brushwork.training.config import OptimizerConfig, Recipe
from brushwork.training.data_config import ValidationConfig
from brushwork.training.process import ProcessInfo
from brushwork.training.setup import open_batches, prepare
from brushwork.training.train import BEST, batch_loss, consistency_seed, learning_rate, train


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


def test_six_steps_equal_three_and_three_resumed_bit_for_bit(recipe: Recipe, tmp_path: Path) -> None:
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


def test_the_end_of_the_time_writes_a_checkpoint(recipe: Recipe, tmp_path: Path) -> None:
    (moment,) = train(recipe, tmp_path, device="cpu", max_minutes=0)
    assert (moment.step, moment.stopped) == (1, "out of time")
    _, saved = checkpoints.load_checkpoint(tmp_path)
    assert saved["step"] == 1


def test_a_run_of_minutes_whose_steps_are_done_first_writes_a_checkpoint(recipe: Recipe, tmp_path: Path) -> None:
    (moment,) = train(replace(recipe, steps=3, minutes=60.0, log_every=100), tmp_path, device="cpu")
    assert (moment.step, moment.stopped) == (3, "")
    _, saved = checkpoints.load_checkpoint(tmp_path)
    assert saved["step"] == 3


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_checkpoint(recipe: Recipe, tmp_path: Path) -> None:
    steps = iter(range(6))
    list(train(recipe, tmp_path, device="cpu", stop=lambda: next(steps) == 1))
    good = (tmp_path / CHECKPOINT).read_bytes()
    broken = replace(recipe, loss=replace(recipe.loss, style=3e38))  # times four layers: too large for float32
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
def test_a_backbone_is_trained_at_its_fraction_of_the_rate(recipe: Recipe, tmp_path: Path, share: float) -> None:
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


def test_the_learning_rate_by_hand() -> None:
    config = OptimizerConfig(learning_rate=1.0, warm_up=4, decay="linear", floor=0.1)
    rates = [learning_rate(config, step, 15) for step in (0, 3, 4, 9, 14)]
    assert rates == pytest.approx([0.25, 1.0, 1.0, 0.55, 0.1])
    assert learning_rate(replace(config, decay="cosine"), 9, 15) == pytest.approx(0.55)
    assert learning_rate(replace(config, decay="constant"), 14, 15) == 1.0


def test_impossible_runs_are_one_line_errors(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="set data.styles"):
        list(train(replace(recipe, data=replace(recipe.data, styles=())), tmp_path, device="cpu"))
    with pytest.raises(UserError, match="unknown device 'tpu'"):
        list(train(recipe, tmp_path, device="tpu"))
    with pytest.raises(UserError, match="no checkpoint"):
        list(train(recipe, tmp_path, device="cpu", resume=True))
    with pytest.raises(UserError, match="cannot add the style 'c': the network has no table of styles"):
        student.add_style(PasticheNetwork(recipe.network), "c")


@pytest.mark.parametrize("source", ["contents", "styles"])
def test_missing_pictures_are_reported_before_networks_are_built(recipe: Recipe, tmp_path: Path, source: str) -> None:
    missing: dict[str, Any] = {source: ("nowhere/*.tar",)}
    data = replace(recipe.data, **missing)
    # The weights are missing, too; whoever built a network first would say that.
    with pytest.raises(UserError, match="no pictures at nowhere"):
        list(train(replace(recipe, data=data, pretrained="missing.pth"), tmp_path, device="cpu"))


@pytest.mark.parametrize("minutes", [math.nan, -1.0])
def test_invalid_minutes_are_refused(recipe: Recipe, tmp_path: Path, minutes: float) -> None:
    with pytest.raises(UserError, match="max_minutes is"):
        list(train(recipe, tmp_path, device="cpu", max_minutes=minutes))


@pytest.mark.parametrize("name", ["base.toml", "empty.pth", "broken.safetensors"])
def test_a_file_without_weights_is_a_one_line_error(recipe: Recipe, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("" if name == "empty.pth" else "steps = 5")
    with pytest.raises(UserError) as raised:
        prepare(replace(recipe, pretrained=str(path)), None, ProcessInfo("cpu"))
    assert name in str(raised.value) and "\n" not in str(raised.value)


def test_the_best_checkpoint_has_the_lowest_validation_loss(recipe: Recipe, tmp_path: Path) -> None:
    pictures = {"contents": recipe.data.contents, "styles": recipe.data.styles}
    validation = ValidationConfig(**pictures, pairs=2, content_side=32, style_side=32, every=1)
    config = replace(recipe.optimizer, learning_rate=0.3, warm_up=0, decay="constant", ema=0.0)
    changing = replace(recipe, steps=5, validation=validation, optimizer=config)
    first = [record.validation["total"] for record in train(replace(changing, steps=3), tmp_path)]
    rest = [record.validation["total"] for record in train(changing, tmp_path, resume=True)]
    losses = [*first, *rest]
    assert len(losses) == 5 and losses != sorted(losses, reverse=True)  # not simply the last one
    _, saved = checkpoints.load_checkpoint(tmp_path / BEST)
    assert saved["best"] == min(losses)
    assert saved["step"] == losses.index(min(losses)) + 1


def test_each_process_draws_its_own_motion_in_every_step(recipe: Recipe) -> None:
    assert consistency_seed(recipe, ProcessInfo("cpu"), 5) == 5  # one process is as it always was
    seeds = [consistency_seed(recipe, ProcessInfo("cpu", rank, 3), step) for step in range(4) for rank in range(3)]
    assert len(set(seeds)) == len(seeds)


def test_separate_batch_norms_of_processes_on_a_cpu_give_a_notice(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(setups, "DistributedDataParallel", lambda model: model)
    prepare(recipe, None, ProcessInfo("cpu", 0, 2))
    assert "batch norms use the statistics of each process" in caplog.text
    caplog.clear()
    prepare(replace(recipe, optimizer=replace(recipe.optimizer, backbone=0.0)), None, ProcessInfo("cpu", 0, 2))
    assert "batch norms" not in caplog.text  # those of a frozen backbone keep their statistics


def test_batch_norms_are_synchronised_if_they_train() -> None:
    inner = nn.Sequential(nn.BatchNorm2d(3).eval(), nn.BatchNorm2d(3))
    part = nn.Sequential(nn.BatchNorm2d(3), inner)
    weights = part[0].weight
    batch_norms.synchronise(part)
    assert [type(norm) for norm in (part[0], *inner)] == [nn.SyncBatchNorm, nn.BatchNorm2d, nn.SyncBatchNorm]
    assert part[0].weight is weights


def test_a_table_needs_one_readable_picture_per_style(recipe: Recipe, tmp_path: Path) -> None:
    network = PasticheConfig(styles=("a", "b"), width=0.125, encoder_norm="instance")
    with pytest.raises(UserError, match="3 style pictures for 2 styles"):
        open_batches(replace(recipe, network=network), ProcessInfo("cpu"))
    (Path(recipe.data.styles[0]) / "1.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"1\.png cannot be used"):
        open_batches(replace(recipe, network=network), ProcessInfo("cpu"))


def test_expected_results_can_contain_a_date(recipe: Recipe, tmp_path: Path) -> None:
    dated = replace(recipe, steps=1, expected={"measured": date(2026, 11, 23)})
    list(train(dated, tmp_path, device="cpu"))
    assert checkpoints.load_checkpoint(tmp_path)[1]["step"] == 1
