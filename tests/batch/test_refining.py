"""`--refine` in a run: accepted inputs, results, and Ctrl-C."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from brushwork.batch import refining
from brushwork.batch.options import Options
from brushwork.batch.plan import make_plan
from brushwork.batch.record import Record
from brushwork.batch.run import run
from brushwork.errors import UserError
from brushwork.styles import own
from brushwork.styles.own import OwnStyles
from brushwork.styles.own_file import Origin, OwnFile, shrink
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from tests.styles.test_own import Two

RED = np.tile(np.array([1, 0, 0], np.float32), (32, 32, 1))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, colour in (("a.png", "blue"), ("b.png", "green"), ("red.png", "red")):
        Image.new("RGB", (40, 32), colour).save(name)
    return tmp_path


@pytest.fixture
def refined(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The calls of a fake optimisation, which makes everything white and is interrupted at the second call."""
    calls: list[tuple[Any, ...]] = []

    def white(content: Any, pastiche: Any, styles: Any, seconds: float, weights: Any, progress: Any) -> Any:
        calls.append((pastiche[0, 0].tolist(), [style[0, 0].tolist() for style in styles], seconds, weights))
        image = np.ones_like(content)
        return SimpleNamespace(image=image, steps=3, before=0.4, after=0.1, interrupted=len(calls) == 2)

    monkeypatch.setattr("brushwork.training.refine.refine", white)
    return calls


def made(styles: list[str], *contents: str, **options: Any) -> list[Record]:
    chosen = Options(refine=5, **options)
    plan = make_plan([*contents], styles, "out/", options=chosen)
    gallery = Two(own=OwnStyles(lambda: {"abc"}))
    return list(run(plan, lambda: Stylizer(FakeRuntime(), gallery=gallery), chosen))


@pytest.mark.usefixtures("here")
def test_a_pastiche_is_refined_towards_its_pictures(refined: list[tuple[Any, ...]]) -> None:
    own.save("barn", OwnFile("", "m", "abc", {256: np.zeros(3, np.float32)}, (Origin("r", 1, shrink(RED)),)))
    (record,) = made(["red.png", "barn"], "a.png", weights=[3, 1])
    assert record.error is None and "refine" in record.seconds
    assert record.notices == ["refined in 3 steps: 10.0% of the style loss left, before 40.0%"]
    ((pastiche, styles, seconds, weights),) = refined
    np.testing.assert_allclose(pastiche, [0.75, 0, 0], atol=1e-6)
    np.testing.assert_allclose(styles, [[1, 0, 0]] * 2, atol=0.02)
    assert (seconds, weights) == (5, [3, 1])
    assert np.asarray(Image.open("out/a.png")).min() == 255


@pytest.mark.usefixtures("here")
def test_ctrl_c_writes_the_best_and_starts_no_other_picture(refined: list[tuple[Any, ...]]) -> None:
    records = made(["red.png"], "a.png", "b.png", "red.png")
    assert len(records) == len(refined) == 2
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.png", "b.png"]


@pytest.mark.usefixtures("here", "refined")
def test_a_name_without_a_picture_is_refused() -> None:
    (record,) = made(["ink"], "a.png")
    assert record.error == "a.png: --refine needs style pictures, and 'ink' has none; give a picture file"


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Options(refine=1, strength=0.5), "--strength"),
        (lambda: Options(refine=1, protect="mask.png"), "--protect"),
        (lambda: Options(refine=1, keep_colors="luma"), "--keep-colors"),
    ],
)
def test_options_that_cannot_be_combined_with_refine_are_refused(make: Callable[[], Options], name: str) -> None:
    with pytest.raises(UserError, match=f"leave out --refine or {name}"):
        refining.check(make())
