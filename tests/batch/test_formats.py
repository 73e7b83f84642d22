"""Every file format in a run: at once, in strips, and with each kind of tiling."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushwork import images
from brushwork.batch.options import Options
from brushwork.batch.plan import make_plan
from brushwork.batch.run import run
from brushwork.model_folder import ModelFolder
from brushwork.runtime.openvino import OpenVINORuntime
from brushwork.stylizer import Stylizer
from tests.images import test_channels
from tests.images.test_conversion import FILES

CHANNELS = ("rgb-x", "rgb-x-alpha", "cmyk-alpha", "cielab-8", "icclab-16", "transparent-grey-4")
EVERY = FILES | {name: test_channels.FILES[name][0] for name in CHANNELS}


@pytest.fixture(scope="module")
def stylizer(table_folder: ModelFolder) -> Stylizer:
    runtime = OpenVINORuntime(table_folder.path, "digest", precision="f32")
    return Stylizer(runtime, styles=table_folder.styles, width=0.25)


@pytest.mark.parametrize("name", EVERY)
def test_a_pastiche_is_the_same_read_at_once_and_in_strips(
    name: str, stylizer: Stylizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture this small is measured completely, so the fast statistics are exact."""
    (tmp_path / name).write_bytes(EVERY[name])
    pastiches = {}
    for mode, large in (("never", 10**9), ("never", 0), ("fast", 0), ("exact", 0)):
        monkeypatch.setattr("brushwork.batch.memory.LARGE", large)
        jobs = make_plan([str(tmp_path / name)], ["dots"], str(tmp_path / f"{mode}-{large}.png"))
        (record,) = run(jobs, lambda: stylizer, Options(tile=mode, depth=16))
        assert record.error is None
        pastiches[mode, large] = images.open(record.pastiche), record.notices
    whole, notices = pastiches.pop(("never", 10**9))
    assert len(pastiches) == 3
    for pastiche, said in pastiches.values():
        assert said == notices
        np.testing.assert_allclose(pastiche.image, whole.image, atol=2 / 255)
        assert (pastiche.alpha is None) == (whole.alpha is None)
        if whole.alpha is not None and pastiche.alpha is not None:
            np.testing.assert_allclose(pastiche.alpha, whole.alpha, atol=1 / 255)


def cut_out(hidden: int) -> np.ndarray:
    """A disc on a transparent background with hidden greys."""
    y, x = np.mgrid[:64, :80]
    pixels = np.full((64, 80, 4), hidden, np.uint8)
    pixels[..., 3] = np.clip(255 * (24 - np.hypot(y - 32, x - 40)), 0, 255)
    seen = pixels[..., 3] > 0
    pixels[seen, :3] = np.stack([x * 3, y * 4, x + y], axis=2)[seen]
    return pixels


@pytest.mark.parametrize("large", [10**9, 0])
def test_hidden_colours_of_a_cut_out_do_not_change_its_pastiche(
    large: int, stylizer: Stylizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brushwork.batch.memory.LARGE", large)
    pastiches = []
    for hidden in (0, 255, 77):
        Image.fromarray(cut_out(hidden)).save(tmp_path / f"{hidden}.png")
        jobs = make_plan([str(tmp_path / f"{hidden}.png")], ["dots"], str(tmp_path / f"{large}-{hidden}.png"))
        (record,) = run(jobs, lambda: stylizer, Options(tile="exact" if large == 0 else "auto"))
        assert record.error is None
        pastiches.append(images.open(record.pastiche))
    for other in pastiches[1:]:
        np.testing.assert_array_equal(other.image, pastiches[0].image)
        np.testing.assert_array_equal(other.alpha, pastiches[0].alpha)


@pytest.mark.parametrize("large", [10**9, 0])
def test_strength_0_keeps_hidden_colours(
    large: int, stylizer: Stylizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brushwork.batch.memory.LARGE", large)
    Image.fromarray(cut_out(77)).save(tmp_path / "photo.png")
    jobs = make_plan([str(tmp_path / "photo.png")], ["dots"], str(tmp_path / "same.png"))
    (record,) = run(jobs, lambda: stylizer, Options(strength=0, tile="exact" if large == 0 else "auto"))
    assert record.error is None
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "same.png")), cut_out(77))


class Stream(io.BytesIO):
    """A standard stream whose written bytes can be read after it is closed."""

    @property
    def buffer(self) -> "Stream":
        return self

    def isatty(self) -> bool:
        return False


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_standard_input_too_large_for_memory_is_rendered_in_strips(
    kind: str, stylizer: Stylizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and streams give the same bytes, and no temporary file is left."""
    monkeypatch.setattr("brushwork.batch.memory.LARGE", 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    source = tmp_path / f"photo.{kind}"
    source.write_bytes(FILES[kind])
    jobs = make_plan([str(source)], ["dots"], str(tmp_path / f"pastiche.{kind}"))
    (record,) = run(jobs, lambda: stylizer, Options(tile="exact"))
    assert record.error is None
    sent, received = Stream(FILES[kind]), Stream()
    monkeypatch.setattr("sys.stdin", sent)
    monkeypatch.setattr("sys.stdout", received)
    (record,) = run(make_plan(["-"], ["dots"], "-"), lambda: stylizer, Options(tile="exact"))
    assert record.error is None and (record.width, record.height) == (44, 30)
    assert received.getvalue() == (tmp_path / f"pastiche.{kind}").read_bytes()
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "GIF"])
def test_formats_that_cannot_be_written_in_strips_are_written_at_once(
    kind: str, stylizer: Stylizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brushwork.batch.memory.LARGE", 0)
    (tmp_path / "photo.tif").write_bytes(FILES["tiff-16"])
    sizes = []
    for mode in ("never", "exact"):
        target = tmp_path / f"{mode}.{kind.lower()}"
        (record,) = run(make_plan([str(tmp_path / "photo.tif")], ["dots"], str(target)), lambda: stylizer,
                        Options(tile=mode))  # fmt: skip
        assert record.error is None
        sizes.append(images.open(target).image)
    assert sizes[0].shape == sizes[1].shape and np.abs(sizes[0] - sizes[1]).mean() < 0.03
