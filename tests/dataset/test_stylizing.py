"""Stylised data sets: names, classes and labels, the manifest, kinds of sources, and resumed runs."""

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from brushwork import UserError, model_folder, stylizer
from brushwork.augment.draws import Draws
from brushwork.dataset.parts import Part
from brushwork.dataset.places import Place
from brushwork.dataset.plan import Plan, Report, open_plan
from brushwork.dataset.run import join_parts, run_here, run_plan
from brushwork.dataset.stylizing import Stylizing, number_of
from brushwork.styles import distribution
from tests.dataset.samples import BROKEN, NAMES, encoded, rows_of, write_parquet, write_tar

LABELS = "labels.csv"


def made(
    source: Path | str, target: Path | str, model: Path, together: int = 3, **values: Any
) -> tuple[Plan, list[Report]]:
    plan = open_plan(str(source), str(target), Stylizing(model=str(model), **values), together=together)
    reports = list(run_plan(plan, run_here(1, "cpu")))
    join_parts(plan, "manifest.parquet")
    return plan, reports


def files(folder: Path) -> set[str]:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith(("plan.", "manifest"))}


def test_a_folder_keeps_its_names_classes_and_labels(photos: Path, tmp_path: Path, model: Path) -> None:
    _, reports = made(photos, tmp_path / "out", model)
    assert files(tmp_path / "out") == {*NAMES, LABELS}
    assert (tmp_path / "out" / LABELS).read_bytes() == (photos / LABELS).read_bytes()
    assert sum(report.made for report in reports) == 8
    (line,) = [line for report in reports for line in report.bad]
    assert line.startswith(f"{BROKEN}: ")
    for name in NAMES:
        with Image.open(tmp_path / "out" / name) as image:
            assert (image.size, image.format) == ((40, 32), "JPEG")


def test_the_manifest_states_the_draws_and_they_can_be_repeated(photos: Path, tmp_path: Path, model: Path) -> None:
    made(photos, tmp_path / "out", model, per_image=2, strength=(0.4, 0.9), seed=5)
    rows = rows_of(tmp_path / "out" / "manifest.parquet")
    assert {(row["content"], row["variant"]) for row in rows} == {(n, v) for n in NAMES for v in (0, 1)} | {
        (BROKEN, None)
    }
    assert files(tmp_path / "out") == {str(row["output"]) for row in rows if row["output"]} | {LABELS}
    assert len({row["strength"] for row in rows}) == 17
    row = next(row for row in rows if row["output"] == "val/dog/2-2.jpg")
    assert (row["style"], row["seed"], row["sample"], row["error"]) == ("random", 5, number_of("val/dog/2.jpg"), None)
    draw = Draws(1, (0.4, 0.9), 5).draw((number_of("val/dog/2.jpg"), 1))
    assert row["strength"] == pytest.approx(draw.strength)
    loaded = stylizer.load(model, device="cpu", threads=1)
    embedding = distribution.read(model_folder.find(model)).draw(draw.generator)
    expected = loaded.stylize(photos / "val/dog/2.jpg", embedding, draw.strength)
    with Image.open(tmp_path / "out" / "val/dog/2-2.jpg") as image:
        assert np.abs(np.asarray(image) / 255 - expected).mean() < 0.03


def test_a_resumed_run_equals_an_uninterrupted_one(photos: Path, tmp_path: Path, model: Path) -> None:
    made(photos, tmp_path / "whole", model)
    plan = open_plan(str(photos), str(tmp_path / "out"), Stylizing(model=str(model)), together=3)
    assert [len(part.names) for part in plan.parts] == [3, 3, 3]
    make = plan.make(1, "cpu")
    make(plan.parts[1])
    assert join_parts(plan, "manifest.parquet") == 0
    (photos / "train/cat/new.jpg").write_bytes(encoded(99))  # later ones are of no part
    again, reports = made(photos, tmp_path / "out", model)
    assert sorted(report.index for report in reports) == [0, 2]
    assert again.remaining() == []
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    for name in NAMES:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert rows_of(tmp_path / "out/manifest.parquet") == rows_of(tmp_path / "whole/manifest.parquet")


def test_a_different_run_in_the_same_folder_is_refused(photos: Path, tmp_path: Path, model: Path) -> None:
    made(photos, tmp_path / "out", model)
    with pytest.raises(UserError, match="contains a run with another per_image, seed; choose another folder"):
        made(photos, tmp_path / "out", model, seed=1, per_image=2)
    with pytest.raises(UserError, match="is not empty, and contains no run to continue"):
        made(photos, photos, model)


def test_tars_become_tars_with_their_classes(tmp_path: Path, model: Path) -> None:
    write_tar(tmp_path / "in/train/a.tar", 3)
    write_tar(tmp_path / "in/val/b.tar", 2, first=3)
    made(tmp_path / "in", tmp_path / "out", model, per_image=2)
    with tarfile.open(tmp_path / "out/train/a.tar") as tar:
        names = tar.getnames()
        assert names == [f"000{n}-{v}.{ending}" for n in range(3) for v in (1, 2) for ending in ("png", "cls")]
        file = tar.extractfile("0001-2.cls")
        assert file is not None
        assert file.read() == b"1"
    assert files(tmp_path / "out") == {"train/a.tar", "val/b.tar"}
    contents = [row["content"] for row in rows_of(tmp_path / "out/manifest.parquet")]
    assert len(contents) == 10
    assert contents[0] == "train/a/0000.png"


@pytest.mark.parametrize("kind", ["tar", "parquet", "folder"])
def test_what_a_run_made_is_a_data_set_without_the_files_of_the_run(
    photos: Path, tmp_path: Path, model: Path, kind: Any
) -> None:
    made(photos, tmp_path / "once", model, kind=kind)
    _, reports = made(tmp_path / "once", tmp_path / "twice", model)
    assert [report.failed for report in reports] == [None] * 3
    assert files(tmp_path / "twice") == files(tmp_path / "once")
    assert len(rows_of(tmp_path / "twice/manifest.parquet")) == len(NAMES)


def test_parquet_becomes_parquet_with_its_columns(tmp_path: Path, model: Path) -> None:
    made(write_parquet(tmp_path / "in/rows.parquet", 3), tmp_path / "out", model)
    rows = rows_of(tmp_path / "out/rows.parquet")
    assert [row["label"] for row in rows] == [0, 1, 0]
    assert all(isinstance(row["image"], bytes) for row in rows)


@pytest.mark.parametrize("kind", ["tar", "parquet"])
def test_a_folder_can_be_written_as_shards(photos: Path, tmp_path: Path, model: Path, kind: Any) -> None:
    made(photos, tmp_path / "out", model, kind=kind)
    assert files(tmp_path / "out") == {f"part-00000{part}.{kind}" for part in range(3)} | {LABELS}
    if kind == "tar":
        with tarfile.open(tmp_path / "out/part-000002.tar") as tar:
            assert tar.getnames() == NAMES[5:]
    else:
        assert pq.read_table(tmp_path / "out/part-000002.parquet")["name"].to_pylist() == NAMES[5:]


def test_a_damaged_tar_is_reported_and_the_other_parts_are_done(tmp_path: Path, model: Path) -> None:
    write_tar(tmp_path / "in/b.tar", 2)
    (tmp_path / "in/a.tar").write_bytes(b"no tar" * 300)
    plan, reports = made(tmp_path / "in", tmp_path / "out", model)
    assert [bool(report.failed) for report in reports] == [True, False]
    assert str(reports[0].failed).startswith("a.tar: ")
    assert files(tmp_path / "out") == {"b.tar"}
    assert [part.names for part in plan.remaining()] == [("a.tar",)]


def test_any_file_system_of_fsspec_is_read_and_written(photos: Path, tmp_path: Path, model: Path) -> None:
    memory = Place("memory://bucket/photos")
    for name in Place(photos).find():
        Place(photos).copy(name, memory)
    made("memory://bucket/photos", "memory://bucket/out", model)
    made(photos, tmp_path / "out", model)
    target = Place("memory://bucket/out")
    assert {name for name in target.find() if not name.startswith(("plan.", "manifest"))} == {*NAMES, LABELS}
    for name in NAMES:
        assert target.read(name) == (tmp_path / "out" / name).read_bytes()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"per_image": 0}, "the number of pastiches per image is 0"),
        ({"strength": (0.5, 2.0)}, "strength"),
        ({"kind": "zip"}, "unknown format 'zip'"),
        ({"styles": ("no-such-style.jpg",)}, "cannot read no-such-style.jpg: no such file"),
    ],
)
def test_invalid_values_are_refused_before_any_work(model: Path, values: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Stylizing(model=str(model), **values)


def test_no_two_contents_write_the_same_file(tmp_path: Path, model: Path) -> None:
    for kind in ("BMP", "PNG"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / f"in/a.{kind.lower()}").write_bytes(encoded(1, kind))
    made(tmp_path / "in", tmp_path / "out", model)
    assert files(tmp_path / "out") == {"a.bmp.jpg", "a.png"}


def test_parts_are_in_the_order_of_names() -> None:
    assert Part(7, "folder", ("a/1.jpg",)).stem == "part-000007"
    assert Part(7, "tar", ("train/shard.1.tar",)).stem == "train/shard.1"
