"""Files that cannot be read or written are one-line errors."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from brushwork import images
from brushwork.images import ImageError, Metadata, Picture
from tests.images.samples import LOSSLESS, XMP, clip, encoded, exif_of, refused, smooth, written


def test_files_that_are_not_pictures_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "a.jpg"
    text.write_text("hello")
    refused(text, r"^cannot read .*a\.jpg: not a picture in a supported format \(JPEG, PNG")
    (tmp_path / "b.png").touch()
    refused(tmp_path / "b.png", r"b\.png: the file is empty$")
    refused(tmp_path / "c.png", r"c\.png: no such file$")
    refused(tmp_path, "it is a folder$")
    refused(b"", "^cannot read the picture: the file is empty$")
    refused(text / "d.png", r"d\.png: not a directory$")
    refused("a\0b.png", "character 0")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF", "BMP"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
def test_truncated_files_are_refused(kind: str, part: float, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(noise, kind)
    path = tmp_path / "cut.bin"
    path.write_bytes(data[: int(len(data) * part)])
    refused(path, r"cut\.bin")


@pytest.mark.parametrize("kind", LOSSLESS)
def test_truncated_deep_files_are_refused(kind: str) -> None:
    noise = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    data = written(noise, kind, depth=16)
    refused(data[: len(data) // 2], "damaged")


@pytest.mark.filterwarnings("ignore::UserWarning")  # what Pillow says of damaged EXIF, which is then left out
@pytest.mark.parametrize("kind", [*images.FORMATS])
def test_damaged_files_raise_nothing_but_image_errors(kind: str) -> None:
    generator = np.random.default_rng(0)
    good = written(Picture(clip(alpha=True), metadata=Metadata(exif_of(), XMP)), kind)
    for _ in range(25):
        bad = bytearray(good)
        for position in generator.integers(0, len(bad), 4):
            bad[position] = generator.integers(256)
        try:
            list(images.open(bytes(bad), max_pixels=10_000).frames)
        except ImageError as error:
            assert "\n" not in str(error)


def bomb(width: int, height: int) -> bytes:
    """A PNG of 33 bytes that claims a size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\0\0IDAT"


def test_pictures_above_the_limit_of_pixels_are_refused() -> None:
    refused(bomb(100_000, 100_000), "100000 x 100000 pixels exceed the limit of 400,000,000")
    refused(
        bomb(20_000, 19_000), "truncated|damaged|broken"
    )  # within it, though beyond Pillow's own: no warning, no error
    for kind in images.FORMATS:
        data = written(np.zeros((20, 20, 3), np.float32), kind)
        assert images.open(data, max_pixels=400).image.shape == (20, 20, 3)
        refused(data, "20 x 20 pixels exceed the limit of 399", max_pixels=399)


def test_unreadable_and_unwritable_paths_are_one_line_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    images.save(smooth(), tmp_path / "a.png")
    monkeypatch.setattr(Path, "read_bytes", forbid)  # rather than by mode, which does not stop the superuser
    refused(tmp_path / "a.png", r"^cannot read .*a\.png: permission denied$")
    monkeypatch.setattr(Path, "open", forbid)
    with pytest.raises(ImageError, match=r"^cannot write .*b\.png: permission denied$"):
        images.save(smooth(), tmp_path / "b.png")
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]
