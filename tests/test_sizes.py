"""Files, functions and signatures stay within their limits."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINES, BODY, PARAMETERS = 250, 40, 8  # lines of a file, lines of a body without its docstring, parameters
# An experiment is one page that is read from top to bottom; a route's function contains the signature of its form.
EXPERIMENT, FORM = 48, {"_stylize"}
FILES = sorted(path for folder in ("src", "tests", "benchmarks", "scripts") for path in (ROOT / folder).rglob("*.py"))
# Signatures that users see: commands, fields of a form, and the one function that has every setting.
LONG = {"main", "start", "stylize", "make_clip"}


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the number of lines of a function after its signature and docstring."""
    statements = node.body if ast.get_docstring(node) is None else node.body[1:]
    return (node.end_lineno or 0) - statements[0].lineno + 1 if statements else 0


def too_large(text: str, *, interface: bool = False, body: int = BODY) -> Iterator[str]:
    """Yield the violations in a file, one line each; commands can have longer signatures."""
    if text.count("\n") > LINES:
        yield f"{text.count(chr(10))} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = body_lines(node)
            if lines > body and node.name not in FORM:
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
        for line in too_large(
            path.read_text(encoding="utf-8"),
            interface=path.parent.name == "cli",
            body=EXPERIMENT if path.parent.name == "experiments" else BODY,
        )
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n" * 251, ["251 lines"]),
        ("def f():\n" + "    x = 1\n" * 41, ["f has 41 lines"]),
        ('def f():\n    """D.\n\n    E.\n    """\n' + "    x = 1\n" * 40, []),
        ("class A:\n    def f(self, a, b, c, d, e, f, g, *, h, i): ...\n", ["f has 9 parameters"]),
        ("def f(a, b, c, d, e, f, g, h):\n" + "    x = 1\n" * 40, []),
    ],
)
def test_files_functions_and_signatures_that_are_too_large_are_found(text: str, expected: list[str]) -> None:
    assert list(too_large(text)) == expected
