"""Messages about unknown names and system errors."""

import errno

import pytest

from brushwork.errors import cut, in_one_line, nearest, unknown

LAYERS = [f"relu{block}_{layer}" for block in range(1, 6) for layer in range(1, 4)]


@pytest.mark.parametrize(
    ("wanted", "known", "expected"),
    [
        ("vp8", ("h264", "vp9"), "vp9"),
        ("VP9", ("h264", "vp9"), "vp9"),
        ("monet", ("Monet", "Manet"), "Monet"),
        ("xyz", ("h264", "vp9"), None),
        ("vp9", (), None),
    ],
)
def test_the_nearest_name_disregards_case_and_far_ones(
    wanted: str, known: tuple[str, ...], expected: str | None
) -> None:
    assert nearest(wanted, known) == expected


def test_long_text_is_cut() -> None:
    assert (cut("sea", 3), cut("stormy", 3), len(cut("a" * 10_000))) == ("sea", "st\u2026", 100)


@pytest.mark.parametrize(
    ("wanted", "known", "message"),
    [
        ("vp8", ("h264", "vp9"), "unknown name 'vp8'; did you mean 'vp9'? known: h264, vp9"),
        ("xyz", ("h264", "vp9"), "unknown name 'xyz'; known: h264, vp9"),
        ("relu33", LAYERS, "unknown name 'relu33'; did you mean 'relu3_3'?"),
        ("xyz", LAYERS, f"unknown name 'xyz'; known: {', '.join(LAYERS)}"),
    ],
)
def test_an_unknown_name_gets_the_nearest_or_all_of_a_few(wanted: str, known: list[str], message: str) -> None:
    assert unknown("name", wanted, known) == message


def test_system_errors_become_one_line() -> None:
    assert in_one_line(OSError(errno.ENOSPC, "No space left on device", "a.png")) == "a.png: no space left on device"
    assert in_one_line(BrokenPipeError(errno.EPIPE, "Broken pipe")) == "standard output: broken pipe"
    assert in_one_line(MemoryError()) == "not enough memory; try --size"
    assert in_one_line(ValueError("two\n  lines")) == "two lines"
