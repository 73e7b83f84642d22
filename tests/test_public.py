"""The public names and commands are a list that changes only on purpose."""

from importlib.metadata import version

import pytest
from typer.testing import CliRunner

import brushwork
from brushwork.cli import app

NAMES = [
    "Picture", "Region", "Stylizer", "UserError", "keep_chroma", "load", "match_color_statistics", "open", "save",
]  # fmt: skip


def test_the_public_names_are_those_listed() -> None:
    assert sorted(brushwork.__all__) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_public_name_exists_and_is_documented(name: str) -> None:
    value = getattr(brushwork, name)
    assert value.__name__ == name
    assert value.__doc__


@pytest.mark.parametrize(("old", "new"), [("luma", "keep_chroma"), ("histogram", "match_color_statistics")])
def test_deprecated_names_work_and_name_their_replacement(old: str, new: str) -> None:
    with pytest.warns(DeprecationWarning, match=f"brushwork.{old} is now brushwork.{new}"):
        value = getattr(brushwork, old)
    assert value is getattr(brushwork, new)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'brushwork' has no attribute 'paint'"):
        brushwork.paint  # noqa: B018


def test_the_commands_are_those_listed() -> None:
    assert [command.callback.__name__ for command in app.registered_commands if command.callback] == [
        "stylize", "video", "live", "serve", "watch", "optimize", "models", "train", "train_words", "evaluate",
        "export", "experiment", "dataset", "embed",
    ]  # fmt: skip
    assert [group.name for group in app.registered_groups] == ["styles"]


def test_the_version_is_that_of_the_installed_package() -> None:
    answer = CliRunner().invoke(app, ["--version"])
    assert (answer.exit_code, answer.output) == (0, f"brushwork {version('brushwork')}\n")


def test_the_help_names_every_command() -> None:
    answer = CliRunner().invoke(app, ["--help"])
    assert answer.exit_code == 0
    commands = (
        "stylize",
        "video",
        "live",
        "serve",
        "watch",
        "optimize",
        "styles",
        "models",
        "train",
        "evaluate",
        "export",
    )
    assert all(word in answer.output for word in (*commands, "--version"))


@pytest.mark.parametrize(
    "command",
    [
        *("stylize", "video", "live", "serve", "watch", "optimize", "styles", "models", "train", "train-words"),
        *("evaluate", "export", "experiment"),
    ],
)
def test_the_help_of_a_command_has_no_types_or_braces(command: str) -> None:
    answer = CliRunner().invoke(app, [command, "--help"])
    assert answer.exit_code == 0
    assert not set("<>{}") & set(answer.output)
