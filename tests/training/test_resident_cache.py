"""Cached targets in memory, and new contents in every batch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from brushwork.training.cached_batches import CachedBatches
from brushwork.training.config import Recipe
from brushwork.training.process import ProcessInfo
from brushwork.training.setup import Setup, cache_targets, open_batches
from tests.training.samples import equal, tensors


@contextmanager
def opened(
    recipe: Recipe, setup: Setup, folder: Path, process: ProcessInfo | None = None, **cache: Any
) -> Iterator[CachedBatches]:
    """Batches of a recipe with other settings of the cache."""
    recipe = replace(recipe, cache=replace(recipe.cache, **cache))
    with open_batches(recipe, process or ProcessInfo("cpu")) as plain:
        yield cache_targets(plain, recipe, setup, folder)


@pytest.fixture
def fresh(cached: Recipe, setup: Setup, tmp_path: Path) -> Iterator[CachedBatches]:
    """Batches with new contents."""
    with opened(cached, setup, tmp_path / "cache", contents=0) as batches:
        yield batches


def test_records_in_memory_and_in_files_give_the_same_batches(cached: Recipe, setup: Setup, tmp_path: Path) -> None:
    with (
        opened(cached, setup, tmp_path / "cache") as files,
        opened(cached, setup, tmp_path / "unused", resident=True) as memory,
    ):
        for step in (0, 1, 2, 40, 41, 3):
            assert equal(memory.batch(step), files.batch(step)), step
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize("resident", [False, True])
def test_features_of_more_styles_than_the_cache_holds(
    cached: Recipe, setup: Setup, tmp_path: Path, resident: bool
) -> None:
    with (
        opened(cached, setup, tmp_path / "small", styles=3, resident=resident) as small,
        opened(cached, setup, tmp_path / "large", styles=7) as large,
    ):
        assert torch.equal(small.style_features(7), large.style_features(7))


def test_new_contents_are_of_other_pictures_or_crops_in_every_batch(
    fresh: CachedBatches, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch takes the next pictures of their endless order, none of them twice."""
    pictures, slots = fresh.batches.content.pictures, list[int]()

    def take(chosen: Sequence[int]) -> list[tuple[int, torch.Tensor]]:
        slots.extend(chosen)
        return plain(chosen)

    plain = pictures.take
    monkeypatch.setattr(pictures, "take", take)
    batches = [fresh.batch(step) for step in range(8)]
    assert {tuple(batch.content.shape) for batch in batches} == {(4, 3, 32, 32), (2, 3, 48, 48)}
    assert slots == sorted(set(slots)) and len(slots) == sum(len(batch.content) for batch in batches)
    crops = [crop for batch in batches for crop in batch.content if crop.shape[1] == 32]
    assert len({crop.numpy().tobytes() for crop in crops}) == len(crops) > 6  # there are six pictures


def test_new_contents_are_a_function_of_the_step(fresh: CachedBatches) -> None:
    first = [fresh.batch(step) for step in range(3)]
    assert all(equal(fresh.batch(step), first[step]) for step in (2, 0, 1))


def test_features_of_new_contents_are_those_of_the_loss_network(fresh: CachedBatches, setup: Setup) -> None:
    batch = fresh.batch(0)
    assert batch.targets is not None
    expected = setup.loss.content_target(batch.content)
    # In float32: half precision, as stored crops have it, would differ by 5e-4 of the largest.
    torch.testing.assert_close(batch.targets.content, expected, rtol=0, atol=1e-5 * float(expected.max()))


def test_new_contents_leave_the_styles_as_they_are(
    fresh: CachedBatches, cached: Recipe, setup: Setup, tmp_path: Path
) -> None:
    with opened(cached, setup, tmp_path / "stored") as stored:
        for step in range(3):
            one, other = fresh.batch(step), stored.batch(step)
            assert torch.equal(one.style_number, other.style_number)
            assert one.targets is not None and other.targets is not None
            assert torch.equal(one.targets.features, other.targets.features)


@pytest.mark.parametrize("contents", [0, 4])
def test_processes_share_a_batch(cached: Recipe, setup: Setup, tmp_path: Path, contents: int) -> None:
    settings: dict[str, Any] = {"contents": contents, "resident": True}
    with (
        opened(cached, setup, tmp_path, **settings) as whole,
        opened(cached, setup, tmp_path, ProcessInfo("cpu", 0, 2), **settings) as first,
        opened(cached, setup, tmp_path, ProcessInfo("cpu", 1, 2), **settings) as second,
    ):
        for step in range(3):
            halves = zip(tensors(first.batch(step)), tensors(second.batch(step)), strict=True)
            for expected, parts in zip(tensors(whole.batch(step)), halves, strict=True):
                # Rounding depends on the size of a batch, and is that of half precision where crops are stored.
                atol = 1e-3 * float(expected.abs().max())
                torch.testing.assert_close(torch.cat(parts), expected, rtol=0, atol=atol)
