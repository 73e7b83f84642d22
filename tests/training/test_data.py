"""Batches are the same whoever makes them, and bad sources are said in one line."""

import logging
import sys
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from brushwork.images import ImageError
from brushwork.training import shards
from brushwork.training.augmentation import CONTENT, NOTHING, STYLE
from brushwork.training.data import Batch, Batches, DataError, DecodedPictures, Feed, Pictures, ResidentPictures
from brushwork.training.shards import Entry, decode, find_shards, read_shard


def encoded(number: int, kind: str = "PNG", size: tuple[int, int] = (20, 16)) -> bytes:
    """A picture of one grey, `number`, so that it can be told from others; with a corner in white."""
    pixels = np.full((*size[::-1], 3), number, np.uint8)
    pixels[0, 0] = 255
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, BytesIO(data))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Seven pictures of different sizes, one of them deeper, and a text that is none."""
    (tmp_path / "pictures" / "deep").mkdir(parents=True)
    for number in range(7):
        place = tmp_path / "pictures" / ("deep" if number == 3 else "") / f"{number}.png"
        place.write_bytes(encoded(10 * number, size=(16 + number, 20)))
    (tmp_path / "pictures" / "notes.txt").write_text("not a picture")
    return tmp_path / "pictures"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """Serves tmp_path; gives the address, and a list that fills with what was asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, *status: Any) -> None:
            asked.append(self.path)

        def log_message(self, *message: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path))) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()
        thread.join()


def batches(content: Pictures, style: Pictures, batch_size: int = 4, **options: Any) -> Batches:
    return Batches(Feed(content, (8,), CONTENT), Feed(style, range(8, 13), STYLE), batch_size=batch_size, **options)


def decoded(folder: Path, workers: int = 2, **options: Any) -> Batches:
    content, style = (DecodedPictures(folder, (0, half), workers=workers) for half in range(2))
    return batches(content, style, **options)


def assert_equal(one: Batch, other: Batch) -> None:
    assert one.targets is None and other.targets is None
    for a, b in zip(one[:3], other[:3], strict=True):
        assert torch.equal(a, b)


def greys(pictures: Pictures, slots: range) -> list[int]:
    return [int(pixels[0, -1, -1]) for _, pixels in pictures.take(slots)]


def test_batches_are_images_of_the_promised_shape(folder: Path) -> None:
    with decoded(folder) as data:
        sides = set()
        for batch in map(data.batch, range(8)):
            assert batch.content.shape == (4, 3, 8, 8)
            assert batch.content.dtype == batch.style.dtype == torch.float32
            assert batch.style.shape[:2] == (4, 3)
            assert 0 <= batch.style.min() <= batch.style.max() <= 1
            sides.add(batch.style.shape[2:])
    assert len(sides) > 1
    assert sides <= {(side, side) for side in range(8, 13)}


def test_neither_threads_nor_residence_nor_a_second_run_change_anything(folder: Path) -> None:
    resident = batches(ResidentPictures(folder, (0, 0)), ResidentPictures(folder, (0, 1)))
    with decoded(folder) as first, decoded(folder, workers=0) as second:
        for step in range(4):
            assert_equal(first.batch(step), second.batch(step))
            assert_equal(first.batch(step), resident.batch(step))
        assert not torch.equal(first.batch(0).content, first.batch(1).content)
    with decoded(folder, seed=1) as other:
        assert not torch.equal(other.batch(0).content, resident.batch(0).content)


def test_a_run_goes_on_where_it_stopped(folder: Path) -> None:
    with decoded(folder) as whole, decoded(folder) as resumed:
        expected = [whole.batch(step) for step in range(6)][3:]
        for step, batch in enumerate(expected, start=3):
            assert_equal(batch, resumed.batch(step))


def test_processes_share_the_batch_of_one(folder: Path) -> None:
    with decoded(folder) as whole:
        for step in range(4):
            shares = []
            for rank in range(2):
                with decoded(folder, batch_size=2, rank=rank, world_size=2) as part:
                    shares.append(part.batch(step))
            expected = whole.batch(step)
            for name in ("content", "style", "style_number"):
                together = torch.cat([getattr(share, name) for share in shares])
                torch.testing.assert_close(together, getattr(expected, name), rtol=0, atol=1e-6)


def test_every_epoch_shows_every_picture_once(folder: Path) -> None:
    pictures = ResidentPictures(folder, (5,))
    epochs = [greys(pictures, range(7 * epoch, 7 * epoch + 7)) for epoch in range(3)]
    assert all(sorted(epoch) == [0, 10, 20, 30, 40, 50, 60] for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_styles_are_known_by_number(folder: Path) -> None:
    style = ResidentPictures(folder, (0, 1))
    data = Batches(Feed(ResidentPictures(folder, (0, 0)), (8,), NOTHING), Feed(style, (8,), NOTHING), batch_size=7)
    batch = data.batch(0)
    assert sorted(batch.style_number.tolist()) == list(range(7))
    for image, number in zip(batch.style, batch.style_number, strict=True):
        assert round(255 * image[0, -1, -1].item()) == style.pixels[number][0, -1, -1]


def test_equal_seeds_are_refused(folder: Path) -> None:
    pictures = ResidentPictures(folder, (0,))
    with pytest.raises(ValueError, match="same seed"):
        batches(pictures, pictures)


@pytest.mark.parametrize("mode", [ResidentPictures, DecodedPictures])
def test_unreadable_pictures_are_skipped_and_named(
    folder: Path, mode: type[ResidentPictures | DecodedPictures], caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "broken.png").write_bytes(encoded(200)[:60])
    (folder / "empty.jpg").write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        pictures = mode(folder, (0,), workers=1)
        seen = greys(pictures, range(18))
        pictures.close()
    assert set(seen) == {0, 10, 20, 30, 40, 50, 60}
    assert {Path(name).name for name in pictures.skipped} == {"broken.png", "empty.jpg"}
    assert len(caplog.records) == 2
    assert "broken.png" in caplog.text
    assert "(2 so far)" in caplog.text


def test_a_source_without_pictures_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for mode in (ResidentPictures, DecodedPictures):
        with pytest.raises(DataError, match="not one readable picture in .*empty"):
            mode(tmp_path / "empty", (0,))
    (tmp_path / "empty" / "broken.png").write_bytes(b"no")
    with pytest.raises(DataError, match="not one readable picture"):
        ResidentPictures(tmp_path / "empty", (0,))
    pictures = DecodedPictures(tmp_path / "empty", (0,))
    with pytest.raises(DataError, match="not one readable picture"):
        pictures.take(range(2))
    pictures.close()


def test_sources_of_every_kind(folder: Path, tmp_path: Path) -> None:
    for name in ("a.tar", "b.tar"):
        write_tar(tmp_path / name, {f"{name}-1.png": encoded(1), "notes.txt": b"none", "x/2.jpg": encoded(2, "JPEG")})
    listing = tmp_path / "list.txt"
    listing.write_text("# two\na.tar\t2\nb.tar\n\nhttp://127.0.0.1/c d.tar\t12\n")
    assert [shard.count for shard in find_shards(listing)] == [2, None, 12]
    assert find_shards(str(listing))[2].remote
    both = find_shards(str(tmp_path / "*.tar"))
    assert both == find_shards([tmp_path / "a.tar", tmp_path / "b.tar"])
    assert [Path(entry.name).name for entry in read_shard(both[0])] == ["a.tar-1.png", "2.jpg"]
    assert len(ResidentPictures([tmp_path / "*.tar", folder, folder / "1.png"], (0,)).pixels) == 2 + 2 + 7 + 1


def test_errors_of_sources_are_one_line(tmp_path: Path) -> None:
    write_tar(tmp_path / "style-00.tar", {"1.png": encoded(1)})
    with pytest.raises(DataError, match=r"no pictures at .*; did you mean 'style-00.tar'\?"):
        find_shards(tmp_path / "style-01.tar")
    (tmp_path / "model.bin").write_bytes(b"no")
    with pytest.raises(DataError, match="neither a folder, a .tar nor a picture"):
        find_shards(tmp_path / "model.bin")
    (tmp_path / "cut.tar").write_bytes(b"no tar at all")
    with pytest.raises(DataError, match=r"cannot read .*cut.tar"):
        DecodedPictures(tmp_path / "cut.tar", (0,))
    (tmp_path / "list.txt").write_text("style-00.tar\t3\n")
    with pytest.raises(DataError, match="holds 1 pictures, not 3"):
        DecodedPictures(tmp_path / "list.txt", (0,))
    (tmp_path / "list.txt").write_text("style-00.tar\tmany\n")
    with pytest.raises(DataError, match="not a number of pictures"):
        find_shards(tmp_path / "list.txt")


def test_large_pictures_are_shrunk_and_transparency_lies_on_white(tmp_path: Path) -> None:
    pixels = decode(Entry("large", data=encoded(100, size=(200, 100))), 50)
    assert pixels.shape == (3, 50, 100)
    buffer = BytesIO()
    Image.new("RGBA", (4, 4), (0, 0, 0, 51)).save(buffer, "PNG")  # a fifth black
    assert set(decode(Entry("pale", data=buffer.getvalue()), 50).flat) == {204}


def test_a_picture_of_a_codec_that_is_not_installed_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvips", None)
    with pytest.raises(ImageError, match="cannot read deep without pyvips"):
        decode(Entry("deep", data=encoded(1, "TIFF")), 50)


def stream(tmp_path: Path, address: str, counts: bool) -> Path:
    """A list of four shards of three pictures each, greys 0, 1, 2, then 10, 11, 12 and so on."""
    lines = []
    for shard in range(4):
        write_tar(tmp_path / f"{shard}.tar", {f"{k}.png": encoded(10 * shard + k) for k in range(3)})
        lines.append(f"{address}/{shard}.tar" + ("\t3" if counts else ""))
    (tmp_path / "list.txt").write_text("\n".join(lines))
    return tmp_path / "list.txt"


@pytest.mark.parametrize("counts", [True, False])
def test_streams_go_on_where_they_stopped(tmp_path: Path, server: tuple[str, list[str]], counts: bool) -> None:
    address, asked = server
    source = stream(tmp_path, address, counts)
    whole = DecodedPictures(source, (0,))
    expected = [grey for first in range(0, 24, 2) for grey in greys(whole, range(first, first + 2))]
    whole.close()
    everything = sorted(10 * shard + k for shard in range(4) for k in range(3))
    assert sorted(expected[:12]) == sorted(expected[12:]) == everything
    assert expected[:12] != expected[12:]
    assert expected[:12] != everything
    asked.clear()
    resumed = DecodedPictures(source, (0,))
    assert greys(resumed, range(9, 12)) == expected[9:12]
    resumed.close()
    assert len(set(asked)) <= (2 if counts else 4)  # its shard and the next, or all that came before as well


def test_streams_can_be_resident_too(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    pictures = ResidentPictures(stream(tmp_path, server[0], counts=True), (0,))
    assert sorted(greys(pictures, range(12))) == sorted(10 * shard + k for shard in range(4) for k in range(3))


def test_a_broken_connection_is_tried_again(
    tmp_path: Path, server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    address, asked = server
    monkeypatch.setattr(shards, "PAUSES", (0.0, 0.0))
    (tmp_path / "cut.tar").write_bytes(write_tar(tmp_path / "whole.tar", {"1.png": encoded(1)}).read_bytes()[:520])
    with pytest.raises(DataError, match=r"cannot fetch .*cut.tar"):
        read_shard(shards.Shard(f"{address}/cut.tar"))
    assert len(asked) == 3
    assert caplog.text.count("trying again") == 2
    with pytest.raises(DataError, match="404"):
        read_shard(shards.Shard(f"{address}/missing.tar"))
    assert asked[3:] == ["/missing.tar"]
