"""Recipe files: one TOML file is one training run."""

import dataclasses
import logging
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from brushwork.errors import UserError, unknown
from brushwork.training.config import InitConfig, Recipe

T = TypeVar("T")
NAMES = {int: "a whole number", float: "a number", str: "a string", bool: "true or false"}
STYLE_FORMS = {True: "normalised", False: "squared"}  # values of the former loss.normalised

log = logging.getLogger(__name__)


def load(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        path: A TOML file.
        overrides: ``key=value`` with dotted keys (``optimizer.learning_rate=1e-3``); a value is TOML, or else a string.

    Raises:
        UserError: If the file cannot be read, a key is unknown (the message names the nearest) or a value is invalid.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read recipe {path}: {(error.strerror or str(error)).lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"recipe {path} is not TOML: {error}") from None
    for override in overrides:
        _set(values, override)
    _rename(values)
    return build(Recipe, values)


def _rename(values: dict[str, Any]) -> None:
    """Rename keys of older recipes, in place, with a notice."""
    if "optimiser" in values:
        log.warning("the recipe's table optimiser is now called optimizer")
        old = values.pop("optimiser")
        values["optimizer"] = {**old, **values.get("optimizer", {})}
    loss = values.get("loss")
    if isinstance(loss, dict) and isinstance(loss.get("normalised"), bool):
        log.warning("the recipe's loss.normalised is now called loss.style_form")
        loss.setdefault("style_form", STYLE_FORMS[loss.pop("normalised")])


def _set(values: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise UserError(f"--set takes key=value, such as optimizer.learning_rate=1e-3, not {override!r}")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *tables, name = key.split(".")
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise UserError(f"{table} in --set {override} is not a table")
    values[name] = value


def build(kind: type[T], values: Mapping[str, Any], where: str = "") -> T:
    """Return a dataclass, and the dataclasses in it, from plain values.

    Raises:
        UserError: If a key is unknown or a value is invalid.
    """
    hints = get_type_hints(kind)
    defaults = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]  # a dataclass, by contract
    arguments = {}
    for key, value in values.items():
        if key not in defaults:
            raise UserError(unknown("recipe key", where + key, [where + name for name in defaults]))
        arguments[key] = _fit(hints[key], value, f"{where}{key}")
    try:
        return kind(**arguments)
    except ValueError as error:
        table = f" [{where[:-1]}]" if where else ""
        raise UserError(f"recipe{table}: {error}") from None


def _fit(hint: Any, value: Any, where: str) -> Any:
    """Return a value converted to its type: a list to a tuple, a whole number to a float."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        fits, wanted = value in arguments, " or ".join(map(str, arguments))
    elif origin is tuple:
        open_end = arguments[-1] is ...
        items = value if isinstance(value, list) else [value]  # a single value is a list of one
        fits, wanted = open_end or len(items) == len(arguments), f"a list of {len(arguments)}"
        value = tuple(_fit(arguments[0], item, where) for item in items)
    elif hint is InitConfig and isinstance(value, str):
        return InitConfig(value)
    elif dataclasses.is_dataclass(hint) or origin is not None:  # a table with known or any keys
        fits, wanted = isinstance(value, dict), "a table"
        if fits and origin is None:
            value = build(hint, value, f"{where}.")
    else:
        if hint is float and type(value) is int:
            value = float(value)
        fits, wanted = type(value) is hint, NAMES[hint]
    if not fits:
        raise UserError(f"{where} in the recipe is {value!r}; it must be {wanted}")
    return value
