"""Unusable arguments of the Python API are one clear line each."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from brushwork import extras, images
from brushwork.errors import UserError
from brushwork.rendering.regions import Region
from brushwork.stylizer import Stylizer, load
from brushwork.testing import FakeRuntime


@pytest.mark.parametrize("shape", [(15, 40, 3), (40, 1, 3), (40, 40), (40, 40, 4), (1, 40, 40, 3)])
def test_arrays_that_are_not_images_are_refused(fake_runtime: FakeRuntime, shape: tuple[int, ...]) -> None:
    stylizer, image = Stylizer(fake_runtime), np.zeros(shape, np.float32)
    with pytest.raises(UserError, match="at least 16|an image has"):
        stylizer.embed(image)
    with pytest.raises(UserError, match="at least 16|an image has"):
        stylizer.stylize(image, np.ones((1, 3), np.float32))


@pytest.mark.parametrize("strength", [-0.1, 1.7, np.nan])
def test_a_strength_out_of_range_is_refused(fake_runtime: FakeRuntime, strength: float) -> None:
    with pytest.raises(UserError, match="between 0"):
        Stylizer(fake_runtime).stylize(PHOTO, STYLE, strength)


PHOTO = np.full((20, 30, 3), 0.5, np.float32)

STYLE = np.ones((1, 3), np.float32)

NAN = np.full((20, 30, 3), np.nan, np.float32)

BAD: dict[str, dict[str, Any]] = {
    r"the content has values from 127.5 to 127.5; floats must be in \[0, 1\]": {"content": PHOTO * 255},
    "the content has values from -0.5 to -0.5": {"content": -PHOTO},
    "the content contains NaN": {"content": NAN},
    "the content is an array of int64; pass floats": {"content": (PHOTO * 255).astype(np.int64)},
    "the content is an array of uint16; pass floats": {"content": (PHOTO * 255).astype(np.uint16)},
    r"the content is an array of shape \(20, 30\); an image has the shape \(height, width, 3\)": {
        "content": PHOTO[..., 0]
    },
    "the content is of type list; pass an array": {"content": PHOTO.tolist()},
    "the content is a Pillow image of mode I;16": {"content": Image.new("I;16", (30, 20))},
    "cannot read gone.png: no such file": {"content": "gone.png"},
    "the style has values from 127.5": {"style": PHOTO * 255},
    "the style is an array of float32 with shape .* an embedding": {"style": np.ones((2, 3), np.float32)},
    "an embedding": {"style": STYLE * np.nan},
    "no style 'waves': this model has no named styles|cannot read waves: no such file": {"style": "waves"},
    "the styles belong to different models": {"regions": [Region(np.ones((4, 4)), np.ones((1, 4), np.float32))]},
    "the strength is '1'; it must be a number": {"strength": "1"},
    "the strength is 2; it must be between 0": {"strength": 2},
    "unknown way to keep colours 'hue'; known: luma, histogram": {"keep_colors": "hue"},
    "histogram recolours style pictures and cannot be used with an embedding; use luma": {"keep_colors": "histogram"},
    "the stroke is -1; it must be between 0.25 and 8": {"stroke": -1},
    "the stroke is 'wide'; it is auto, own or a number from 0.25 to 8": {"stroke": "wide"},
    "unknown way to tile 'yes'; known: auto, never, fast, exact": {"tile": "yes"},
    "the tile size is 130; it must be a multiple of 4": {"tile_size": 130},
    "the tile size is 64; it must be between 128 and 16384": {"tile_size": 64},
    "the tile size is 512.0; it must be a multiple of 4": {"tile_size": 512.0},
    "the tile size is '512'; it must be a number": {"tile_size": "512"},
    "the memory is 1000 bytes; brushwork needs 536870912": {"memory": 1000},
    "the memory is '2G' bytes": {"memory": "2G"},
    "mask 1 is an array of int64; pass floats": {"regions": [Region(np.ones((4, 4), np.int64), STYLE)]},
    r"mask 1 is an array of shape \(4, 4, 1\); a mask has": {"regions": [Region(np.ones((4, 4, 1)), STYLE)]},
    "mask 1 is of type list; a mask has": {"regions": [Region([[1.0]], STYLE)]},  # type: ignore[arg-type]
    "mask 1 has values from 255 to 255": {"regions": [Region(np.full((4, 4), 255.0), STYLE)]},
    "mask 1 is empty: black everywhere": {"regions": [Region(np.zeros((4, 4)), STYLE)]},
    "the strength is 7": {"regions": [Region(np.ones((4, 4)), STYLE, 7)]},
    "the protect mask is an array of int32": {"protect": np.ones((4, 4), np.int32)},
}


@pytest.mark.parametrize("message", BAD)
def test_unusable_arguments_are_one_line_errors(fake_runtime: FakeRuntime, message: str) -> None:
    arguments: dict[str, Any] = {"content": PHOTO, "style": STYLE} | BAD[message]
    with pytest.raises(UserError, match=message) as raised:
        Stylizer(fake_runtime).stylize(**arguments)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("message", [line for line, given in BAD.items() if {"content"} == given.keys()])
def test_arrays_that_are_not_images_are_not_written(message: str, tmp_path: Path) -> None:
    content = BAD[message]["content"]
    if not isinstance(content, str):
        with pytest.raises(UserError, match=message.replace("the content", "the image")):
            images.save(content, tmp_path / "out.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("choice", [{"device": "tpu"}, {"precision": "f8"}, {"threads": 0}])
def test_unknown_choices_name_the_known_ones(choice: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="known: auto|at least 1"):
        load(**choice)


def test_cuda_without_torch_names_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "torch", ("missing_module",))
    with pytest.raises(UserError, match=r"pip install 'brushwork\[torch\]'"):
        load(device="cuda")
