"""Rules for tests that a machine can check: they never sleep, and every skipped test states its reason."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def violations(tree: ast.AST) -> Iterator[str]:
    """Yield the calls that break a rule; `sleep(0)` only lets other tasks run."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name.rpartition(".")[2] == "sleep" and [ast.unparse(each) for each in node.args] != ["0"]:
            yield f"line {node.lineno}: {name}"
        reasoned = bool(node.args) or "reason" in {each.arg for each in node.keywords}
        if name in ("pytest.skip", "pytest.mark.skip", "pytest.mark.xfail") and not reasoned:
            yield f"line {node.lineno}: {name} without a reason"
        if name == "pytest.mark.skipif" and "reason" not in {each.arg for each in node.keywords}:
            yield f"line {node.lineno}: {name} without a reason"


def test_no_test_sleeps_or_is_skipped_without_a_reason() -> None:
    found = [
        f"{path.relative_to(TESTS)}: {line}"
        for path in sorted(TESTS.rglob("*.py"))
        for line in violations(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("time.sleep(0.1)", ["line 1: time.sleep"]),
        ("asyncio.sleep(0)", []),
        ("pytest.skip()", ["line 1: pytest.skip without a reason"]),
        ("pytest.mark.skipif(True)", ["line 1: pytest.mark.skipif without a reason"]),
        ("pytest.mark.skipif(True, reason='no GPU')", []),
    ],
)
def test_sleeps_and_unexplained_skips_are_found(text: str, expected: list[str]) -> None:
    assert list(violations(ast.parse(text))) == expected
