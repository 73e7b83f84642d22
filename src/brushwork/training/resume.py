"""Settings of a resumed run that differ from its checkpoint's: applied with a notice, or refused."""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from brushwork.errors import UserError
from brushwork.training.config import Recipe

# Settings that a resumed run cannot change; ``network`` is compared when the checkpoint is loaded.
FIXED = ("seed", "pretrained", "init", "add_style", "optimizer.name")
# Settings that may change without a notice.
FREE = ("steps", "minutes", "log_every", "grid_every", "checkpoint_every", "checkpoint_minutes", "compile", "expected")

log = logging.getLogger(__name__)


def check_settings(saved: Mapping[str, Any], recipe: Recipe, path: Path) -> None:
    """Compare the recipe of a checkpoint with that of the resumed run, and log the changes.

    Args:
        saved: The checkpoint's recipe; keys that its version did not have are not compared.
        recipe: The recipe of the resumed run.
        path: The checkpoint, for the message.

    Raises:
        UserError: If a setting has changed that a resumed run cannot change.
    """
    changed = differences(saved, {**asdict(recipe), "expected": {}})
    changed = {key: values for key, values in changed.items() if not key.startswith(("network", *FREE))}
    for key, (old, new) in changed.items():
        if key.startswith(FIXED):
            raise UserError(f"{path} was trained with {key} = {old}, not {new}; to change it, start with init={path}")
    frozen = [values for key, values in changed.items() if key == "optimizer.backbone" and 0 in values]
    if frozen:
        raise UserError(f"{path} has optimizer.backbone = {frozen[0][0]}; a resumed run cannot freeze or unfreeze it")
    if changed:
        text = ", ".join(f"{key} from {old} to {new}" for key, (old, new) in changed.items())
        log.warning("the run continues with changed settings: %s", text)


def differences(old: Mapping[str, Any], new: Mapping[str, Any], where: str = "") -> dict[str, tuple[Any, Any]]:
    """Return the dotted keys of both mappings whose values differ, and both values."""
    found: dict[str, tuple[Any, Any]] = {}
    for key in old.keys() & new.keys():
        one, other = old[key], new[key]
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            found |= differences(one, other, f"{where}{key}.")
        elif _plain(one) != _plain(other):
            found[f"{where}{key}"] = (one, other)
    return dict(sorted(found.items()))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def load_optimizer(optimizer: torch.optim.Optimizer, state: Mapping[str, Any]) -> None:
    """Load the averages of an optimizer from a checkpoint; its settings stay those of the recipe.

    Args:
        optimizer: The new optimizer.
        state: The saved state of an optimizer of the same weights.

    Raises:
        UserError: If its groups of weights differ.
    """
    if len(state["param_groups"]) != len(optimizer.param_groups):
        raise UserError("the checkpoint's optimizer has other groups of weights; start a new run with init")
    settings = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(dict(state))
    for group, values in zip(optimizer.param_groups, settings, strict=True):
        group.update(values)
