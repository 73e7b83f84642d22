"""A resumed run with changed settings: they apply and are named, or are refused in one line."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from brushwork.errors import UserError
from brushwork.training.config import InitConfig, Recipe
from brushwork.training.process import ProcessInfo
from brushwork.training.resume import differences
from brushwork.training.setup import prepare
from brushwork.training.train import train

CPU = ProcessInfo("cpu")


@pytest.fixture
def begun(recipe: Recipe, tmp_path: Path) -> Path:
    """The checkpoint of a run of two steps."""
    list(train(replace(recipe, steps=2), tmp_path / "run"))
    return tmp_path / "run" / "checkpoint.pt"


def changed(recipe: Recipe, **optimizer: Any) -> Recipe:
    return replace(recipe, optimizer=replace(recipe.optimizer, **optimizer))


def test_changed_settings_apply_and_are_named(recipe: Recipe, begun: Path, caplog: pytest.LogCaptureFixture) -> None:
    other = changed(recipe, betas=(0.5, 0.6), weight_decay=0.25, backbone=0.5, learning_rate=1e-2)
    with caplog.at_level(logging.WARNING):
        setup = prepare(other, begun, CPU)
    assert all(group["betas"] == (0.5, 0.6) and group["weight_decay"] == 0.25 for group in setup.optimizer.param_groups)
    assert sorted(group["share"] for group in setup.optimizer.param_groups) == [0.5, 1.0, 1.0]
    (line,) = [record.getMessage() for record in caplog.records if "changed settings" in record.getMessage()]
    for key in ("betas from (0.9, 0.999) to (0.5, 0.6)", "weight_decay from 0.0 to 0.25", "backbone from 1.0 to 0.5"):
        assert f"optimizer.{key}" in line
    assert "steps" not in line
    averages = [state["step"].item() for state in setup.optimizer.state.values()]
    assert averages and set(averages) == {2.0}


def test_an_unchanged_recipe_gives_no_notice(recipe: Recipe, begun: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        prepare(recipe, begun, CPU)
    assert "settings" not in caplog.text


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"seed": 7}, "was trained with seed = 0, not 7"),
        ({"init": InitConfig(styles=3)}, "was trained with init.styles = 1500, not 3"),
        ({"optimizer": {"name": "adamw"}}, "was trained with optimizer.name = adam, not adamw"),
        ({"optimizer": {"backbone": 0.0}}, "cannot freeze or unfreeze it"),
    ],
)
def test_settings_fixed_by_the_checkpoint_are_refused(
    recipe: Recipe, begun: Path, changes: dict[str, Any], line: str
) -> None:
    other = changed(recipe, **changes["optimizer"]) if "optimizer" in changes else replace(recipe, **changes)
    with pytest.raises(UserError, match=line):
        prepare(other, begun, CPU)


def test_an_optimizer_with_other_groups_is_refused(recipe: Recipe, begun: Path) -> None:
    saved = torch.load(begun, weights_only=True)
    del saved["recipe"]  # as an older version wrote it
    torch.save(saved, begun)
    with pytest.raises(UserError, match="other groups of weights"):
        prepare(changed(recipe, backbone=0.0), begun, CPU)


def test_differences_of_nested_values_are_named() -> None:
    old = {"a": 1, "b": {"c": (1, 2), "d": 3.0}, "gone": 1}
    assert differences(old, {"a": 1, "b": {"c": [1, 2], "d": 4.0}, "new": 1}) == {"b.d": (3.0, 4.0)}
