"""Recipes: one TOML file is one training run."""

import dataclasses
import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from brushwork.errors import UserError
from brushwork.losses import LossWeights
from brushwork.networks import PasticheConfig
from brushwork.training.augmentation import CONTENT, STYLE, Augmentation

T = TypeVar("T")
SMALLEST_SIDE = 16  # what the style transfer network takes, and the loss network with it
NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


@dataclass(frozen=True)
class DataConfig:
    """Where pictures come from, and what a batch is.

    Attributes:
        contents, styles: Folders, pictures, tar shards, globs, or lists of shards; relative to the current folder.
        resident: Whether all pictures are decoded once into the memory of the device.
        batch: Pastiches a step, of all processes together.
        content_sides, style_sides: Sides of the squares in pixels; each step takes one of each.
        short_side: Short side, in pixels, above which a picture is shrunk when it is read.
        workers: Threads that decode.
    """

    contents: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    resident: bool = True
    batch: int = 8
    content_sides: tuple[int, ...] = (256,)
    style_sides: tuple[int, ...] = (256,)
    short_side: int = 512
    workers: int = 2

    def __post_init__(self) -> None:
        _at_least(1, self, "batch", "short_side", "workers")
        for name, sides in (("content_sides", self.content_sides), ("style_sides", self.style_sides)):
            if min(sides, default=0) < SMALLEST_SIDE:
                raise ValueError(f"{name} is {list(sides)}; it takes sides of {SMALLEST_SIDE} pixels and more")


@dataclass(frozen=True)
class OptimiserConfig:
    """How weights move.

    Attributes:
        name: ``adam``, or ``adamw`` for decoupled weight decay.
        learning_rate: After the warm-up.
        backbone: That of the predictor's backbone, as a share of it; 0 freezes the backbone, statistics of its batch
            norms included. A pretrained one forgets what it knows at the rate that new layers need.
        warm_up: Steps over which it rises linearly from 0.
        decay: How it falls from there to the last step.
        floor: What it falls to, as a share of `learning_rate`.
        betas: Decay of Adam's averages of the gradient and of its square.
        clip: Norm above which gradients are scaled down; 0 leaves them.
        ema: Decay of the moving average of the weights, which is what is exported; 0 is the weights themselves.
    """

    name: Literal["adam", "adamw"] = "adam"
    learning_rate: float = 1e-3
    backbone: float = 1.0
    warm_up: int = 100
    decay: Literal["constant", "linear", "cosine"] = "linear"
    floor: float = 0.01
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    clip: float = 10.0
    ema: float = 0.999

    def __post_init__(self) -> None:
        _at_least(0, self, "learning_rate", "backbone", "warm_up", "floor", "weight_decay", "clip", "ema")
        for name, decay in (("betas", max(self.betas)), ("ema", self.ema)):
            if decay >= 1:
                raise ValueError(f"{name} holds {decay}; a decay is less than 1")


@dataclass(frozen=True)
class ConsistencyConfig:
    """How much the strokes of a picture that moves must stay as they are, see `training.consistency`.

    Attributes:
        weight: Of the mean squared difference; 0 leaves it out, and costs nothing.
        motion: How far things move, as a share of the side.
        noise: Standard deviation of what is added to every pixel.
    """

    weight: float = 0.0
    motion: float = 0.03
    noise: float = 0.02

    def __post_init__(self) -> None:
        _at_least(0, self, "weight", "motion", "noise")


@dataclass(frozen=True)
class Recipe:
    """A training run.

    Attributes:
        steps: Steps of the whole run.
        seed: Settles the start of the weights and everything that happens to the pictures.
        precision: ``auto`` is bf16 on CUDA and f32 elsewhere.
        compile: Whether torch compiles the networks.
        pretrained: State dict of the predictor's backbone to start from, or name of a model that comes along.
        init: Model folder or checkpoint whose weights to start from.
        add_style: Name of a style to add to the table network `init`: one new column learns, all else is frozen.
        teacher: Model folder or checkpoint whose embeddings the prediction network learns to repeat.
        teaching: Weight of the mean squared difference of the embeddings.
        log_every, grid_every, checkpoint_every: Steps between the lines of the log, sample grids and checkpoints.
        expected: What a run gave, on what, in how long. For people: the program does not read it.
    """

    steps: int = 10_000
    seed: int = 0
    precision: Literal["auto", "f32", "bf16"] = "auto"
    compile: bool = False
    pretrained: str = ""
    init: str = ""
    add_style: str = ""
    teacher: str = ""
    teaching: float = 1.0
    log_every: int = 50
    grid_every: int = 500
    checkpoint_every: int = 500
    network: PasticheConfig = field(default_factory=PasticheConfig)
    data: DataConfig = field(default_factory=DataConfig)
    content_augmentation: Augmentation = CONTENT
    style_augmentation: Augmentation = STYLE
    loss: LossWeights = field(default_factory=LossWeights)
    consistency: ConsistencyConfig = field(default_factory=ConsistencyConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    expected: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _at_least(1, self, "steps", "log_every", "grid_every", "checkpoint_every")


def _at_least(smallest: float, values: Any, *names: str) -> None:
    for name in names:
        if getattr(values, name) < smallest:
            raise ValueError(f"{name} is {getattr(values, name)}; it must be {smallest} or more")


def load(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Reads a recipe.

    Args:
        path: A TOML file.
        overrides: ``key=value`` with dotted keys (``optimiser.learning_rate=1e-3``); a value is TOML, or else a text.

    Raises:
        UserError: If the file cannot be read, a key is unknown (the message names the nearest) or a value does not fit.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read recipe {path}: {(error.strerror or str(error)).lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"recipe {path} is not TOML: {error}") from None
    for override in overrides:
        _set(values, override)
    return build(Recipe, values)


def _set(values: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise UserError(f"--set takes key=value, such as optimiser.learning_rate=1e-3, not {override!r}")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *tables, name = key.split(".")
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise UserError(f"{table} in --set {override} is a value, not a table")
    values[name] = value


def build(kind: type[T], values: Mapping[str, Any], where: str = "") -> T:
    """A dataclass of plain values, and of the dataclasses in it.

    Raises:
        UserError: If a key is unknown or a value does not fit.
    """
    hints = get_type_hints(kind)
    defaults = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]  # a dataclass, by contract
    arguments = {}
    for key, value in values.items():
        if key not in defaults:
            nearest = difflib.get_close_matches(key, defaults, n=1, cutoff=0)[0]
            raise UserError(f"unknown key {where}{key} in the recipe; the nearest is {where}{nearest}")
        arguments[key] = _fit(hints[key], value, f"{where}{key}")
    try:
        return kind(**arguments)
    except ValueError as error:
        table = f" [{where[:-1]}]" if where else ""
        raise UserError(f"recipe{table}: {error}") from None


def _fit(hint: Any, value: Any, where: str) -> Any:
    """The value as its type wants it: a list as a tuple, a whole number as a float where floats go."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        fits, wanted = value in arguments, " or ".join(map(str, arguments))
    elif origin is tuple:
        open_end = arguments[-1] is ...
        items = value if isinstance(value, list) else [value]  # one value is a list of one
        fits, wanted = open_end or len(items) == len(arguments), f"a list of {len(arguments)}"
        value = tuple(_fit(arguments[0], item, where) for item in items)
    elif dataclasses.is_dataclass(hint) or origin is not None:  # a table: of known keys, or of any
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
