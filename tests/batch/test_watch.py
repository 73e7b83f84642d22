"""A watched folder; between two looks at it the test acts like a user."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from brushwork.batch.options import Options
from brushwork.batch.plan import Job
from brushwork.batch.record import Record
from brushwork.batch.run import run as run_jobs
from brushwork.batch.watch import watch
from brushwork.errors import UserError
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime


@pytest.fixture
def style(tmp_path: Path) -> str:
    Image.new("RGB", (32, 32), (255, 0, 0)).save(tmp_path / "red.png")
    return str(tmp_path / "red.png")


def looks(folder: Path, style: str, deeds: Sequence[Callable[[], object]], **options: Any) -> list[str]:
    """The reports while one action is done after each look; the watch ends with the last action."""
    target = folder.parent / "pastiches"
    rest: Iterator[Callable[[], object]] = iter(deeds)
    over = [False]

    def wait(_: float) -> None:
        deed = next(rest, None)
        over[0] = deed is None
        if deed:
            deed()

    stylizer = Stylizer(FakeRuntime())
    records = watch(folder, target, [style], stylizer, Options(**options), stop=lambda: over[0], wait=wait)
    return [record.error or Path(record.pastiche).name for record in records]


def nothing() -> None:
    """Do nothing between two looks."""


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    Image.new("RGB", (24, 20), (0, 0, 255)).save(folder / "first.png")
    return folder


def test_existing_and_new_pictures_are_rendered_once(inbox: Path, style: str) -> None:
    def drop() -> None:
        shutil.copy(inbox / "first.png", inbox / "second.png")

    assert looks(inbox, style, [nothing, drop, nothing, nothing, nothing]) == ["first.png", "second.png"]
    with Image.open(inbox.parent / "pastiches" / "second.png") as pastiche:
        assert (pastiche.size, pastiche.getpixel((3, 3))) == ((24, 20), (255, 0, 0))
    assert looks(inbox, style, [nothing, nothing, nothing]) == []  # a second start finds all of it done


def test_a_growing_file_is_rendered_when_it_is_complete(inbox: Path, style: str) -> None:
    whole = (inbox / "first.png").read_bytes()
    growing = inbox / "growing.png"
    deeds = [lambda: growing.write_bytes(whole[:40]), lambda: growing.write_bytes(whole), nothing, nothing]
    assert looks(inbox, style, deeds) == ["first.png", "growing.png"]


def test_a_broken_picture_is_reported_once_and_the_others_are_rendered(inbox: Path, style: str) -> None:
    (inbox / "broken.png").write_bytes(b"no picture")
    (inbox / "notes.txt").write_text("no picture, either")
    broken, first = looks(inbox, style, [nothing, nothing, nothing])
    assert "broken.png" in broken and "not a picture" in broken
    assert first == "first.png"


def test_a_changed_photo_is_rendered_again_only_with_overwrite(inbox: Path, style: str) -> None:
    def change() -> None:
        Image.new("RGB", (30, 20), (0, 255, 0)).save(inbox / "first.png")

    deeds = [nothing, change, nothing, nothing]
    assert looks(inbox, style, deeds, overwrite=True) == ["first.png", "first.png"]
    with Image.open(inbox.parent / "pastiches" / "first.png") as pastiche:
        assert pastiche.size == (30, 20)


def test_a_missing_folder_is_reported_once_and_waited_for(inbox: Path, style: str) -> None:
    away = inbox.with_name("away")
    deeds = [nothing, lambda: inbox.rename(away), nothing, nothing, lambda: away.rename(inbox), nothing, nothing]
    assert looks(inbox, style, deeds) == ["first.png", f"cannot read {inbox}: no such file; waiting for it"]


def test_a_removed_target_folder_is_created_again(inbox: Path, style: str) -> None:
    def remove() -> None:
        shutil.rmtree(inbox.parent / "pastiches")
        shutil.copy(inbox / "first.png", inbox / "second.png")

    assert looks(inbox, style, [nothing, remove, nothing, nothing]) == ["first.png", "second.png"]
    assert [path.name for path in (inbox.parent / "pastiches").iterdir()] == ["second.png"]


def test_a_picture_that_met_a_full_disk_is_rendered_when_there_is_room(
    inbox: Path, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, full = Path.write_bytes, [True]

    def write_bytes(path: Path, data: bytes) -> int:
        if full[0] and path.name.startswith(".brushwork-"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, data)

    def fill() -> None:
        full[0] = True
        shutil.copy(inbox / "first.png", inbox / "second.png")

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(UserError, match="pastiches takes no files: no space left on device$"):
        looks(inbox, style, [nothing])
    full[0] = False
    deeds = [nothing, fill, nothing, nothing, nothing, lambda: full.__setitem__(0, False), nothing, nothing]
    refused = f"{inbox.parent / 'pastiches'} takes no files: no space left on device; waiting until it does"
    assert looks(inbox, style, deeds) == ["first.png", refused, "second.png"]
    assert sorted(path.name for path in (inbox.parent / "pastiches").iterdir()) == ["first.png", "second.png"]


def test_a_style_is_read_once_and_checked_at_the_start(inbox: Path, style: str) -> None:
    def remove() -> None:
        Path(style).unlink()
        shutil.copy(inbox / "first.png", inbox / "second.png")

    assert looks(inbox, style, [nothing, nothing, remove, nothing, nothing]) == ["first.png", "second.png"]
    with pytest.raises(UserError, match=r"red\.png"):
        looks(inbox, style, [nothing])


def test_a_file_renamed_before_its_turn_is_rendered_under_its_new_name(
    inbox: Path, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(jobs: Sequence[Job], *given: Any, **named: Any) -> Iterator[Record]:
        if jobs[0].content == inbox / "first.png":
            (inbox / "first.png").rename(inbox / "renamed.png")
        return run_jobs(jobs, *given, **named)

    monkeypatch.setattr("brushwork.batch.watch.run", run)
    assert looks(inbox, style, [nothing] * 5) == ["renamed.png"]


def test_links_are_followed_and_pipes_and_folders_are_skipped(inbox: Path, style: str) -> None:
    (inbox / "gone.png").symlink_to(inbox / "nothing.png")
    (inbox / "loop.png").symlink_to(inbox / "loop.png")
    (inbox / "link.png").symlink_to(style)
    (inbox / "folder.png").mkdir()
    os.mkfifo(inbox / "pipe.png")
    shutil.copy(inbox / "first.png", inbox / "FIRST.png")
    assert sorted(looks(inbox, style, [nothing] * 4)) == ["FIRST.png", "first-2.png", "link.png"]


def test_unusable_folders_are_one_line_errors(inbox: Path, style: str) -> None:
    def start(folder: Path, target: Path, **options: Any) -> None:
        watch(folder, target, [style], Stylizer(FakeRuntime()), Options(**options), stop=lambda: True)

    with pytest.raises(UserError, match="no folder"):
        start(inbox / "none", inbox.parent)
    with pytest.raises(UserError, match="JPEG holds 8 bits per channel; choose PNG or TIFF"):
        start(inbox, inbox.parent / "pastiches", format="jpg", depth=16)
    with pytest.raises(UserError, match="unknown output format 'jpgg'"):
        start(inbox, inbox.parent / "pastiches", format="jpgg")
    with pytest.raises(UserError, match="is a file"):
        start(inbox, Path(style))
    with pytest.raises(UserError, match="would be stylised again"):
        start(inbox, inbox / ".." / "inbox")


def test_two_pictures_never_share_a_pastiche(tmp_path: Path) -> None:
    """With --format both would get the same name; the second gets a number."""
    (tmp_path / "in").mkdir()
    looks = 0

    def stop() -> bool:
        nonlocal looks
        looks += 1
        if looks == 1:
            Image.new("RGB", (20, 20), (9, 9, 9)).save(tmp_path / "in" / "a.png")
        if looks == 8:
            Image.new("RGB", (20, 20), (9, 9, 9)).save(tmp_path / "in" / "a.jpg")
        return looks > 16

    Image.new("RGB", (64, 64), (255, 0, 0)).save(tmp_path / "red.png")
    records = watch(
        tmp_path / "in", tmp_path / "out", [str(tmp_path / "red.png")], Stylizer(FakeRuntime(), style_size=96),
        Options(format="png"), stop=stop, wait=lambda seconds: None,
    )  # fmt: skip
    assert [(Path(record.content).name, Path(record.pastiche).name, record.error) for record in records] == [
        ("a.png", "a.png", None), ("a.jpg", "a-2.png", None),
    ]  # fmt: skip
