"""Resolving style names: one rule for the command line, Python, clips and the server."""

from pathlib import Path

import numpy as np
import pytest

from brushwork.errors import UserError
from brushwork.styles import Gallery, NamedStyle, resolve

INK, WAVES = (NamedStyle(name, "print", "", {256: np.ones(3, np.float32)}) for name in ("ink", "waves"))


class Known(Gallery):
    styles = {"ink": INK, "waves": WAVES}  # noqa: RUF012


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_file_takes_precedence_over_a_name_and_a_folder_does_not() -> None:
    assert resolve("ink", Known(), files=True) is INK
    Path("ink").mkdir()
    assert resolve("ink", Known(), files=True) is INK
    assert resolve(Path("ink"), Known(), files=True) == Path("ink")  # a path is never a name
    Path("waves").write_bytes(b"")
    assert resolve("waves", Known(), files=True) == Path("waves")


def test_names_from_the_network_never_mean_files() -> None:
    Path("waves").write_bytes(b"")
    Path("secret.png").write_bytes(b"")
    assert resolve("waves", Known(), files=False) is WAVES
    for name in ("secret.png", str(Path("secret.png").resolve()), "/etc/passwd"):
        with pytest.raises(UserError, match="^no style '.*'; known styles: ink, waves$"):
            resolve(name, Known(), files=False)


def test_an_unknown_style_is_a_one_line_error() -> None:
    for name, words in (
        ("wavs", r"no picture 'wavs', and no style 'wavs'; did you mean 'waves'\?"),
        ("INK", "did you mean 'ink'"),
        ("i" * 500, "no picture 'i{99}\u2026', and no style 'i{99}\u2026'; known"),
        ("in\0k", "no picture"),
        ("", "a style has an empty name"),
    ):
        with pytest.raises(UserError, match=words):
            resolve(name, Known(), files=True)
    for path in ("wavs.jpg", "pictures/waves"):  # whoever opens it says that there is no such file
        assert resolve(path, Known(), files=True) == Path(path)


def test_a_table_accepts_its_names_and_no_files() -> None:
    table = Gallery(table=("dots", "lines"))
    Path("dots").write_bytes(b"")
    found = resolve("dots", table, files=True)
    assert isinstance(found, NamedStyle) and found.kind == "table"
    assert [style.at(size).tolist() for style in table.styles.values() for size in (80, 512)] == [
        [[1, 0]], [[1, 0]], [[0, 1]], [[0, 1]],
    ]  # fmt: skip
    with pytest.raises(UserError, match="no style 'dot.png'; did you mean 'dots'"):
        resolve("dot.png", table, files=True)
