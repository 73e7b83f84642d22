"""Ranges and defaults in the help agree with the public functions."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any

import pytest
import typer
from click import Command

from brushwork import stylizer
from brushwork.analysis.experiment import Context
from brushwork.analysis.neighbours import nearest
from brushwork.batch.options import Options
from brushwork.cli import app
from brushwork.cli.groups import grouped
from brushwork.cli.options import given
from brushwork.dataset.embedding import nearest as nearest_embeddings
from brushwork.dataset.plan import open_plan
from brushwork.dataset.stylizing import Stylizing
from brushwork.errors import UserError
from brushwork.evaluation.evaluate import evaluate
from brushwork.evaluation.pairs import choose
from brushwork.evaluation.steadiness import steadiness
from brushwork.live.camera import open_camera
from brushwork.live.loop import live
from brushwork.live.mjpeg import MJPEG
from brushwork.styles.sheet import open_photo
from brushwork.training.optimize_settings import OptimizeSettings
from brushwork.video.reading.opening import FPS
from brushwork.video.settings import Settings
from brushwork.video.timeline import Timeline
from brushwork.web.api.limits import Limits
from brushwork.web.server import Access

COMMANDS: dict[str, Command] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
Function = Callable[..., Any]
LIMITS = [field.name for field in fields(Limits) if field.name != "styles"]  # which is no option


def parameters(command: str) -> dict[str, Any]:
    """The options of a command by name."""
    return {str(each.name): each for each in COMMANDS[command].params if each.param_type_name == "option"}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_an_option_has_no_default_of_its_own(command: str) -> None:
    own = {name: each.default for name, each in parameters(command).items() if each.default not in (None, False, 0)}
    assert own == ({"output": "mjpeg"} if command == "live" else {})


@pytest.mark.parametrize(
    ("command", "option", "function", "parameter"),
    [
        ("video", "fade", Timeline, "fade"),
        *((command, "detail", stylizer.load, "detail") for command in ("stylize", "watch", "serve")),
        ("video", "steady", Settings, "steady"),
        ("video", "hold", Settings, "hold"),
        ("video", "fps", lambda fps=FPS: fps, "fps"),
        *(("optimize", name, OptimizeSettings, name) for name in ("size", "steps", "style_weight", "seed")),
        *(("optimize", name, OptimizeSettings, name) for name in ("optimizer", "start")),
        *(("serve", name, Limits, name) for name in LIMITS),
        *(("serve", name, Access, name) for name in ("host", "port")),
        ("evaluate", "pairs", choose, "count"),
        ("evaluate", "size", evaluate, "size"),
        ("evaluate", "frames", steadiness, "count"),
        ("evaluate", "steady", Settings, "steady"),
        ("live", "camera", open_camera, "number"),
        ("live", "size", open_camera, "size"),
        ("live", "port", MJPEG, "port"),
        ("live", "steady", live, "steady"),
        ("styles", "size", open_photo, "size"),
        ("styles", "count", nearest, "count"),
        *(("dataset", name, Stylizing, name) for name in ("per_image", "seed")),
        ("dataset", "strength", lambda low=Stylizing.strength[0]: low, "low"),
        *((command, "part_size", open_plan, "together") for command in ("dataset", "embed")),
        ("embed", "count", nearest_embeddings, "count"),
        ("experiment", "seeds", Context, "seeds"),
        ("experiment", "scale", Context, "scale"),
    ],
)
def test_a_default_in_the_help_is_that_of_the_function(
    command: str, option: str, function: Function, parameter: str
) -> None:
    default = inspect.signature(function).parameters[parameter].default
    stated = re.search(r"default ([\w.]*\w)(?: for h264)?\.$", parameters(command)[option].help)
    assert stated is not None
    assert stated[1] == (f"{default:g}" if isinstance(default, float) else str(default))


def test_no_default_in_a_help_is_left_unchecked() -> None:
    """Every "default" with a number is in the table above."""
    (mark,) = test_a_default_in_the_help_is_that_of_the_function.pytestmark  # type: ignore[attr-defined]
    checked = {(command, option) for command, option, *_ in mark.args[1]}
    stated = {
        (command, name)
        for command in COMMANDS
        for name, each in parameters(command).items()
        if re.search(r"default \d", each.help or "")
    }
    assert stated - checked == {("video", "crf"), ("export", "style_size")}  # of the codec, and of the model card


MAKERS: dict[tuple[str, str], Function] = {
    **{("stylize", name): Options for name in ("style_size", "strength", "size", "quality", "tile_size")},
    **{("video", name): lambda **value: Settings(styles=("a",), **value) for name in ("steady", "hold", "strength")},
    **{("optimize", name): OptimizeSettings for name in ("size", "style_size", "style_weight", "steps")},
    **{("serve", name): Limits for name in LIMITS},
}


@pytest.mark.parametrize(("command", "option"), sorted(MAKERS))
def test_a_range_in_the_help_is_that_of_the_function(command: str, option: str) -> None:
    make = MAKERS[command, option]
    told = re.fullmatch(r"(.+)\.\.(.*)", parameters(command)[option].metavar)
    assert told is not None
    number: Callable[[float], float] = float if parameters(command)[option].type.name == "float" else int
    low, high = float(told[1]), float(told[2]) if told[2] else None
    outside = 0.001 if number is float else 1
    make(**{option: number(low)})
    with pytest.raises(UserError):
        make(**{option: number(low) - outside})
    if high is not None:
        make(**{option: number(high)})
        with pytest.raises(UserError):
            make(**{option: number(high) + outside if high < 1e6 else number(high) * 1.01})


def test_only_given_values_are_passed() -> None:
    assert given(size=0, strength=None, name="") == {"size": 0, "name": ""}


@pytest.mark.parametrize("command", ["stylize", "video", "watch", "live", "serve", "styles"])
def test_commands_that_load_a_model_share_their_options(command: str) -> None:
    expected = ["model", *(name for name in inspect.signature(stylizer.load).parameters if name != "model")]
    if command in ("video", "live", "styles"):
        expected.remove("detail")  # it is chosen where a look is settled; the model of video and live has but one
    assert sorted(name for name in parameters(command) if name in expected) == sorted(expected)
    shared = parameters("stylize" if command not in ("video", "live") else "video")  # whose model is the fast one
    for name in expected:
        assert parameters(command)[name].help == shared[name].help


def test_a_group_is_an_option_for_each_of_its_fields() -> None:
    """By name, in the order of the signature, with their defaults; the command gets the group."""
    got: list[object] = []

    @dataclass
    class Pair:
        left: Annotated[int | None, typer.Option("--left")] = None
        right: Annotated[int, typer.Option("--right")] = 7

    @grouped
    def command(name: str, pair: Pair, last: bool = False) -> None:
        got.extend((name, pair, last))

    flat = inspect.signature(command).parameters
    assert [(each.name, each.default) for each in flat.values()] == [
        ("name", inspect.Parameter.empty), ("left", None), ("right", 7), ("last", False)
    ]  # fmt: skip
    command(name="a", left=1, right=2, last=True)
    assert got == ["a", Pair(1, 2), True]
