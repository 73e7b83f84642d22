"""Refining a network's pastiche by optimising its pixels for a given time."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from brushwork.errors import UserError
from brushwork.training.optimize_settings import OptimizeSettings
from brushwork.training.refine import refine

Picture = NDArray[np.float32]
QUICK = OptimizeSettings(coarsest=16)


@pytest.fixture
def pictures(random: np.random.Generator) -> tuple[Picture, Picture]:
    """A content and a style, (32, 40, 3)."""
    content, style = random.random((2, 32, 40, 3), np.float32)
    return content, np.round(style)


def ticking(step: float = 1.0) -> Callable[[], float]:
    """A clock that advances by a number of seconds with every call."""
    times: Iterator[float] = iter(np.arange(0, 1000, step).tolist())
    return lambda: next(times)


def test_more_time_leaves_less_of_the_style_loss(pictures: tuple[Picture, Picture]) -> None:
    content, style = pictures
    short, long = (refine(content, content, [style], seconds, settings=QUICK, clock=ticking()) for seconds in (6, 30))
    assert short.before == long.before == pytest.approx(1)  # the pastiche is the content itself
    assert long.after < short.after < 1
    assert 30 <= long.steps <= 33 and not long.interrupted  # one a tick, and one a level that overshoots
    assert long.image.shape == content.shape and long.image.min() >= 0 and long.image.max() <= 1


def test_a_high_content_loss_does_not_take_the_style_away(pictures: tuple[Picture, Picture]) -> None:
    content, style = pictures
    pastiche = np.ascontiguousarray(style[::-1])  # nearly the style, and far from the content
    refined = refine(content * np.float32(0.2), pastiche, [style], 30, settings=QUICK, clock=ticking())
    assert refined.before < 0.05 and refined.after < refined.before


def test_a_coarse_level_keeps_the_detail_of_the_pastiche(pictures: tuple[Picture, Picture]) -> None:
    content, style = pictures
    checks = np.indices((32, 40)).sum(axis=0)[..., None] % 2 * np.float32(0.2) + np.full(3, 0.4, np.float32)

    def stop(fraction: float) -> None:
        if fraction < 1:
            raise KeyboardInterrupt

    refined = refine(content, checks, [style], 30, settings=QUICK, progress=stop, clock=ticking())
    assert refined.interrupted and refined.steps == 1
    np.testing.assert_array_equal(refined.image, checks)  # one evaluation changes nothing yet


def test_ctrl_c_keeps_the_best_result(pictures: tuple[Picture, Picture]) -> None:
    content, style = pictures
    seen: list[float] = []

    def stop(fraction: float) -> None:
        seen.append(fraction)
        if len(seen) == 20:
            raise KeyboardInterrupt

    refined = refine(content, content, [style], 30, settings=QUICK, progress=stop, clock=ticking())
    assert refined.interrupted and refined.steps == 20 and refined.after < refined.before
    assert seen[:20] == sorted(seen[:20])


def test_a_picture_that_already_has_the_style_stays_unchanged(pictures: tuple[Picture, Picture]) -> None:
    _, style = pictures
    refined = refine(style, style, [style], 10, settings=QUICK, clock=ticking())
    np.testing.assert_array_equal(refined.image, style)


def test_small_pictures_are_refused(pictures: tuple[Picture, Picture]) -> None:
    content, style = pictures
    with pytest.raises(UserError, match="refined with sides of at least 16 pixels"):
        refine(content, content, [style[:8]], 1)
