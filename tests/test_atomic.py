"""Atomic files, seen from outside while they are written."""

import errno
import os
import stat
from pathlib import Path

import pytest

from brushwork import atomic
from brushwork.errors import in_one_line


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.txt"
    with atomic.write(target) as part:
        part.write_text("half")
        assert not target.exists()
        part.write_text("whole")
    assert target.read_text() == "whole"
    assert [*target.parent.iterdir()] == [target]


def test_an_error_leaves_the_existing_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    atomic.write_text(target, "before\n")
    with pytest.raises(ZeroDivisionError), atomic.write(target) as part:
        part.write_text("half")
        raise ZeroDivisionError
    assert target.read_bytes() == b"before\n"
    assert [*tmp_path.iterdir()] == [target]


def test_an_error_of_an_open_file_names_the_file(tmp_path: Path) -> None:
    """The operating system does not say which file did not fit on a disk."""
    target = tmp_path / "a.txt"
    with pytest.raises(OSError) as caught, atomic.write(target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert in_one_line(caught.value) == f"{target}: no space left on device"
    with pytest.raises(OSError) as caught, atomic.write(target):
        (tmp_path / "other").read_text()
    assert in_one_line(caught.value) == f"{tmp_path / 'other'}: no such file or directory"


@pytest.mark.parametrize("overwrite", [True, False])
def test_folders_and_devices_are_never_replaced(tmp_path: Path, overwrite: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("pipe")
    for name, message in (("pipe", "pipe: not a regular file"), ("link", "pipe: not a regular file"),
                          ("folder", "folder: is a directory")):  # fmt: skip
        with pytest.raises(OSError) as caught:
            atomic.write_text(tmp_path / name, "text", overwrite=overwrite)
        assert in_one_line(caught.value) == f"{tmp_path / message}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link", "pipe"]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_created_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    target = tmp_path / "a.txt"
    atomic.write_text(target, "mine", overwrite=False)
    with pytest.raises(FileExistsError):
        atomic.write_text(target, "yours", overwrite=False)
    assert target.read_text() == "mine"
    atomic.write_text(target, "replaced")
    assert target.read_text() == "replaced"
    assert [*tmp_path.iterdir()] == [target]


def test_links_are_followed_and_modes_follow_the_umask(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "a.txt")
    before = os.umask(0o027)
    try:
        atomic.write_bytes(tmp_path / "link", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "link").is_symlink()
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"before")
    (tmp_path / "a.txt").chmod(0o604)
    atomic.write_bytes(tmp_path / "a.txt", b"after")
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o604


def test_a_read_only_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_bytes(b"before")
    (tmp_path / "a.txt").chmod(0o444)
    assert not atomic.is_writable(tmp_path / "missing") and atomic.is_writable(tmp_path)
    if os.geteuid() == 0:  # who may write everything
        monkeypatch.setattr(atomic, "is_writable", lambda path: path.stat().st_mode & 0o200)
    with pytest.raises(PermissionError):
        atomic.write_bytes(tmp_path / "a.txt", b"after")
    assert (tmp_path / "a.txt").read_bytes() == b"before" and len([*tmp_path.iterdir()]) == 1


def test_a_file_in_place_of_a_folder_is_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        atomic.write_text(tmp_path / "file" / "a.txt", "x")
