"""An unusable file or path is one clear line on standard error and an exit code of 1, without a traceback."""

import io
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Paint, Run, colours, refused

pytestmark = pytest.mark.usefixtures("quick")


def bomb() -> bytes:
    """A PNG file of a few bytes that claims to be 120,000 x 120,000."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 120_000, 120_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def encoded(kind: str, height: int = 96, width: int = 128) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(colours(height, width)).save(buffer, kind)
    return buffer.getvalue()


def corrupt() -> bytes:
    """A PNG file with a changed byte in the middle."""
    data = bytearray(encoded("PNG"))
    data[len(data) // 2] ^= 0xFF
    return bytes(data)


# Pictures nobody can use -> what the line about them says.
BAD = {
    "empty.jpg": (b"", "the file is empty"),
    "truncated.jpg": (encoded("JPEG")[:-400], "the file is damaged"),
    "truncated.png": (encoded("PNG")[:-400], "the file is damaged"),
    "corrupt.png": (corrupt(), "the file is damaged"),
    "text.jpg": (b"Dear diary,\n", "not a picture in a supported format"),
    "bomb.png": (bomb(), "120000 x 120000 pixels exceed the limit"),
    "dot.png": (encoded("PNG", 1, 1), "1 x 1 pixels; both sides must be at least 16"),
    "thread.png": (encoded("PNG", 4000, 5), "5 x 4000 pixels; both sides must be at least 16"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_unusable_content_is_a_one_line_error(brushwork: Run, here: Path, style: str, name: str) -> None:
    data, reason = BAD[name]
    (here / name).write_bytes(data)
    line = refused(brushwork, name, "-s", style)
    assert name in line and reason in line
    assert {path.name for path in here.iterdir()} == {name, style}  # no half-written file either


@pytest.mark.parametrize("name", BAD)
def test_an_unusable_style_is_a_one_line_error(brushwork: Run, here: Path, photo: str, style: str, name: str) -> None:
    data, reason = BAD[name]
    (here / name).write_bytes(data)
    line = refused(brushwork, photo, photo, "-s", style, "-s", name)  # one line for all contents
    assert name in line and reason in line


def test_a_style_of_extreme_proportions_is_refused(brushwork: Run, paint: Paint, photo: str) -> None:
    line = refused(brushwork, photo, "-s", paint("ribbon.png", 1600, 16).name)
    assert line == "ribbon.png: the style is 1600 x 16: more than 32 times as long as wide"


def test_missing_files_are_one_line_errors(brushwork: Run, here: Path, photo: str, style: str) -> None:
    (here / "dangling.jpg").symlink_to("nowhere.jpg")
    assert refused(brushwork, "gone.jpg", "-s", style) == "cannot read gone.jpg: no such file"
    assert refused(brushwork, photo, "-s", "gone.jpg") == "cannot read gone.jpg: no such file"
    assert refused(brushwork, "dangling.jpg", "-s", style) == "cannot read dangling.jpg: no such file"
    assert refused(brushwork, f"{photo}/below.jpg", "-s", style) == f"cannot read {photo}/below.jpg: not a directory"
    assert "file name too long" in refused(brushwork, "x" * 300, "-s", style)
    (here / "empty").mkdir()
    assert refused(brushwork, photo, "-s", "empty") == "no pictures in the folder empty"
    assert refused(brushwork, "", "-s", style) == "a content has an empty name"


def test_a_folder_without_pictures_is_a_one_line_error(brushwork: Run, here: Path, style: str) -> None:
    (here / "folder/below").mkdir(parents=True)
    (here / "folder/notes.txt").write_text("words")
    assert refused(brushwork, "folder", "-s", style) == "no pictures in the folder folder (try --recursive)"
    assert refused(brushwork, "folder", "-s", style, "-r") == "no pictures in the folder folder"


def test_unwritable_targets_are_one_line_errors(brushwork: Run, here: Path, photo: str, style: str) -> None:
    (here / "notes").write_text("words")
    assert "not a directory" in refused(brushwork, photo, "-s", style, "-o", f"{style}/below/pastiche.jpg")
    assert refused(brushwork, photo, "-s", style, "-o", "notes") == "notes is a file, not a folder to write to"
    assert refused(brushwork, photo, "-s", style, "-o", f"{style}/") == f"{style} is a file, not a folder to write to"
    assert refused(brushwork, photo, "-s", style, "-o", "/proc/pastiche.jpg").startswith(
        "cannot write /proc/pastiche.jpg"
    )
    assert (here / "notes").read_text() == "words"


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root can read everything, so the test runs as another user."""
    import brushwork.batch.run
    import brushwork.cli.report  # noqa: F401, whoever nobody is may not read these

    if os.geteuid() == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(os.getuid())


def test_targets_without_permission_are_one_line_errors(
    brushwork: Run, here: Path, paint: Paint, photo: str, style: str
) -> None:
    for name in ("secret.jpg", "vault/a.jpg", "drawer/a.jpg", "done.jpg"):
        paint(name)
    here.chmod(0o777)
    for name, mode in (("secret.jpg", 0), ("vault", 0), ("drawer", 0o555), ("done.jpg", 0o444)):
        (here / name).chmod(mode)
    with as_nobody():
        assert refused(brushwork, "secret.jpg", "-s", style) == "cannot read secret.jpg: permission denied"
        line = refused(brushwork, photo, "-s", style, "-o", "done.jpg", "--overwrite")
        assert line == "cannot write done.jpg: it is read-only"
        assert refused(brushwork, photo, "-s", "secret.jpg") == "cannot read secret.jpg: permission denied"
        assert refused(brushwork, "vault/a.jpg", "-s", style) == "vault/a-waves.jpg: permission denied"
        assert refused(brushwork, "vault", "-s", style) == "cannot read vault: permission denied"
        assert (
            refused(brushwork, photo, "-s", style, "-o", "drawer") == f"cannot write drawer/{photo}: permission denied"
        )
        assert refused(brushwork, photo, "-s", style, "-o", "vault/b.jpg").endswith(": permission denied")
        assert refused(brushwork, photo, "-s", style, "-o", "drawer/new/").endswith(": permission denied")
    (here / "vault").chmod(0o755)


def test_a_named_pipe_as_content_is_refused(brushwork: Run, here: Path, photo: str, style: str) -> None:
    """A pipe can be read once only, and a file is read twice; nobody writes into this one, which must not hang."""
    os.mkfifo(here / "pipe.jpg")
    refusal = "cannot read pipe.jpg: it is not a regular file; send its contents to standard input"
    assert refused(brushwork, "pipe.jpg", "-s", style) == refusal
    assert refused(brushwork, photo, "-s", "pipe.jpg") == refusal


def test_a_picture_is_not_written_to_a_terminal(
    brushwork: Run, photo: str, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert "a picture cannot be shown in a terminal" in refused(brushwork, photo, "-s", style, "-o", "-")


def test_one_target_file_for_many_pastiches_is_refused(brushwork: Run, paint: Paint, photo: str, style: str) -> None:
    other = paint("other.jpg")
    line = refused(brushwork, photo, other, "-s", style, "-o", "one.jpg")
    assert line == "one.jpg is one file, but there are 2 pastiches; give a folder"


def test_a_folder_in_the_place_of_a_target_file_is_refused(brushwork: Run, here: Path, photo: str, style: str) -> None:
    (here / "out" / photo).mkdir(parents=True)
    assert "exists" in refused(brushwork, photo, "-s", style, "-o", "out")
    assert "it is a folder" in refused(brushwork, photo, "-s", style, "-o", "out", "--overwrite")


@pytest.mark.parametrize("victim", ["photo.jpg", "waves.png", "./photo.jpg", "link.jpg"])
def test_a_pastiche_never_overwrites_its_content_or_style(
    brushwork: Run, here: Path, photo: str, style: str, victim: str
) -> None:
    (here / "link.jpg").symlink_to(photo)
    before = (here / photo).read_bytes(), (here / style).read_bytes()
    line = refused(brushwork, photo, "-s", style, "-o", victim, "--overwrite")
    assert "is also read" in line
    assert ((here / photo).read_bytes(), (here / style).read_bytes()) == before
