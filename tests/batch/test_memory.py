"""Memory of a run: decisions and refusals from the header of each content."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from brushwork import images
from brushwork.batch import memory
from brushwork.batch.options import Options
from brushwork.batch.plan import make_plan
from brushwork.batch.record import Record
from brushwork.batch.run import run
from brushwork.errors import UserError
from brushwork.images import Extent
from brushwork.rendering.memory import CUT_OUT, PICTURE, PROGRAM
from brushwork.rendering.settings import LEAST_MEMORY
from brushwork.runtime import MEASURED, Array, NormInputs
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime

GIB = 2**30


def allow(size: int) -> Options:
    return Options(memory=PROGRAM + size)


def test_a_content_whose_decoder_needs_too_much_memory_is_refused() -> None:
    extent = Extent(10_000, 2000, "AVIF", decoding=300_000_000)
    memory.check_content(extent, "PNG", allow(300_000_000))
    with pytest.raises(UserError, match="2000 x 10000 pixels of AVIF are decoded at once, which takes 719 MB, and 719"):
        memory.check_content(extent, "PNG", allow(299_999_999))


def test_without_a_memory_option_the_free_memory_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's own memory is already taken: with little left, small pictures are still rendered."""
    monkeypatch.setattr("brushwork.rendering.memory.available", lambda: 100_000_000)
    for kind in ("PNG", "WEBP"):
        memory.check_content(Extent(1000, 1000, "AVIF", decoding=18_000_000), kind, Options())
    with pytest.raises(UserError, match="decoded at once, which takes 101 MB, and 100 MB may be used"):
        memory.check_content(Extent(1000, 1000, "AVIF", decoding=101_000_000), "PNG", Options())
    assert memory.is_large(1, Options())


def test_a_pastiche_whose_encoder_needs_too_much_memory_is_refused_before_rendering() -> None:
    extent = Extent(10_000, 2000, "TIFF")
    taken = images.costs.encoding("WEBP", 20_000_000, alpha=False)
    memory.check_content(extent, "WEBP", allow(taken))
    memory.check_content(extent, "TIFF", Options(memory=LEAST_MEMORY))
    transparent = Extent(10_000, 2000, "TIFF", alpha=True)
    with pytest.raises(UserError, match="20,000,000 pixels are written to WEBP at once"):
        memory.check_content(transparent, "WEBP", allow(taken))
    with pytest.raises(UserError, match="20,000,000 pixels are written to WEBP at once"):
        memory.check_content(extent, "WEBP", allow(taken - 1))
    memory.check_content(extent, "WEBP", Options(memory=PROGRAM + taken - 1, size=1000))


@pytest.mark.parametrize("extent", [Extent(1000, 2000, "TIFF", pages=5), Extent(1000, 2000, "GIF", frames=5)])
def test_frames_and_pages_of_one_file_count_together(extent: Extent) -> None:
    kind = extent.format
    taken = 2_000_000 * (PICTURE + 5 * images.costs.ANIMATED)
    memory.check_content(extent, kind, Options(memory=PROGRAM + taken, page=None))
    with pytest.raises(UserError, match=f"5 images of 2,000,000 pixels are written to {kind} at once"):
        memory.check_content(extent, kind, Options(memory=PROGRAM + taken - 1, page=None))
    memory.check_content(extent, "JPEG", Options(memory=LEAST_MEMORY))  # one of them


def test_prefetched_pictures_take_at_most_a_quarter_of_the_memory() -> None:
    options = allow(672_000_000)
    assert not memory.is_large(1_000_000, options)
    assert memory.is_large(1_000_001, options)
    assert memory.is_large(memory.LARGE + 1, allow(64 * GIB)) and not memory.is_large(memory.LARGE, allow(64 * GIB))


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (64, 64), (255, 0, 0)).save("red.png")
    return FakeRuntime()


def made(fake: FakeRuntime, content: str, target: str, options: Options) -> Record:
    (record,) = run(make_plan([content], ["red.png"], target, options=options), lambda: Stylizer(fake), options)
    return record


class Copying(FakeRuntime):
    """A runtime that takes no memory but for the pastiche."""

    def transfer(self, content: Array, embedding: Array) -> Array:
        return np.array(content)

    def transfer_with_statistics(
        self, content: Array, embedding: Array, norms: NormInputs = MEASURED
    ) -> tuple[Array, Array]:
        return np.array(content), np.zeros((1, 3), np.float32)


CASES: tuple[tuple[bool, dict[str, Any], int], ...] = (
    (False, {}, PICTURE),
    (False, {"strength": 0.5}, PICTURE),
    (True, {}, CUT_OUT),
)


@pytest.mark.parametrize(("alpha", "options", "counted"), CASES)
def test_a_picture_rendered_at_once_takes_what_is_counted_for_it(
    alpha: bool, options: dict[str, Any], counted: int, fake: FakeRuntime
) -> None:
    """The peak of all arrays, but for those of a tiny picture. From 1024 pixels a copy is rendered, too."""
    peaks = []
    for side in (64, 1100):
        ramp = np.linspace(0, 255, side).astype(np.uint8)
        photo = np.broadcast_to(ramp[:, None, None], (side, side, 4 if alpha else 3)).copy()
        Image.fromarray(photo).save(f"{side}.png", compress_level=0)
        del photo
        tracemalloc.start()
        assert made(Copying(), f"{side}.png", f"out-{side}.png", Options(tile="never", **options)).error is None
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert 0.75 * counted < (peaks[1] - peaks[0]) / 1100**2 <= counted


@pytest.mark.parametrize("size", [None, 120])
def test_a_picture_with_a_size_limit_can_be_read_in_strips(
    size: int | None, fake: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "LARGE", 0)
    opened: list[int | None] = []
    open_large = images.open_large

    def spy(path: Path, page: int = 1, *, size: int | None = None) -> object:
        opened.append(size)
        return open_large(path, page, size=size)

    monkeypatch.setattr(images, "open_large", spy)
    Image.new("RGB", (240, 200), (0, 0, 255)).save("a.avif")
    record = made(fake, "a.avif", "b.png", Options(size=size, tile="fast"))
    assert (record.error, record.width, record.height) == (None, size or 240, (size or 240) * 5 // 6)
    assert opened == [size]
    assert images.open("b.png").image.shape[1::-1] == (record.width, record.height)


def test_a_large_mask_is_reduced_with_a_notice(fake: FakeRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MASK_PIXELS", 50 * 40)
    monkeypatch.setattr(memory, "_MASKS_PART", 0)
    Image.new("RGB", (100, 80), (0, 0, 255)).save("a.png")
    mask = np.zeros((80, 100), np.uint8)
    mask[:, :50] = 255
    Image.fromarray(mask).save("left.png")
    from brushwork.batch.options import parse_region

    options = Options(regions=(parse_region("left.png=red.png"),), tile="fast")
    (record,) = run(make_plan(["a.png"], [], "b.png", options=options), lambda: Stylizer(fake), options)
    assert (record.error, record.notices) == (None, ["left.png is shrunk to 50 x 40, as memory is short"])
    image = images.open("b.png").image
    assert image[40, 10].tolist() == [1, 0, 0] and image[40, 90].tolist() == [0, 0, 1]
