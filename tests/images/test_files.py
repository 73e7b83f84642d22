"""Files, streams and folders; files are written atomically."""

import io
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from brushwork import images
from brushwork.images import Image, ImageError, Picture
from tests.images.samples import RED, clip, encoded, levels, pixels, refused, smooth, written


def test_an_existing_file_is_kept_without_overwrite(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("mine")
    with pytest.raises(ImageError, match=r"^cannot write .*a\.png: it already exists$"):
        images.save(smooth(), path)
    assert path.read_text() == "mine"
    images.save(smooth(), path, overwrite=True)
    assert images.open(path).image.shape == (40, 56, 3)
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    path = tmp_path / "a.gif"

    def paint(image: Image) -> Image:
        path.write_text("mine")
        return image

    if not links:
        monkeypatch.setattr(os, "link", _no_links)
    picture = images.open(written(Picture(clip()), "GIF")).map(paint)
    with pytest.raises(ImageError, match=r"it already exists$"):
        images.save(picture, path)
    assert path.read_text() == "mine"
    assert [*tmp_path.iterdir()] == [path]


def _no_links(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_files_are_written_on_disks_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", _no_links)
    images.save(smooth(), tmp_path / "a.png")
    assert images.open(tmp_path / "a.png").image.shape == (40, 56, 3)
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_of_many_writers_one_wins(tmp_path: Path) -> None:
    path, refusals = tmp_path / "a.png", []

    def write() -> None:
        try:
            images.save(smooth(), path)
        except ImageError as error:
            refusals.append(str(error))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refusals) == 7
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_nothing_is_left_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException] | BaseException
) -> None:
    def fail(*_: object) -> None:
        raise stop

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt if stop is KeyboardInterrupt else ImageError, match=r"no space left|^$"):
        images.save(smooth(), tmp_path / "a.png", overwrite=True)
    assert [*tmp_path.iterdir()] == []


def test_folders_are_made_and_errors_named(tmp_path: Path) -> None:
    images.save(smooth(), tmp_path / "x" / "y" / "a.png")
    assert images.open(tmp_path / "x" / "y" / "a.png").format == "PNG"
    (tmp_path / "file").touch()
    with pytest.raises(ImageError, match=r"^cannot write .*a\.png: "):
        images.save(smooth(), tmp_path / "file" / "a.png")
    with pytest.raises(ImageError, match="it is a folder"):
        images.save(smooth(), tmp_path / "x", format="png", overwrite=True)
    with pytest.raises(ImageError, match=r"n\.png: file name too long"):
        images.save(smooth(), tmp_path / ("n" * 300 + "n.png"))


def test_umask_links_and_special_files_are_respected(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        images.save(smooth(), tmp_path / "a.png")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == 0o640
    with pytest.raises(ImageError, match="not a regular file"):
        images.save(smooth(), os.devnull, format="png", overwrite=True)
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    images.save(smooth(8, 8), tmp_path / "link.png", overwrite=True)
    assert (tmp_path / "link.png").is_symlink()
    assert images.open(tmp_path / "a.png").image.shape == (8, 8, 3)


def test_pictures_are_read_from_and_written_to_streams(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    images.save(images.open(encoded(pixels([RED]), "GIF")), buffer)
    assert images.open(buffer.getvalue()).format == "GIF"
    buffer.seek(0)
    assert levels(images.open(buffer).image).tolist() == [[[*RED]]]
    images.save(images.open(encoded(pixels([RED]), "BMP")), plain := io.BytesIO())
    assert images.open(plain.getvalue()).format == "PNG"
    path = tmp_path / "a.png"
    path.write_bytes(b"junk")
    with path.open("rb") as file:
        refused(file, r"a\.png: not a picture")


def test_find_lists_pictures_in_natural_order(tmp_path: Path) -> None:
    names = ["b10.JPG", "b2.jpg", "A1.png", "c.txt", ".hidden.png", "d.webp", "sub/e.tiff", "sub/c.gif"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in images.find(tmp_path)] == ["A1.png", "b2.jpg", "b10.JPG", "d.webp"]
    assert [path.name for path in images.find(tmp_path, recursive=True)][-2:] == ["c.gif", "e.tiff"]
    with pytest.raises(ImageError, match="no such file"):
        images.find(tmp_path / "none")
    with pytest.raises(ImageError, match="not a directory"):
        images.find(tmp_path / "c.txt")


def test_nothing_of_pillow_is_changed_and_pyvips_waits() -> None:
    code = (
        "import sys, io; from PIL import Image, ImageFile; before = Image.MAX_IMAGE_PIXELS, dict(Image.OPEN)\n"
        "from brushwork import images\n"
        "import numpy as n; b = io.BytesIO(); images.save(n.zeros((4, 4, 3), 'f'), b, format='png')\n"
        "images.open(b.getvalue())\n"
        "assert Image.MAX_IMAGE_PIXELS == before[0] and not ImageFile.LOAD_TRUNCATED_IMAGES\n"
        "assert not {'pyvips', 'torch', 'openvino'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
