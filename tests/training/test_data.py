"""Batches depend only on seed and step, and unreadable sources are one-line errors."""

import logging
import sys
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from brushwork.images import ImageError
from brushwork.networks import PasticheConfig
from brushwork.training import pictures as source_pictures
from brushwork.training import student
from brushwork.training.augmentation import CONTENT, NOTHING, STYLE
from brushwork.training.config import Recipe
from brushwork.training.data import Batch, Batches, DataError, DecodedPictures, Feed, Pictures, ResidentPictures
from brushwork.training.shards import Entry, decode, find_shards, read_shard
from tests.training.samples import encoded, greys, write_tar


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Seven pictures of different sizes, one of them in a subfolder, and a text file."""
    (tmp_path / "pictures" / "deep").mkdir(parents=True)
    for number in range(7):
        place = tmp_path / "pictures" / ("deep" if number == 3 else "") / f"{number}.png"
        place.write_bytes(encoded(10 * number, size=(16 + number, 20)))
    (tmp_path / "pictures" / "notes.txt").write_text("not a picture")
    return tmp_path / "pictures"


def batches(content: Pictures, style: Pictures, batch_size: int = 4, **options: Any) -> Batches:
    return Batches(Feed(content, (8,), CONTENT), Feed(style, range(8, 13), STYLE), batch_size=batch_size, **options)


def decoded(folder: Path, workers: int = 2, **options: Any) -> Batches:
    content, style = (DecodedPictures(folder, (0, half), workers=workers) for half in range(2))
    return batches(content, style, **options)


def assert_equal(one: Batch, other: Batch) -> None:
    assert one.targets is None and other.targets is None
    for a, b in zip(one[:3], other[:3], strict=True):
        assert torch.equal(a, b)


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


def test_batches_do_not_depend_on_threads_or_residence(folder: Path) -> None:
    resident = batches(ResidentPictures(folder, (0, 0)), ResidentPictures(folder, (0, 1)))
    with decoded(folder) as first, decoded(folder, workers=0) as second:
        for step in range(4):
            assert_equal(first.batch(step), second.batch(step))
            assert_equal(first.batch(step), resident.batch(step))
        assert not torch.equal(first.batch(0).content, first.batch(1).content)
    with decoded(folder, seed=1) as other:
        assert not torch.equal(other.batch(0).content, resident.batch(0).content)


def test_batches_continue_where_a_run_stopped(folder: Path) -> None:
    with decoded(folder) as whole, decoded(folder) as resumed:
        expected = [whole.batch(step) for step in range(6)][3:]
        for step, batch in enumerate(expected, start=3):
            assert_equal(batch, resumed.batch(step))


def test_processes_divide_the_batch_of_one(folder: Path) -> None:
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


def test_every_epoch_contains_every_picture_once(folder: Path) -> None:
    pictures = ResidentPictures(folder, (5,))
    epochs = [greys(pictures, range(7 * epoch, 7 * epoch + 7)) for epoch in range(3)]
    assert all(sorted(epoch) == [0, 10, 20, 30, 40, 50, 60] for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_styles_have_unique_numbers(folder: Path) -> None:
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


def test_a_source_without_pictures_is_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for mode in (ResidentPictures, DecodedPictures):
        with pytest.raises(DataError, match="no readable picture in .*empty"):
            mode(tmp_path / "empty", (0,))
    (tmp_path / "empty" / "broken.png").write_bytes(b"no")
    with pytest.raises(DataError, match="no readable picture"):
        ResidentPictures(tmp_path / "empty", (0,))
    pictures = DecodedPictures(tmp_path / "empty", (0,))
    with pytest.raises(DataError, match="no readable picture"):
        pictures.take(range(2))
    pictures.close()


def test_sources_of_every_kind_are_read(folder: Path, tmp_path: Path) -> None:
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


def test_errors_of_sources_are_one_line_errors(tmp_path: Path) -> None:
    write_tar(tmp_path / "style-00.tar", {"1.png": encoded(1)})
    with pytest.raises(DataError, match=r"no pictures at .*; did you mean 'style-00.tar'\?"):
        find_shards(tmp_path / "style-01.tar")
    (tmp_path / "model.bin").write_bytes(b"no")
    with pytest.raises(DataError, match="is not a folder, an archive or a picture"):
        find_shards(tmp_path / "model.bin")
    (tmp_path / "cut.tar").write_bytes(b"no tar at all")
    with pytest.raises(DataError, match=r"cannot read .*cut.tar"):
        DecodedPictures(tmp_path / "cut.tar", (0,))
    (tmp_path / "list.txt").write_text("style-00.tar\t3\n")
    with pytest.raises(DataError, match="contains 1 pictures, not 3"):
        DecodedPictures(tmp_path / "list.txt", (0,))
    (tmp_path / "list.txt").write_text("style-00.tar\tmany\n")
    with pytest.raises(DataError, match="is not a number of pictures"):
        find_shards(tmp_path / "list.txt")


def test_large_pictures_are_reduced_and_transparency_becomes_white(tmp_path: Path) -> None:
    pixels = decode(Entry("large", data=encoded(100, size=(200, 100))), 50)
    assert pixels.shape == (3, 50, 100)
    buffer = BytesIO()
    Image.new("RGBA", (4, 4), (0, 0, 0, 51)).save(buffer, "PNG")  # a fifth black
    assert set(decode(Entry("pale", data=buffer.getvalue()), 50).flat) == {204}


def test_a_picture_of_a_codec_that_is_not_installed_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvips", None)
    with pytest.raises(ImageError, match="cannot read deep without pyvips"):
        decode(Entry("deep", data=encoded(1, "TIFF")), 50)


def test_a_limit_chooses_by_seed_and_a_larger_one_adds_to_the_same_pictures(folder: Path) -> None:
    def taken(limit: int, seed: int = 0) -> set[int]:
        resident = ResidentPictures(folder, (seed, 1), limit=limit)
        pictures = DecodedPictures(folder, (seed, 1), limit=limit)
        greys_of_both = greys(resident, range(limit)), greys(pictures, range(limit))
        pictures.close()
        assert greys_of_both[0] == greys_of_both[1]
        return set(greys_of_both[0])

    sets = [taken(limit) for limit in (1, 3, 5, 7)]
    assert [len(each) for each in sets] == [1, 3, 5, 7]
    assert all(less < more for less, more in pairwise(sets))
    assert len({frozenset(taken(3, seed)) for seed in range(4)}) > 1


def test_a_limit_of_remote_pictures_is_refused() -> None:
    with pytest.raises(DataError, match="a limit needs all of them on disk"):
        DecodedPictures("http://127.0.0.1/a.tar", (0,), limit=3)


def test_a_picture_of_too_many_pixels_is_refused_from_its_header(tmp_path: Path) -> None:
    """Its file is valid and small, but 240 million pixels of one colour would take 2.9 GB as an image."""
    Image.new("L", (24_000, 10_000)).save(tmp_path / "bomb.png")
    (tmp_path / "small.png").write_bytes(encoded(7))
    with pytest.raises(ImageError, match="24000 x 10000 pixels exceed the limit"):
        decode(Entry("bomb.png", str(tmp_path / "bomb.png")), 256)
    resident = ResidentPictures(tmp_path, (0,))
    assert len(resident.pixels) == 1 and list(resident.skipped) == [str(tmp_path / "bomb.png")]


def test_pictures_that_do_not_fit_into_memory_are_refused_early(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(7, 40):
        (folder / f"{number}.png").write_bytes(encoded(number))
    monkeypatch.setattr(source_pictures, "SAMPLE", 10)
    monkeypatch.setattr(source_pictures, "LOG_EVERY", 10)
    with caplog.at_level(logging.INFO):
        assert len(ResidentPictures(folder, (0,)).pixels) == 40
    assert "30 of 40 pictures decoded" in caplog.text
    free = type("Memory", (), {"available": 20_000})  # 30 pictures of 20 x 16 take 28,800 bytes
    monkeypatch.setattr("psutil.virtual_memory", lambda: free)
    with pytest.raises(DataError, match=r"GB of memory are free; set data\.resident=false"):
        ResidentPictures(folder, (0,))


def test_a_predictor_without_pretrained_weights_gives_a_notice(caplog: pytest.LogCaptureFixture) -> None:
    network = PasticheConfig(backbone={"name": "mobilenet_v2"}, width=0.05)
    student.create_network(Recipe(network=network))
    assert "pretrained is not set" in caplog.text
    caplog.clear()
    student.create_network(Recipe(network=PasticheConfig(styles=("a",), width=0.05)))
    assert "pretrained" not in caplog.text
