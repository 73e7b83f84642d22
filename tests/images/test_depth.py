"""16 bits per channel and floats, read and written exactly."""

import io
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image as Pillow
from PIL import TiffImagePlugin

from brushwork import images
from brushwork.images import ImageError, Picture
from tests.images.samples import LOSSLESS, deep, encoded, levels, smooth, with_vips, written


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize(("bands", "interpretation"), [(1, "grey16"), (2, "grey16"), (3, "rgb16"), (4, "rgb16")])
def test_sixteen_bits_are_read_exactly(suffix: str, bands: int, interpretation: str) -> None:
    source = deep(bands)
    picture = images.open(with_vips(source, suffix, interpretation))
    assert picture.depth == 16
    colours = source[..., :1].repeat(3, -1) if bands < 3 else source[..., :3]
    assert (levels(picture.image, 65535) == colours).all()
    assert (picture.alpha is not None) == (bands in (2, 4))
    assert picture.alpha is None or (levels(picture.alpha, 65535) == source[..., -1]).all()


def test_sixteen_bit_grey_written_by_pillow_is_read_exactly() -> None:
    source = deep(1)[..., 0]
    for kind in ("PNG", "TIFF"):
        assert (levels(images.open(encoded(source, kind)).image[..., 1], 65535) == source).all()


@pytest.mark.parametrize(("bands", "interpretation"), [(1, "b-w"), (3, "srgb"), (4, "srgb")])
def test_a_float_tiff_is_read_exactly(bands: int, interpretation: str) -> None:
    source = np.random.default_rng(1).random((4, 6, bands)).astype(np.float32)
    picture = images.open(with_vips(source, ".tif", interpretation))
    colours = source[..., :1].repeat(3, -1) if bands == 1 else source[..., :3]
    np.testing.assert_allclose(picture.image, colours, atol=1e-6)
    assert picture.depth == 16


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("bands", [3, 4])
def test_sixteen_bits_are_written_exactly(kind: str, bands: int) -> None:
    source = deep(bands)
    image = (source[..., :3] / 65535).astype(np.float32)
    alpha = (source[..., 3] / 65535).astype(np.float32) if bands == 4 else None
    data = written(Picture.of(image, alpha), kind, depth=16)
    assert (pyvips.Image.new_from_buffer(data, "").numpy() == source).all()
    picture = images.open(data)
    assert (picture.image == image).all()
    for again in LOSSLESS:  # the depth of the picture is kept
        assert (images.open(written(picture, again)).image == image).all()
    assert images.open(written(picture, "JPEG")).depth == 8
    assert images.open(written(picture, kind, depth=8)).depth == 8


def test_sixteen_bits_are_refused_for_formats_without_them(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="JPEG holds 8 bits per channel; choose PNG or TIFF"):
        images.save(smooth(), tmp_path / "a.jpg", depth=16)
    with pytest.raises(ImageError, match="depth is 12"):
        images.save(smooth(), tmp_path / "a.png", depth=12)


def test_a_tiff_of_many_strips_is_read() -> None:
    source = np.random.default_rng(0).random((900, 800, 3)).astype(np.float32)
    data = written(source, "TIFF")
    with Pillow.open(io.BytesIO(data)) as file:
        assert isinstance(file, TiffImagePlugin.TiffImageFile)
        assert len(file.tag_v2[273]) > 1
        assert (np.asarray(file) == np.floor(source * np.float32(255) + np.float32(0.5))).all()
