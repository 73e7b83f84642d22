"""Files, links, commands and packages in the documentation exist in the repository."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import brushwork
from brushwork import model_folder
from brushwork.cli import app
from tests.test_layers import imports, sources

ROOT = Path(__file__).parent.parent
PACKAGE = Path(brushwork.__file__).parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
# What installs brushwork has no word of its own in a path: models are data, the rest are entry points.
UNLISTED = {"__main__", "models", "py", "__pycache__"}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[str]:
    """The lines of a page's code blocks, continued lines joined."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^ *```\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()


def commands(program: str) -> list[tuple[str, list[str]]]:
    """Every use of a program in a code block: the page, and the arguments."""
    found = []
    for page in PAGES:
        for line in blocks(page):
            if not re.search(rf"^ *([^|]*\| )?{program} ", line):
                continue
            lexer = shlex.shlex(line, posix=True, punctuation_chars="|>&;")  # what a shell reads as its own
            lexer.whitespace_split = True
            words = list(lexer)
            while program.split()[0] in words:
                words = words[words.index(program.split()[0]) :]
                end = next((index for index, word in enumerate(words) if set(word) <= set("|>&;")), len(words))
                if words[: len(program.split())] == program.split():
                    found.append((named(page), words[len(program.split()) : end]))
                words = words[end:]
    return found


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_page_names_a_file_outside_of_the_repository(page: Path) -> None:
    text = LINK.sub("", page.read_text(encoding="utf-8"))
    assert re.findall(r"\S*\.\./\S*", text) == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_relative_links_lead_to_files(page: Path) -> None:
    targets = [link.partition("#")[0] for link in LINK.findall(page.read_text(encoding="utf-8")) if ":" not in link]
    assert [target for target in targets if target and not (page.parent / target).exists()] == []


@pytest.mark.parametrize(("page", "arguments"), commands("brushwork"), ids=str)
def test_commands_exist_with_their_options(page: str, arguments: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    while arguments and arguments[0] in getattr(command, "commands", ()):
        command, arguments = command.commands[arguments[0]], arguments[1:]
    assert not hasattr(command, "commands") or command.invoke_without_command, f"{page}: no such command"
    command.make_parser(command.context_class(command)).parse_args(arguments)  # raises for what it does not know


@pytest.mark.parametrize(("page", "arguments"), commands("python -m"), ids=str)
def test_modules_that_are_run_exist_with_their_options(page: str, arguments: list[str]) -> None:
    module, *rest = arguments
    if not module.startswith("benchmarks"):
        return
    source = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    for option in (word for word in rest if word.startswith("--")):
        plain = option[2:].replace("-", "_")
        assert f'"{option}"' in source or re.search(rf"\b{plain}: ", source), f"{page}: {option}"


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_package_is_described(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    packages = {path.stem for path in PACKAGE.iterdir()} - UNLISTED
    assert len(packages) > 15
    assert [name for name in sorted(packages) if not re.search(rf"\b{name}(\.py|/|`)", text)] == []


def test_every_package_is_in_the_reference() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "reference").glob("*.md"))
    packages = {path.stem for path in PACKAGE.iterdir()} - UNLISTED - {"__init__", "cli"}
    assert [name for name in sorted(packages) if f"::: brushwork.{name}\n" not in text] == []


def test_embeddings_are_said_to_be_as_long_as_those_of_the_default_model() -> None:
    said = [size for page in PAGES for size in re.findall(r"array of (\d+) numbers", page.read_text(encoding="utf-8"))]
    assert len(said) >= 3
    assert {int(size) for size in said} == {model_folder.find().embedding_size}


def test_every_recipe_is_in_the_guide() -> None:
    text = (ROOT / "docs" / "guide" / "training.md").read_text(encoding="utf-8")
    recipes = sorted(path.name for path in (ROOT / "recipes").glob("*.toml"))
    assert len(recipes) > 5
    assert [name for name in recipes if f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "reports").glob("*.md")), ids=named)
def test_a_report_states_command_processor_and_precision(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    command = r"^(python -m benchmarks|brushwork evaluate|brushwork experiment|scripts/bench)"
    assert re.search(command, text, re.MULTILINE)
    assert re.search(r"AVX|EPYC|Xeon", text)
    assert re.search(r"float32|\bf32\b|bf16", text)


def chains() -> dict[str, list[str]]:
    """The title of each chain of files in CONTRIBUTING.md, and its files."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    _, *parts = re.split(r"^### ", text, flags=re.MULTILINE)
    return {part.partition("\n")[0]: re.findall(r"^\d\. `(\S+\.py)`", part, re.MULTILINE) for part in parts}


@pytest.mark.parametrize("title", ["A photo", "A video frame", "A training batch", "A web request"])
def test_a_chain_of_files_is_short_and_each_is_imported_by_one_before_it(title: str) -> None:
    files = chains()[title]
    assert 3 < len(files) <= 8
    modules = sources()
    names = [f"brushwork.{file.removesuffix('.py').replace('/', '.')}" for file in files]
    assert [name for name in names if name not in modules] == []
    reached: set[str] = {names[0]}
    for name in names:
        assert name in reached, f"no file before {name} imports it"
        direct = set(imports(ast.parse(modules[name]), modules))
        for package in direct & {"brushwork.images", "brushwork.losses", "brushwork.networks", "brushwork.runtime"}:
            direct |= set(imports(ast.parse(modules[package]), modules))  # the names that it passes on
        reached |= direct


def described(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    """The parameters that a docstring describes under Args."""
    _, _, text = (ast.get_docstring(node) or "").partition("\nArgs:\n")
    block = re.split(r"\n\S", text, maxsplit=1)[0]
    return re.findall(r"^    (\S.*?): ", block, re.MULTILINE)


def accepted(node: ast.FunctionDef | ast.ClassDef) -> set[str]:
    """The parameters of a function, or of what makes an instance of a class."""
    if isinstance(node, ast.ClassDef):
        fields = {
            each.target.id
            for each in node.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        }
        makers = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
        return fields.union(*map(accepted, makers))
    given = node.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    return {each.arg for each in named}


def test_docstrings_describe_only_existing_parameters() -> None:
    wrong = []
    for module, text in sources().items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                unknown = [name for name in described(node) if name.lstrip("*") not in accepted(node)]
                wrong += [f"{module}: {node.name}: {name}" for name in unknown]
    assert wrong == []


def test_every_test_that_the_security_page_names_exists() -> None:
    named = re.findall(r"`(tests/\S+\.py)::(test_\w+)`", (ROOT / "docs/guide/security.md").read_text(encoding="utf-8"))
    assert len(named) > 15
    missing = [name for file, name in named if f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")]
    assert missing == []
