"""Transparency: read, kept, blended with white, and excluded from averages."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import TiffImagePlugin

from brushwork import images
from brushwork.images import Picture
from brushwork.images.pull_push import enlarged
from tests.images.samples import BLUE, GREEN, RED, clip, encoded, levels, pixels, present, smooth, written


def test_a_transparent_palette_entry_is_read_as_alpha() -> None:
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


def test_colours_declared_transparent_are_read_as_alpha() -> None:
    picture = images.open(encoded(pixels([RED, BLUE]), transparency=BLUE))
    assert levels(picture.alpha).tolist() == [[255, 0]]
    grey = images.open(encoded(np.array([[7, 8]], np.uint8), transparency=7))
    assert levels(grey.alpha).tolist() == [[0, 255]]
    assert levels(grey.image[0, 1]).tolist() == [8, 8, 8]


def test_premultiplied_alpha_of_a_tiff_is_divided_out() -> None:
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
def test_alpha_survives_lossy_formats(kind: str) -> None:
    alpha = np.linspace(0, 1, 56, dtype=np.float32)[None].repeat(40, 0)
    again = images.open(written(Picture.of(smooth(), alpha), kind))
    assert np.abs(present(again.alpha) - alpha).max() < 0.04


def test_a_jpeg_shows_transparent_parts_as_white() -> None:
    """A quarter of black on white is 0.75."""
    black, quarter = np.zeros((16, 16, 3), np.float32), np.full((16, 16), 0.25, np.float32)
    image = images.open(written(Picture.of(black, quarter), "JPEG"))
    assert image.alpha is None
    np.testing.assert_allclose(image.image, 0.75, atol=0.01)


def test_hidden_colours_do_not_bleed_when_shrunk() -> None:
    """Opaque red beside fully transparent green: the shrunk edge is red still."""
    image = np.zeros((16, 16, 4), np.uint8)
    image[:, :7], image[:, 7:] = (255, 0, 0, 255), (0, 255, 0, 0)
    picture = images.open(encoded(image), size=4)
    seen = present(picture.alpha) > 0.02
    np.testing.assert_allclose(picture.image[seen], np.broadcast_to((1, 0, 0), picture.image[seen].shape), atol=0.01)
    animated = images.open(written(Picture(clip()), "GIF"), size=8)
    assert [frame.image.shape for frame in animated.frames] == [(6, 8, 3)] * 3


def test_a_picture_is_blended_with_white_by_its_alpha() -> None:
    black, clear = np.zeros((1, 2, 3), np.float32), np.array([[1, 0.25]], np.float32)
    assert Picture.of(black, clear).on_white[0, :, 0].tolist() == [0, 0.75]
    assert Picture.of(black).on_white is black


# Colours under transparent pixels


def test_hidden_pixels_take_the_colours_of_visible_pixels_nearby() -> None:
    """By hand: the smallest square block (2, 4, ...) with visible pixels gives its mean, weighted by alpha."""
    image = np.zeros((4, 4, 3), np.float32)
    alpha = np.zeros((4, 4), np.float32)
    image[0, 0], alpha[0, 0] = (1, 0, 0), 1
    image[0, 1], alpha[0, 1] = (0, 1, 0), 0.5
    image[3, 3] = (0, 0, 1)  # hidden blue
    filled = images.fill_hidden(image, alpha)
    mean = np.array([1, 0.5, 0]) / 1.5
    assert filled[0, 0].tolist() == [1, 0, 0] and filled[0, 1].tolist() == [0, 1, 0]
    np.testing.assert_allclose(filled[1:].reshape(-1, 3), np.broadcast_to(mean, (12, 3)), atol=1e-6)
    np.testing.assert_allclose(filled[0, 2:], np.broadcast_to(mean, (2, 3)), atol=1e-6)
    assert image[3, 3].tolist() == [0, 0, 1]  # the caller's array stays


def test_nothing_is_filled_if_all_or_no_pixels_are_visible() -> None:
    image = smooth()
    for alpha in (
        None,
        np.ones((40, 56), np.float32),
        np.full((40, 56), 0.1, np.float32),
        np.zeros((40, 56), np.float32),
    ):
        assert images.fill_hidden(image, alpha) is image


def test_hidden_colours_do_not_change_the_filled_picture(random: np.random.Generator) -> None:
    alpha = np.where(random.random((70, 90)) < 0.02, random.random((70, 90)), 0).astype(np.float32)
    seen = random.random((70, 90, 3), dtype=np.float32)
    other = np.where(alpha[..., None] > 0, seen, random.random((70, 90, 3), dtype=np.float32))
    filled = images.fill_hidden(seen, alpha)
    np.testing.assert_array_equal(filled, images.fill_hidden(other, alpha))
    np.testing.assert_array_equal(filled[alpha > 0], seen[alpha > 0])
    assert filled.min() >= seen[alpha > 0].min() - 1e-6 and filled.max() <= seen[alpha > 0].max() + 1e-6


@pytest.mark.parametrize("shape", [(70, 90), (64, 64), (33, 200), (1, 1), (200, 31)])
def test_strips_are_filled_like_the_whole_picture(shape: tuple[int, int], random: np.random.Generator) -> None:
    pixels = random.random((*shape, 4), dtype=np.float32)
    pixels[..., 3] *= random.random(shape) < 0.05
    pixels[: shape[0] // 2, :, 3] = 0
    whole = images.fill_hidden(pixels[..., :3], pixels[..., 3])
    rows = images.FilledRows(pixels)
    assert rows.shape == pixels.shape
    for top, bottom in ((0, shape[0]), (0, 1), (shape[0] // 3, shape[0] // 3 + 1), (shape[0] // 2, shape[0])):
        np.testing.assert_array_equal(rows[top:bottom][..., :3], whole[top:bottom])
        np.testing.assert_array_equal(rows[top:bottom][..., 3], pixels[top:bottom, :, 3])


def test_filling_keeps_everything_else_and_fills_each_frame() -> None:
    picture = images.open(written(Picture(clip(alpha=True)), "PNG"))
    filled = picture.filled()
    assert [frame.duration for frame in filled.frames] == [100, 50, 200]
    for frame, index in zip(filled.frames, range(3), strict=True):
        np.testing.assert_allclose(frame.image[..., index], 1, atol=1e-6)
    still = Picture.of(smooth(), np.zeros((40, 56), np.float32))
    assert still.filled().image is still.image


@pytest.mark.parametrize("size", [10, 20, 61])
def test_hidden_colours_do_not_change_a_reduced_picture(size: int, random: np.random.Generator) -> None:
    y, x = np.mgrid[:80, :90]
    alpha = np.clip(255 * (30 - np.hypot(y - 40, x - 45)), 0, 255).astype(np.uint8)[..., None]
    seen = random.integers(0, 256, (80, 90, 3), np.uint8)
    other = np.where(alpha > 0, seen, 255 - seen)
    first, second = (images.open(encoded(np.concatenate([each, alpha], axis=2)), size=size) for each in (seen, other))
    np.testing.assert_array_equal(first.alpha, second.alpha)
    np.testing.assert_allclose(first.image, second.image, atol=1e-6)


def test_an_enlarged_image_repeats_each_pixel_in_a_block_of_two_by_two() -> None:
    image = np.array([[[1], [2]], [[3], [4]]], np.float32)
    expected = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    assert enlarged(image)[..., 0].tolist() == expected
