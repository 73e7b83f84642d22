"""A run of many pictures: order, failures, number of embeddings, and overlapping steps."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushwork import atomic, images
from brushwork.batch.options import Options, parse_weights
from brushwork.batch.plan import Job, make_plan
from brushwork.batch.record import Record
from brushwork.batch.run import run
from brushwork.batch.session import Session
from brushwork.errors import UserError
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime

# A colour a style picture has all over, and so, with the fake model, its pastiche.
STYLES = {"red.png": (255, 0, 0), "green.png": (0, 255, 0), "blue.png": (0, 0, 255)}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, colour in STYLES.items():
        Image.new("RGB", (64, 64), colour).save(tmp_path / name)
    for number in range(6):
        gradient = Image.linear_gradient("L").resize((20 + number, 18))  # flat ones are painted with a reference
        gradient.convert("RGB").save(tmp_path / f"{number}.png")
    return tmp_path


@pytest.fixture
def stylizer(fake_runtime: FakeRuntime) -> Stylizer:
    return Stylizer(fake_runtime, style_size=96)


CONTENTS = [f"{number}.png" for number in range(6)]


def done(jobs: list[Job], stylizer: Stylizer, options: Options | None = None) -> list[Record]:
    return list(run(jobs, lambda: stylizer, options or Options()))


def colour(name: str) -> list[int]:
    """The colour of a picture that has only one."""
    (found,) = np.unique(np.asarray(Image.open(name)).reshape(-1, 3), axis=0)
    return [int(value) for value in found]


def test_records_are_in_the_order_of_the_plan(stylizer: Stylizer) -> None:
    records = done(make_plan(CONTENTS, ["red.png"], "out"), stylizer)
    assert [(record.content, record.width, record.height, record.error) for record in records] == [
        (name, 20 + number, 18, None) for number, name in enumerate(CONTENTS)
    ]
    assert [list(record.seconds) for record in records] == [["decode", "embed", "stylise", "encode"]] * 6
    assert colour("out/5.png") == [255, 0, 0]


def test_an_empty_plan_has_no_records(stylizer: Stylizer) -> None:
    assert done([], stylizer) == []


def test_a_style_is_embedded_once_a_run(stylizer: Stylizer, fake_runtime: FakeRuntime) -> None:
    done(make_plan(CONTENTS, ["red.png", "green.png"], "blends"), stylizer)
    assert fake_runtime.predicted == [(1, 96, 96, 3)] * 2
    fake_runtime.predicted.clear()
    done(make_plan(CONTENTS, ["red.png", "green.png", "blue.png"], "out", each=True), stylizer)
    assert len(fake_runtime.predicted) == 3


def test_a_recoloured_style_is_embedded_for_each_content(stylizer: Stylizer, fake_runtime: FakeRuntime) -> None:
    for number in range(2):
        Image.new("RGB", (20, 18), (number, number, number)).save(f"{number}.png")
    done(make_plan(CONTENTS[:2], ["red.png"], "out"), stylizer, Options(keep_colors="histogram"))
    assert len(fake_runtime.predicted) == 2
    assert [colour("out/0.png"), colour("out/1.png")] == [[0, 0, 0], [1, 1, 1]]  # the contents' own colours


def test_weights_mix_the_styles(stylizer: Stylizer) -> None:
    done(make_plan(["0.png"], ["red.png", "blue.png"], "out"), stylizer, Options(weights=[3, 1]))
    assert colour("out/0.png") == [191, 0, 64]


def test_a_content_is_decoded_once_for_all_its_styles(stylizer: Stylizer, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    original = images.open

    def count(source: Path | str, **how: int | None) -> images.Picture:
        opened.append(str(source))
        return original(source, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(images, "open", count)
    done(make_plan(CONTENTS[:2], list(STYLES), "out", each=True), stylizer)
    assert sorted(opened) == sorted([*CONTENTS[:2], *STYLES])


def test_failures_are_recorded_and_the_other_jobs_are_done(stylizer: Stylizer, here: Path) -> None:
    (here / "bad.png").write_bytes(b"no picture")
    Image.new("RGB", (3, 3)).save(here / "tiny.png")
    (here / "out").mkdir()
    (here / "out/1.png").write_bytes(b"mine")
    records = done(
        make_plan(["bad.png", "0.png", "tiny.png", "1.png", "gone.png", "2.png"], ["red.png"], "out"), stylizer
    )
    assert [record.error is None for record in records] == [False, True, False, False, False, True]
    assert {path.name for path in (here / "out").iterdir()} == {"0.png", "1.png", "2.png"}
    assert (here / "out/1.png").read_bytes() == b"mine"


def test_an_unreadable_style_of_all_jobs_ends_the_run(stylizer: Stylizer) -> None:
    with pytest.raises(UserError, match=r"cannot read gone\.png: no such file"):
        done(make_plan(CONTENTS, ["red.png", "gone.png"], "out"), stylizer)


def test_an_unreadable_style_of_some_jobs_fails_only_those(stylizer: Stylizer) -> None:
    records = done(make_plan(CONTENTS[:2], ["gone.png", "red.png"], "out", each=True), stylizer)
    assert [record.error for record in records] == [
        "0.png: cannot read gone.png: no such file", None, "1.png: cannot read gone.png: no such file", None,
    ]  # fmt: skip


def test_a_model_that_cannot_be_loaded_ends_the_run() -> None:
    def load() -> Stylizer:
        raise UserError("no such model")

    with pytest.raises(UserError, match="no such model"):
        list(run(make_plan(CONTENTS, ["red.png"], "out"), load, Options()))


class Waiting(FakeRuntime):
    """A model that renders only after an event, or fails if the event does not occur within some seconds."""

    def __init__(self, *events: threading.Event) -> None:
        super().__init__()
        self.events = list(events)

    def transfer(self, content: Array, embedding: Array) -> Array:
        if self.events:
            assert self.events.pop(0).wait(10)
        return super().transfer(content, embedding)


def after(function: Callable[..., object], event: threading.Event, part: str) -> Callable[..., object]:
    """A function that reports when it has been called with a file of that name."""

    def call(*arguments: object, **how: object) -> object:
        answer = function(*arguments, **how)
        if any(part in str(argument) for argument in arguments):
            event.set()
        return answer

    return call


def test_pictures_are_decoded_and_encoded_while_another_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded, encoded = threading.Event(), threading.Event()
    monkeypatch.setattr(images, "open", after(images.open, decoded, "1.png"))
    monkeypatch.setattr(images, "save", after(images.save, encoded, "0.png"))
    # The first is painted only when the second has been decoded, the second only when the first has been written.
    stylizer = Stylizer(Waiting(decoded, encoded))
    assert all(record.error is None for record in done(make_plan(CONTENTS[:3], ["red.png"], "out"), stylizer))


def test_the_first_content_is_decoded_while_the_model_loads(
    stylizer: Stylizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = threading.Event()
    monkeypatch.setattr(images, "open", after(images.open, decoded, "0.png"))

    def load() -> Stylizer:
        assert decoded.wait(10)
        return stylizer

    (record,) = run(make_plan(["0.png"], ["red.png"], "out"), load, Options())
    assert record.error is None


def test_closing_the_iterator_stops_the_run(stylizer: Stylizer, here: Path) -> None:
    records = run(make_plan(CONTENTS, ["red.png"], "out"), lambda: stylizer, Options())
    assert next(records).error is None
    records.close()
    assert "0.png" in {path.name for path in (here / "out").iterdir()}
    assert not (here / "out/5.png").exists()


def test_weights_are_parsed_from_text() -> None:
    assert parse_weights(None, 2) is None
    assert parse_weights(" 0.7, .3", 2) == [0.7, 0.3]
    with pytest.raises(UserError, match="3 weights for 2 styles"):
        parse_weights("1,1,1", 2)


def test_a_closed_session_renders_no_more_frames(stylizer: Stylizer, here: Path) -> None:
    frames = [Image.new("RGB", (20, 18), (level, 0, 0)) for level in (0, 100, 200)]
    frames[0].save(here / "moving.gif", save_all=True, append_images=frames[1:], duration=40)
    content, seconds = images.open("moving.gif"), dict[str, float]()
    session = Session(stylizer, Options())
    pastiche = session.paint(content, session.blend(("red.png",), content), seconds)
    assert np.array_equal(pastiche.frames[0].image, np.broadcast_to([1.0, 0, 0], (18, 20, 3)))
    session.close()
    with pytest.raises(UserError, match="stopped"):
        pastiche.frames[1]


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_ends_the_run_with_one_error(
    stylizer: Stylizer, here: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    """There is room for the first pastiche only; it stays, and no incomplete file is left."""
    write = atomic.write_bytes

    def short(path: Path, data: bytes, **options: bool) -> None:
        if path.name != "0.png":
            raise OSError(reason, os.strerror(reason))
        write(path, data, **options)

    monkeypatch.setattr("brushwork.atomic.write_bytes", short)
    records = []
    with pytest.raises(UserError, match="4 more do not fit.*--skip-existing"):
        for record in run(make_plan(CONTENTS, ["red.png"], "out"), lambda: stylizer, Options()):
            records.append(record)
    assert [record.error for record in records] == [
        None, f"cannot write {Path('out/1.png')}: {os.strerror(reason).lower()}"
    ]  # fmt: skip
    assert [path.name for path in (here / "out").iterdir()] == ["0.png"]


def test_a_file_that_grows_too_large_leaves_nothing_behind(stylizer: Stylizer, here: Path) -> None:
    """A limit of the system (``ulimit -f``) acts like a disk that becomes full within a file."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
    try:
        records = done(make_plan(CONTENTS, ["red.png"], "out"), stylizer)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [record.error for record in records] == [
        f"cannot write {Path('out') / name}: {os.strerror(errno.EFBIG).lower()}" for name in CONTENTS
    ]
    assert list((here / "out").iterdir()) == []
