"""Transparency: read, kept, laid on white and left out of averages."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import TiffImagePlugin

from brushwork import images
from brushwork.images import Picture
from tests.images.samples import BLUE, GREEN, RED, clip, encoded, levels, pixels, smooth, written


def test_palette_with_transparent_entry():
    image = Pillow.new("P", (3, 1))
    image.putpalette([*RED, *GREEN, *BLUE])
    image.putdata([0, 1, 2])
    for kind in ("PNG", "GIF"):
        picture = images.open(encoded(image, kind, transparency=1))
        assert levels(picture.alpha).tolist() == [[255, 0, 255]]
        assert levels(picture.image[0, [0, 2]]).tolist() == [[*RED], [*BLUE]]
    picture = images.open(encoded(image, "PNG", transparency=bytes([255, 128, 0])))
    assert levels(picture.alpha).tolist() == [[255, 128, 0]]
    assert levels(picture.image[0]).tolist() == [[*RED], [*GREEN], [*BLUE]]


def test_colours_declared_transparent():
    picture = images.open(encoded(pixels([RED, BLUE]), transparency=BLUE))
    assert levels(picture.alpha).tolist() == [[255, 0]]
    grey = images.open(encoded(np.array([[7, 8]], np.uint8), transparency=7))
    assert levels(grey.alpha).tolist() == [[0, 255]]
    assert levels(grey.image[0, 1]).tolist() == [8, 8, 8]


def test_alpha_stored_multiplied_into_a_tiff():
    """Half transparent red, stored as half red: ExtraSamples (338) of 1 instead of 2."""
    source = np.full((2, 2, 4), (128, 0, 0, 128), np.uint8)
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    tags = {256: 2, 257: 2, 258: (8,) * 4, 259: 1, 262: 2, 277: 4, 278: 2, 279: 16, 284: 1, 338: 1, 273: 0}
    directory.tagtype[273] = 4
    for tag, value in tags.items():
        directory[tag] = value
    buffer = io.BytesIO()
    directory.save(buffer)
    picture = images.open(buffer.getvalue() + source.tobytes())
    np.testing.assert_allclose(picture.image, np.broadcast_to((1, 0, 0), (2, 2, 3)), atol=1e-6)


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_alpha_survives_lossy_formats(kind):
    alpha = np.linspace(0, 1, 56, dtype=np.float32)[None].repeat(40, 0)
    again = images.open(written(Picture.of(smooth(), alpha), kind))
    assert np.abs(again.alpha - alpha).max() < 0.04


def test_jpeg_lays_alpha_on_white():
    """A quarter of black on white is 0.75."""
    black, quarter = np.zeros((16, 16, 3), np.float32), np.full((16, 16), 0.25, np.float32)
    image = images.open(written(Picture.of(black, quarter), "JPEG"))
    assert image.alpha is None
    np.testing.assert_allclose(image.image, 0.75, atol=0.01)


def test_hidden_colours_do_not_bleed_when_shrunk():
    """Opaque red beside fully transparent green: the shrunk edge is red still."""
    image = np.zeros((16, 16, 4), np.uint8)
    image[:, :7], image[:, 7:] = (255, 0, 0, 255), (0, 255, 0, 0)
    picture = images.open(encoded(image), size=4)
    seen = picture.alpha > 0.02
    np.testing.assert_allclose(picture.image[seen], np.broadcast_to((1, 0, 0), picture.image[seen].shape), atol=0.01)
    animated = images.open(written(Picture(clip()), "GIF"), size=8)
    assert [frame.image.shape for frame in animated.frames] == [(6, 8, 3)] * 3


def test_a_picture_is_laid_on_white_by_its_alpha() -> None:
    black, clear = np.zeros((1, 2, 3), np.float32), np.array([[1, 0.25]], np.float32)
    assert Picture.of(black, clear).on_white[0, :, 0].tolist() == [0, 0.75]
    assert Picture.of(black).on_white is black
