"""Batches with cached targets equal those of the networks, also after an interruption."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from brushwork.errors import UserError
from brushwork.losses import LossWeights, VGGFeatures
from brushwork.training.cached_batches import CachedBatches
from brushwork.training.checkpoints import save_checkpoint
from brushwork.training.config import InitConfig, Recipe
from brushwork.training.data_config import ValidationConfig
from brushwork.training.process import ProcessInfo
from brushwork.training.setup import Setup, cache_targets, open_batches, prepare
from brushwork.training.train import CACHE, accumulate, train
from brushwork.training.validation import Validation
from tests.conftest import shaken
from tests.training.samples import equal


@pytest.fixture
def batches(cached: Recipe, setup: Setup, tmp_path: Path) -> Iterator[CachedBatches]:
    with open_batches(cached, ProcessInfo("cpu")) as plain:
        yield cache_targets(plain, cached, setup, tmp_path / "cache")


def test_a_batch_has_as_many_pastiches_as_its_pixels_allow(batches: CachedBatches) -> None:
    shapes = {tuple(batches.batch(step).content.shape) for step in range(12)}
    assert shapes == {(4, 3, 32, 32), (2, 3, 48, 48)}


def test_cached_targets_equal_those_of_the_networks(batches: CachedBatches, setup: Setup) -> None:
    batch = batches.batch(0)
    assert batch.targets is not None
    said = setup.loss.content_target(batch.content)
    # The crop and its features are stored in half precision.
    torch.testing.assert_close(batch.targets.content, said, rtol=0, atol=2e-3 * float(said.max()))
    for gram in batch.targets.style.values():
        assert torch.equal(gram, gram.mT)
        assert torch.linalg.eigvalsh(gram.double()).min() > -1e-3 * gram.abs().max()


def test_cached_targets_are_not_recomputed_and_do_not_change_batches(
    batches: CachedBatches, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = [batches.batch(step) for step in range(3)]

    def fail(*_: object) -> None:
        raise AssertionError("computed again")

    with monkeypatch.context() as patch:
        patch.setattr(CachedBatches, "_compute_style", fail)
        patch.setattr(CachedBatches, "_compute_content", fail)
        # A crop that left the window of four contents is gone; those of the last step are all there.
        assert equal(batches.batch(2), first[2])
    assert equal(batches.batch(0), first[0])


@pytest.mark.parametrize("cache", [{}, {"resident": True, "contents": 0}], ids=["files", "memory"])
def test_a_resumed_run_without_its_cache_is_the_same(cached: Recipe, tmp_path: Path, cache: dict[str, Any]) -> None:
    cached = replace(cached, cache=replace(cached.cache, **cache))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    list(train(cached, whole, device="cpu"))
    steps = iter(range(6))
    list(train(cached, parts, device="cpu", stop=lambda: next(steps) == 2))
    assert (parts / CACHE).exists() == (not cache)
    shutil.rmtree(parts / CACHE, ignore_errors=True)
    list(train(cached, parts, device="cpu", resume=True))
    one, other = (torch.load(folder / "checkpoint.pt", weights_only=True) for folder in (whole, parts))
    for key, value in one["averaged"].items():
        assert torch.equal(value, other["averaged"][key]), key


def test_new_crops_are_added_during_the_run(batches: CachedBatches) -> None:
    early = {int(number) for step in range(3) for number in batches.batch(step).style_number}
    late = {int(number) for step in range(40, 46) for number in batches.batch(step).style_number}
    assert max(early) < min(late)
    assert max(late) - min(late) < 5 + 6 * 4 * 0.17 + 1


def test_a_trained_backbone_cannot_be_cached(cached: Recipe, setup: Setup, tmp_path: Path) -> None:
    learning = replace(cached, optimizer=replace(cached.optimizer, backbone=0.1))
    with open_batches(learning, ProcessInfo("cpu")) as plain, pytest.raises(UserError, match=r"optimizer\.backbone=0"):
        cache_targets(plain, learning, setup, tmp_path / "cache")


def test_two_batches_of_a_step_have_the_mean_of_their_gradients(
    cached: Recipe, batches: CachedBatches, setup: Setup
) -> None:
    def gradient(count: int, step: int) -> torch.Tensor:
        recipe = replace(cached, optimizer=replace(cached.optimizer, accumulate=count))
        accumulate(setup, recipe, batches, step)
        found = setup.network.transfer.get_parameter("contract.0.conv.weight").grad
        assert found is not None
        return found.clone()

    both = gradient(2, 0)
    torch.testing.assert_close(
        both, (gradient(1, 0) + gradient(1, 1)) / 2, rtol=1e-4, atol=1e-6 * float(both.abs().max())
    )


def test_validation_is_the_objective_of_the_averaged_network_and_never_changes(cached: Recipe, setup: Setup) -> None:
    config = ValidationConfig(cached.data.contents, cached.data.styles, pairs=7, content_side=32, style_side=40)
    recipe = replace(cached, validation=config)
    validation = Validation.open(recipe, setup)
    assert validation is not None
    assert [tuple(content.shape) for content in validation.contents] == [(1, 3, 32, 32)] * 7
    assert torch.equal(validation.contents[0], validation.contents[6])  # six contents
    terms = validation.measure(recipe, setup)
    assert terms == validation.measure(recipe, setup)
    totals = [
        float(setup.loss(setup.averaged(content, setup.averaged.embed(style)), content, style)["total"])
        for content, style in zip(validation.contents, validation.styles, strict=True)
    ]
    assert terms["total"] == pytest.approx(sum(totals) / 7, rel=1e-5)


def test_validation_skips_unreadable_pictures_and_reads_no_more_than_its_pairs(
    recipe: Recipe, pictures: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = pictures / "contents"
    plain = replace(recipe, validation=ValidationConfig((str(folder),), recipe.data.styles, 2, 32, 40))
    setup = prepare(plain, None, ProcessInfo("cpu"))
    expected = Validation.open(plain, setup)
    (folder / "0-broken.png").write_bytes(b"broken")
    (folder / "z-last.png").write_bytes(b"broken")
    found = Validation.open(plain, setup)
    assert expected is not None and found is not None
    assert all(map(torch.equal, found.contents, expected.contents))
    assert [line for line in caplog.messages if "skipped" in line and "0-broken.png" in line]
    assert "z-last" not in caplog.text
    nothing = replace(plain, validation=replace(plain.validation, contents=(str(folder / "*-*.png"),)))
    with pytest.raises(UserError, match=r"no picture of .* can be read"):
        Validation.open(nothing, setup)


def test_a_run_logs_its_validation(cached: Recipe, tmp_path: Path) -> None:
    pictures = {"contents": cached.data.contents, "styles": cached.data.styles}
    validation = ValidationConfig(**pictures, pairs=1, content_side=32, style_side=40, every=3)
    moments = list(train(replace(cached, validation=validation, log_every=2), tmp_path, device="cpu"))
    assert [moment.step for moment in moments if "total" in moment.validation] == [3, 6]


def test_a_student_learns_from_its_teacher_without_the_loss_network(
    cached: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins with the teacher's prediction network, so that their embeddings are the same."""
    teacher = shaken(replace(cached.network, width=0.25))
    save_checkpoint(tmp_path / "teacher.pt", teacher)
    name = str(tmp_path / "teacher.pt")
    taught = replace(
        cached,
        teacher=name,
        teaching_pastiche=100.0,
        init=InitConfig(predictor=name, styles=4),
        loss=LossWeights(content=0.0, style=0.0),
        optimizer=replace(cached.optimizer, affine=0.0, learning_rate=1e-2),
        steps=24,
        log_every=8,
        validation=ValidationConfig(
            cached.data.contents, cached.data.styles, pairs=2, content_side=32, style_side=40, every=8
        ),
    )

    def fail(*_: object) -> None:
        raise AssertionError("the loss network was used")

    monkeypatch.setattr(VGGFeatures, "forward", fail)
    moments = list(train(taught, tmp_path, device="cpu"))
    assert all(moment.terms["embedding"] == 0 for moment in moments)
    assert moments[-1].terms["pastiche"] < 0.8 * moments[0].terms["pastiche"]
    validated = [moment.validation for moment in moments if moment.validation]
    assert validated[-1]["pastiche"] < validated[0]["pastiche"]
    variation = cached.loss.variation * validated[0]["variation"]  # the one term without the loss network
    assert validated[0]["total"] == pytest.approx(variation + 100 * validated[0]["pastiche"], rel=1e-4)


def test_a_student_with_another_backbone_cannot_share_the_cached_features(cached: Recipe, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "teacher.pt", shaken(cached.network))
    taught = replace(cached, teacher=str(tmp_path / "teacher.pt"))
    with pytest.raises(UserError, match=r"init\.predictor"):
        list(train(taught, tmp_path, device="cpu"))
