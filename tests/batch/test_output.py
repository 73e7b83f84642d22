"""What a run writes: frames, pages and metadata, and what it refuses before rendering."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from brushwork import images
from brushwork.batch.options import Options, parse_page, parse_region
from brushwork.batch.plan import make_plan
from brushwork.batch.record import Record
from brushwork.batch.run import run
from brushwork.errors import UserError
from brushwork.images import Frame, Metadata, Picture
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from tests.images.test_metadata_kept import KEPT


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (64, 64), (255, 0, 0)).save("red.png")
    return tmp_path


@pytest.fixture
def fake() -> FakeRuntime:
    return FakeRuntime()


def made(fake: FakeRuntime, content: str, target: str | None = None, **options: object) -> Record:
    settings = Options(**options)  # type: ignore[arg-type]
    jobs = make_plan([content], ["red.png"], target, options=settings)
    (record,) = run(jobs, lambda: Stylizer(fake, style_size=96), settings)
    return record


def clip(name: str, count: int = 3) -> None:
    ramp = np.broadcast_to(np.linspace(0, 0.5, 24, dtype=np.float32)[:, None], (20, 24, 3))
    frames = [Frame(ramp + np.float32(level / 8), None, 50) for level in range(count)]
    images.save(Picture(frames), name)


def pages(name: str) -> None:
    sizes = [(40, 32), (24, 50)]
    found = [Image.new("RGB", size, (0, 80, 0)) for size in sizes]
    found[0].save(name, save_all=True, append_images=found[1:])


def test_a_depth_that_standard_output_cannot_hold_is_refused_before_rendering(fake: FakeRuntime) -> None:
    """There the content's format is taken, which only its header tells."""
    Image.new("RGB", (64, 64), (0, 0, 255)).save("a.jpg")
    record = made(fake, "a.jpg", "-", depth=16)
    assert record.error == "a.jpg: JPEG holds 8 bits per channel; choose PNG or TIFF" and fake.painted == []


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_formats_of_one_frame_get_the_first_with_a_notice(fake: FakeRuntime, suffix: str) -> None:
    clip("a.gif")
    record = made(fake, "a.gif", f"a.{suffix}")
    assert record.error is None and record.frames == 1
    kind = {"jpg": "JPEG", "tif": "TIFF"}[suffix]
    assert record.notices == [f"{kind} holds one frame; the first of 3 is taken"]
    assert len(fake.painted) == 1
    whole = made(fake, "a.gif", "b.webp")
    assert (whole.frames, whole.notices) == (3, [])


def test_pages_are_selected_and_all_are_written_to_a_tiff(fake: FakeRuntime) -> None:
    pages("a.tif")
    assert made(fake, "a.tif", "one.png").notices == ["page 1 of 2 is used; see --page"]
    second = made(fake, "a.tif", "two.png", page=2)
    assert (second.width, second.height) == (24, 50)
    both = made(fake, "a.tif", "both.tif", page=None)
    assert (both.error, both.frames, both.notices) == (None, 2, [])
    with Image.open("both.tif") as file:
        assert isinstance(file, TiffImagePlugin.TiffImageFile)
        assert file.n_frames == 2 and file.size == (40, 32)
        file.seek(1)
        assert file.size == (24, 50) and file.getpixel((3, 3)) == (255, 0, 0)
    painted = len(fake.painted)
    refused = made(fake, "a.tif", "both.png", page=None).error
    assert refused == "a.tif: PNG holds one page; 2 pages are written as TIFF, or one of them with --page"
    assert len(fake.painted) == painted
    assert made(fake, "a.tif", "three.png", page=3).error == "cannot read a.tif: it has 2 pages, and no page 3"
    assert [parse_page(text) for text in (None, "3", "all")] == [1, 3, None]


def test_sides_too_long_for_a_format_are_refused_before_rendering(
    fake: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (16384, 16)).save("wide.png")
    for limit in (10**9, 0):  # whole, and by strips
        monkeypatch.setattr("brushwork.batch.memory.LARGE", limit)
        record = made(fake, "wide.png", "wide.webp")
        assert record.error == "wide.png: WEBP holds at most 16383 pixels on a side, not 16384 x 16; try --size"
    assert fake.painted == []


def test_metadata_is_kept_with_a_mark_or_stripped(fake: FakeRuntime) -> None:
    images.save(Picture((Frame(np.zeros((20, 24, 3), np.float32)),), metadata=KEPT), "a.jpg")
    assert made(fake, "a.jpg", "kept.jpg").error is None
    kept = images.open("kept.jpg").metadata
    assert kept.is_marked and images.is_pastiche(Path("kept.jpg")) and not images.is_pastiche(Path("a.jpg"))
    assert (kept.xmp, kept.iptc, kept.comments, kept.dpi) == (KEPT.xmp, KEPT.iptc, KEPT.comments, KEPT.dpi)
    made(fake, "a.jpg", "none.jpg", strip="all")
    assert images.open("none.jpg").metadata == Metadata(dpi=KEPT.dpi)
    made(fake, "a.jpg", "gps.jpg", strip="gps")
    assert images.open("gps.jpg").metadata == replace(
        KEPT.stripped("gps").marked(), texts=()
    )  # for which JPEG has no place
    with pytest.raises(UserError, match="unknown part of the metadata 'exif'"):
        Options(strip="exif")


def test_a_region_file_can_have_an_equals_sign_in_its_name() -> None:
    Path("mask=1.png").touch()
    region = parse_region("mask=1.png=fire")
    assert (region.mask, region.style) == ("mask=1.png", "fire")
    region = parse_region("mask.png=a=b.png:0.5")
    assert (region.mask, region.style, region.strength) == ("mask.png", "a=b.png", 0.5)
