"""The layouts of published data sets, imitated with few pictures, one of them broken."""

import tarfile
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from brushwork.errors import UserError
from brushwork.training.data import DataError, DecodedPictures, ResidentPictures
from brushwork.training.labels import labels_of, read_labels
from brushwork.training.shards import find_shards, read_shard
from tests.training.samples import encoded, greys, write_tar

BROKEN = b"no picture at all"


def imagenet_folders(folder: Path) -> str:
    for number in range(4):
        path = folder / f"train/n0144{number % 2}/n0144{number % 2}_{number}.JPEG"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(40 * number, "JPEG") if number else BROKEN)
    return str(folder / "train")


def imagenet_tar(folder: Path) -> str:
    inner: dict[str, bytes] = {}
    for kind in range(2):
        files = {f"n0144{kind}_{n}.JPEG": encoded(80 * kind + 40 * n, "JPEG") for n in range(2)}
        path = write_tar(folder / "inner.tar", files | ({"n0144_x.JPEG": BROKEN} if kind else {}))
        inner[f"n0144{kind}.tar"] = path.read_bytes()
        path.unlink()
    return str(write_tar(folder / "ILSVRC2012_img_train.tar", inner))


def painter_by_numbers(folder: Path) -> str:
    with zipfile.ZipFile(folder / "train.zip", "w") as file:
        for number in range(4):
            packed = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)[number % 2]
            file.writestr(f"train/{number}.jpg", encoded(40 * number, "JPEG"), packed)
        file.writestr("train/9.jpg", BROKEN)
        file.writestr("__MACOSX/._0.jpg", b"none")
    return str(folder / "train.zip")


def dtd(folder: Path) -> str:
    files = {f"dtd/images/{('banded', 'dotted')[n % 2]}/{n}.jpg": encoded(40 * n, "JPEG") for n in range(4)}
    lines = {"train1": "banded/0.jpg\ndotted/1.jpg\n", "test1": "banded/2.jpg\ndotted/3.jpg\n"}
    files |= {f"dtd/labels/{name}.txt": text.encode() for name, text in lines.items()}
    files["dtd/images/banded/9.jpg"] = BROKEN
    with tarfile.open(folder / "dtd-r1.0.1.tar.gz", "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, BytesIO(data))
    return str(folder / "dtd-r1.0.1.tar.gz")


def coco(folder: Path) -> str:
    (folder / "annotations").mkdir()
    (folder / "annotations" / "instances_train2017.json").write_text("{}")
    (folder / "train2017").mkdir()
    for number in range(4):
        (folder / f"train2017/{number:012d}.jpg").write_bytes(encoded(40 * number, "JPEG"))
    (folder / "train2017" / "000000000009.jpg").write_bytes(BROKEN)
    return str(folder)


def wikiart(folder: Path) -> str:
    for number in range(4):
        path = folder / ("Cubism", "Pop_Art")[number % 2] / f"artist-{number % 2}_title-{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encoded(40 * number, "JPEG"))
    (folder / "Cubism" / "artist-9_broken.jpg").write_bytes(BROKEN)
    return str(folder)


def webdataset(folder: Path) -> str:
    for shard in range(2):
        files = {f"{shard}{n}.{kind}": data for n in range(2) for kind, data in (
            ("jpg", encoded(80 * shard + 40 * n, "JPEG")), ("json", b"{}"), ("cls", b"3"))}  # fmt: skip
        write_tar(folder / f"data-{shard:03d}.tar", files | ({"9.jpg": BROKEN} if shard else {}))
    return str(folder / "data-{000..001}.tar")


LAYOUTS = [imagenet_folders, imagenet_tar, painter_by_numbers, dtd, coco, wikiart, webdataset]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_every_layout_is_read_and_its_broken_picture_skipped(layout: Callable[[Path], str], tmp_path: Path) -> None:
    source = layout(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    resident = ResidentPictures(source, (0,))
    expected = [40, 80, 120] if layout is imagenet_folders else [0, 40, 80, 120]
    assert sorted(greys(resident, range(len(expected)))) == pytest.approx(expected, abs=2)
    assert len(resident.pixels) == len(expected) and len(resident.skipped) == 1
    streamed = DecodedPictures(source, (0,))
    seen = {round(grey / 40) * 40 for grey in greys(streamed, range(20))}
    streamed.close()
    assert seen == set(expected)
    assert sorted(tmp_path.rglob("*")) == before  # nothing is unpacked


def test_a_split_of_dtd_takes_its_pictures(tmp_path: Path) -> None:
    source = dtd(tmp_path)
    assert sorted(greys(ResidentPictures(f"{source}#train1", (0,)), range(2))) == pytest.approx([0, 40], abs=2)
    with pytest.raises(DataError, match="has no split 'train11'"):
        ResidentPictures(f"{source}#train11", (0,))


def test_numbers_in_braces_keep_their_digits(tmp_path: Path) -> None:
    webdataset(tmp_path)
    names = [Path(shard.address).name for shard in find_shards(str(tmp_path / "data-{000..001}.tar"))]
    assert names == ["data-000.tar", "data-001.tar"]
    remote = find_shards("http://127.0.0.1/x-{08..11}.tar")
    assert [shard.address[-6:-4] for shard in remote] == ["08", "09", "10", "11"]
    with pytest.raises(DataError, match=r"no pictures at .*data-002\.tar"):
        find_shards(str(tmp_path / "data-{000..002}.tar"))


@pytest.mark.parametrize("name", ["a.tar", "a.zip", "a.tar.gz"])
def test_a_damaged_archive_is_a_one_line_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x1f\x8bno archive" * 100)
    with pytest.raises(DataError) as raised:
        read_shard(find_shards(str(tmp_path / name))[0])
    assert str(raised.value).startswith(f"cannot read {tmp_path / name}: ") and "\n" not in str(raised.value)


def test_labels_of_data_sets_are_read(tmp_path: Path) -> None:
    for name in ("dtd", "wikiart"):
        (tmp_path / name).mkdir()
    textures = read_labels(Path(dtd(tmp_path / "dtd")))["texture"]
    assert labels_of(["x/dtd/images/dotted/1.jpg"], textures) == ["dotted"]
    paintings = read_labels(Path(wikiart(tmp_path / "wikiart")))
    assert labels_of(["Pop_Art/artist-1_title-3.jpg"], paintings["artist"]) == ["artist-1"]
    assert labels_of(["Pop_Art/artist-1_title-3.jpg"], paintings["movement"]) == ["Pop_Art"]
    table = tmp_path / "train_info.csv"
    table.write_text('artist,title,style,genre,date,filename\nada,"A, b",Cubism,portrait,1900,1.jpg\nada,C,,x,,2.jpg\n')
    info = read_labels(table)
    assert (info["artist"], info["movement"]) == ({"1.jpg": "ada", "2.jpg": "ada"}, {"1.jpg": "Cubism"})
    table.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="its columns must be filename, artist, style"):
        read_labels(table)
