"""One photo rendered by the command line, Python, the HTTP API and a clip of one frame: equal pixels."""

import inspect
from functools import wraps
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image

from brushwork import images, stylizer
from brushwork.batch.options import Options
from brushwork.cli.stylize import stylize
from brushwork.rendering.regions import Region
from brushwork.rendering.settings import RenderSettings
from brushwork.stylizer import Stylizer
from brushwork.video.settings import Settings
from brushwork.web.app import build
from tests.cli.conftest import Paint, Run, colours

# Larger than 1024 pixels, where `auto` is a broad stroke; with a mask of a size of its own.
WIDTH, HEIGHT = 1500, 40
EVERYTHING = {"strength": 0.6, "keep_colors": "luma"}


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> Stylizer:
    """The model for all four, in float32: on some processors clips would otherwise be rendered in integers."""
    loaded = stylizer.load("brushwork-mobile", precision="f32")
    monkeypatch.setattr(stylizer, "load", wraps(stylizer.load)(lambda *_, **__: loaded))
    return loaded


def pixels(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path).convert("RGB"))


def test_all_interfaces_render_one_photo_to_equal_pixels(
    brushwork: Run, paint: Paint, here: Path, exact: Stylizer
) -> None:
    paint("photo.png", WIDTH, HEIGHT)
    paint("clip/00001.png", WIDTH, HEIGHT)
    paint("waves.png", 96, 96, seed=1)
    paint("stars.png", 96, 80, seed=2)
    mask = np.zeros((30, 60), np.uint8)
    mask[:, :20] = 255
    Image.fromarray(mask).save(here / "left.png")
    options = ("-s", "waves.png", "--region", "left.png=stars.png:0.7", "--strength", "0.6", "--keep-colors", "luma")

    assert brushwork("stylize", "photo.png", *options, "-o", "photo-out.png").code == 0
    ended = brushwork("video", "clip", *options, "--stroke", "auto", "-o", "frames/%05d.png")
    assert ended.code == 0, ended.err

    region = Region(mask, images.open("stars.png").image, 0.7)
    pastiche = exact.stylize("photo.png", Image.open("waves.png"), regions=[region], **EVERYTHING)  # type: ignore[arg-type]
    images.save(pastiche, "python.png")
    again = exact.stylize(colours(HEIGHT, WIDTH), "waves.png", regions=[region], **EVERYTHING)  # type: ignore[arg-type]

    names = (("content", "photo.png"), ("style", "waves.png"), ("mask", "left.png"), ("region_style", "stars.png"))
    files = [(field, (name, Path(name).read_bytes())) for field, name in names]
    fields = {**EVERYTHING, "region": "left.png=stars.png:0.7"}
    with TestClient(build(exact, "mobile", page=False), base_url="http://localhost") as client:
        answer = client.post("/v1/stylize", files=files, data=fields)
    assert answer.status_code == 200, answer.text
    Path("http.png").write_bytes(answer.content)

    expected = pixels(here / "photo-out.png")
    assert np.abs(expected.astype(int) - colours(HEIGHT, WIDTH)).mean() > 2
    np.testing.assert_array_equal(again, pastiche)
    for path in ("python.png", "http.png", "frames/00001.png"):
        np.testing.assert_array_equal(pixels(here / path), expected, err_msg=path)


def test_defaults_exist_once() -> None:
    """Runs have those of `Stylizer.stylize`; commands leave options unset; only clips differ, with own strokes."""
    signature = inspect.signature(Stylizer.stylize).parameters
    for name in ("strength", "keep_colors", "stroke", "protect", "tile", "tile_size", "memory"):
        default = signature[name].default
        assert getattr(Options(), name) == default, name
        assert inspect.signature(stylize).parameters[name].default is None, name
        if name in RenderSettings.__dataclass_fields__:
            assert getattr(RenderSettings(), name) == default, name
    assert {name: getattr(Settings(("s",)), name) for name in ("strength", "keep_colors", "stroke", "protect")} == {
        "strength": 1.0, "keep_colors": None, "stroke": "own", "protect": None,
    }  # fmt: skip
