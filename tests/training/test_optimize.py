"""Optimising pixels: the loss falls, the best result is always available, and errors are one line."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from brushwork.errors import UserError
from brushwork.images import Image, resize
from brushwork.losses import PerceptualLoss
from brushwork.training import optimize as module
from brushwork.training.optimize import OptimizeProgress, optimize
from brushwork.training.optimize_settings import OptimizeSettings

pytestmark = pytest.mark.numeric

SIDE = 48


def picture(seed: int, height: int = SIDE, width: int = SIDE, cells: int = 6) -> Image:
    """Soft spots of random colours, (height, width, 3)."""
    blots = np.random.default_rng(seed).random((cells, cells, 3), np.float32)
    return resize(blots, (height, width))


CONTENT, STYLE, OTHER = picture(0), picture(1, cells=24), picture(2, cells=12)


def run(
    *styles: Image, content: Image = CONTENT, weights: list[float] | None = None, **settings: object
) -> OptimizeProgress:
    """The last record of a run."""
    *_, last = optimize(content, styles or [STYLE], weights, OptimizeSettings(**{"steps": 12, **settings}))  # type: ignore[arg-type]
    return last


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """At 48 pixels a second thread waits for the first."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def records() -> list[OptimizeProgress]:
    return list(optimize(CONTENT, [STYLE], settings=OptimizeSettings(steps=25, start="content")))


@pytest.fixture(scope="module")
def loss() -> PerceptualLoss:
    return PerceptualLoss()


def tensor(image: Image) -> torch.Tensor:
    return torch.tensor(image).permute(2, 0, 1)[None]


def test_optimisation_starts_at_the_content_and_leaves_little_style_loss(records: list[OptimizeProgress]) -> None:
    assert np.array_equal(records[0].pastiche, CONTENT)
    assert records[0].terms["content"] == 0
    assert records[0].share == pytest.approx(1)
    assert records[-1].terms["total"] < 0.2 * records[0].terms["total"]
    assert records[-1].share < 0.1


def test_optimisation_starts_in_the_style_s_colours_by_default() -> None:
    first = next(optimize(CONTENT, [STYLE], settings=OptimizeSettings(steps=2)))
    for channels in range(3):  # mean and standard deviation of each channel, but for what was clipped
        ours, theirs = first.pastiche[..., channels], STYLE[..., channels]
        assert ours.mean() == pytest.approx(theirs.mean(), abs=0.02)
        assert ours.std() == pytest.approx(theirs.std(), abs=0.02)


def test_every_record_is_the_best_so_far_and_is_not_changed_later(
    records: list[OptimizeProgress], loss: PerceptualLoss
) -> None:
    assert [(record.step, record.steps) for record in records] == [(step, 25) for step in range(1, 26)]
    totals = [record.terms["total"] for record in records]
    assert totals == sorted(totals, reverse=True)
    for record in records[::8]:
        assert record.pastiche.shape == (SIDE, SIDE, 3)
        assert record.pastiche.dtype == np.float32
        assert record.pastiche.min() >= 0 and record.pastiche.max() <= 1
        with torch.no_grad():
            terms = loss(tensor(record.pastiche), tensor(CONTENT), tensor(STYLE))
        assert record.terms["content"] == pytest.approx(terms["content"].item(), rel=1e-4)
        assert record.terms["style"] == pytest.approx(terms["style"].item(), rel=1e-4)
        with pytest.raises(ValueError, match="read-only"):
            record.pastiche[0, 0, 0] = 0


def test_the_share_is_the_geometric_mean_over_layers(records: list[OptimizeProgress]) -> None:
    first, last = records[0].terms, records[-1].terms
    left = [last[layer] / first[layer] for layer in first if layer.startswith("style/")]
    assert len(left) == 4
    assert records[-1].share == pytest.approx(np.prod(left) ** 0.25)


def test_optimisation_can_be_stopped_at_any_step(records: list[OptimizeProgress]) -> None:
    abandoned = list(islice(optimize(CONTENT, [STYLE], settings=OptimizeSettings(steps=25, start="content")), 7))
    assert len(abandoned) == 7
    assert np.array_equal(abandoned[-1].pastiche, records[6].pastiche)


def test_sizes_go_from_coarse_to_fine() -> None:
    content = picture(0, 100, 70)
    settings = OptimizeSettings(size=80, coarsest=20, steps=3)
    found = list(optimize(content, [STYLE], settings=settings))
    assert [record.pastiche.shape[:2] for record in found[::3]] == [(40, 28), (80, 56)]  # a side of 14 is too small
    assert (found[-1].step, found[-1].steps, len(found)) == (6, 6, 6)


def test_a_coarse_size_is_a_better_start() -> None:
    with_coarse = list(optimize(CONTENT, [STYLE], settings=OptimizeSettings(steps=10, coarsest=24)))[10]
    assert with_coarse.step == 11 and with_coarse.pastiche.shape == (SIDE, SIDE, 3)
    assert with_coarse.share < 0.7


def test_noise_depends_only_on_the_seed() -> None:
    first, again, other = (run(start="noise", seed=seed, steps=2).pastiche for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert np.abs(first - other).mean() > 0.1
    assert run(start="noise", steps=20).share < 0.2


def test_adam_also_reduces_the_loss() -> None:
    assert run(optimizer="adam", steps=30).share < 0.4


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_a_picture_in_its_own_style_stays_unchanged(optimizer: str) -> None:
    last = run(CONTENT, optimizer=optimizer)
    assert np.array_equal(last.pastiche, CONTENT)
    assert (last.terms["total"], last.share) == (0, 1)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("content", [CONTENT, np.ones((SIDE, SIDE, 3), np.float32)], ids=["blots", "white"])
def test_gradients_below_rounding_count_as_zero(
    optimizer: str, content: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Targets summed in another order, as on another processor, differ by rounding."""

    def in_another_order(target: Callable[..., Any]) -> Callable[..., Any]:
        return lambda loss, image: target(loss, image.to(memory_format=torch.channels_last))

    for name in ("content_target", "style_target"):
        monkeypatch.setattr(PerceptualLoss, name, in_another_order(getattr(PerceptualLoss, name)))
    last = run(content, content=content, optimizer=optimizer)
    assert np.array_equal(last.pastiche, content)
    assert (last.terms["total"], last.share) == (0, 1)


def test_a_larger_style_weight_leaves_less_style_and_more_content_loss() -> None:
    light, heavy = run(style_weight=0.05), run(style_weight=5.0)
    assert heavy.share < light.share
    assert heavy.terms["content"] > light.terms["content"]


def test_a_style_with_all_the_weight_equals_that_style_alone() -> None:
    assert np.array_equal(run(STYLE, OTHER, weights=[2, 0], steps=3).pastiche, run(STYLE, steps=3).pastiche)


def test_weights_move_the_pastiche_from_style_to_style(loss: PerceptualLoss) -> None:
    def distances(weights: list[float]) -> list[float]:
        pastiche = tensor(run(STYLE, OTHER, weights=weights, steps=12, style_weight=20.0).pastiche)
        with torch.no_grad():
            return [loss(pastiche, tensor(CONTENT), tensor(style))["style"].item() for style in (STYLE, OTHER)]

    first, second = zip(*map(distances, ([0.9, 0.1], [0.5, 0.5], [0.1, 0.9])), strict=True)
    assert list(first) == sorted(first)
    assert list(second) == sorted(second, reverse=True)


def test_styles_of_different_contrast_have_equal_influence() -> None:
    """|G| is 1 and 100, so in equal parts G = (G1 / 1 + G2 / 100) / (1 + 1 / 100): as much of one as of the other."""
    quiet, loud = torch.tensor([[[1.0, 1.0], [1.0, 1.0]]]), torch.tensor([[[100.0, -100.0], [-100.0, 100.0]]])
    blended = module.blend_targets([{"layer": quiet}, {"layer": loud}], [0.5, 0.5])["layer"]
    assert torch.allclose(blended, torch.tensor([[[2.0, 0.0], [0.0, 2.0]]]) / 1.01)


def test_the_style_size_changes_the_result() -> None:
    style = picture(5, 96, 120, cells=30)
    assert np.abs(run(style, steps=6, style_size=24).pastiche - run(style, steps=6).pastiche).mean() > 0.01


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"optimizer": "sgd"}, "unknown optimizer 'sgd'; known: lbfgs, adam"),
        ({"start": "photo"}, "unknown start 'photo'; known: recolored, content, noise"),
        ({"device": "tpu"}, "unknown device 'tpu'; did you mean 'cpu'? known: auto, cpu, cuda, mps"),
        ({"size": 8}, "the size is 8; it must be between 16 and 100,000"),
        ({"style_size": 8}, "the style size is 8; it must be between 16 and 100,000"),
        ({"steps": 0}, "the number of steps is 0; it must be between 1 and 1,000,000"),
        ({"style_weight": -1.0}, "the style weight is -1; it must be between 0 and 1,000,000,000"),
        ({"style_weight": float("nan")}, "the style weight is nan; it must be between 0 and 1,000,000,000"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, object], line: str) -> None:
    with pytest.raises(UserError) as error:
        OptimizeSettings(**settings)  # type: ignore[arg-type]
    assert str(error.value) == line


def test_impossible_runs_are_refused_before_they_start() -> None:
    with pytest.raises(UserError, match="the content is 48 x 8 pixels; both sides must be at least 16"):
        optimize(CONTENT[:8], [STYLE])
    with pytest.raises(UserError, match="the style is 8 x 48 pixels"):
        optimize(CONTENT, [STYLE, STYLE[:, :8]])
    with pytest.raises(UserError, match="1 weights for 2 styles"):
        optimize(CONTENT, [STYLE, OTHER], [1])
    with pytest.raises(UserError, match="at least one must be above 0"):
        optimize(CONTENT, [STYLE], [0])
    with pytest.raises(UserError, match="no style given; give one or more pictures"):
        optimize(CONTENT, [])


def test_a_missing_device_is_a_one_line_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="torch finds no device 'cuda'"):
        optimize(CONTENT, [STYLE], settings=OptimizeSettings(device="cuda"))


@pytest.mark.parametrize(("words", "kind"), [("can't allocate memory", MemoryError), ("shapes", RuntimeError)])
def test_too_little_memory_is_a_one_line_error(
    monkeypatch: pytest.MonkeyPatch, words: str, kind: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(words)

    monkeypatch.setattr(PerceptualLoss, "style_target", fail)
    with pytest.raises(kind, match=words):
        next(optimize(CONTENT, [STYLE]))
