"""Files, functions and signatures stay small enough to be read at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINES, FUNCTION, PARAMETERS = 250, 60, 8
FILES = sorted(path for folder in ("src", "tests", "benchmarks", "scripts") for path in (ROOT / folder).rglob("*.py"))
# Signatures that users see: commands, fields of a form, and the one function that has every setting.
LONG = {"main", "start", "stylize", "make_clip"}


def too_large(text: str, *, interface: bool = False) -> Iterator[str]:
    """What of a file is too large, one line each; an interface may have longer signatures."""
    if text.count("\n") > LINES:
        yield f"{text.count(chr(10))} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > FUNCTION:
                yield f"{node.name} has {lines} lines"
            names = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            count = len([name for name in names if name not in ("self", "cls")])
            if count > PARAMETERS and not interface and node.name not in LONG:
                yield f"{node.name} has {count} parameters"


def test_no_file_function_or_signature_is_too_large() -> None:
    assert len(FILES) > 300
    found = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in FILES
        for line in too_large(path.read_text(encoding="utf-8"), interface=path.parent.name == "cli")
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n" * 251, ["251 lines"]),
        ("def f():\n" + "    x = 1\n" * 60, ["f has 61 lines"]),
        ("class A:\n    def f(self, a, b, c, d, e, f, g, *, h, i): ...\n", ["f has 9 parameters"]),
        ("def f(a, b, c, d, e, f, g, h):\n" + "    x = 1\n" * 59, []),
    ],
)
def test_what_is_too_large_is_found(text: str, expected: list[str]) -> None:
    assert list(too_large(text)) == expected
