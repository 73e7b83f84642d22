"""Pictures of every format and mode, read pixel by pixel."""

import numpy as np
import pytest
from PIL import Image as Pillow

from brushwork import images
from tests.images.samples import (
    BLUE,
    GREEN,
    LOSSLESS,
    RED,
    encoded,
    exif_of,
    levels,
    pixels,
    seen_by_pillow,
    smooth,
    written,
)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_pixels_are_read_exactly(kind: str) -> None:
    image = images.open(encoded(pixels([RED, GREEN], [BLUE, (12, 34, 56)]), kind)).image
    assert image.dtype == np.float32
    assert levels(image).tolist() == [[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [12, 34, 56]]]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_pictures_are_read(kind: str) -> None:
    wanted = smooth()
    picture = images.open(encoded((wanted * 255).astype(np.uint8), kind, quality=95))
    assert picture.format == kind
    assert np.abs(picture.image - wanted).mean() < 0.01


# Stored rows of a picture that is to be seen as 1 2 3 / 4 5 6, by the EXIF standard: "6" says that the first stored
# row is the right side as seen, and the first stored column the top.
STORED = {
    1: [[1, 2, 3], [4, 5, 6]],
    2: [[3, 2, 1], [6, 5, 4]],
    3: [[6, 5, 4], [3, 2, 1]],
    4: [[4, 5, 6], [1, 2, 3]],
    5: [[1, 4], [2, 5], [3, 6]],
    6: [[3, 6], [2, 5], [1, 4]],
    7: [[6, 3], [5, 2], [4, 1]],
    8: [[4, 1], [5, 2], [6, 3]],
}


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_the_orientation_is_applied_and_removed(orientation: int, kind: str) -> None:
    stored = np.array(STORED[orientation], np.uint8)
    alpha = Pillow.fromarray(np.stack([stored, stored, stored, stored * 10], -1))
    picture = images.open(encoded(alpha, kind, exif=exif_of(orientation)))
    assert levels(picture.image[..., 0]).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert levels(picture.alpha).tolist() == [[10, 20, 30], [40, 50, 60]]
    assert 274 not in seen_by_pillow(picture.metadata.exif)


def test_the_orientation_of_a_phone_s_jpeg_is_applied() -> None:
    stored = np.zeros((16, 32, 3), np.uint8)
    stored[:, :16] = 255  # white left half; turned clockwise it is the top
    image = images.open(encoded(stored, "JPEG", exif=exif_of(6))).image
    assert image.shape == (32, 16, 3)
    assert image[:14].min() > 0.9
    assert image[18:].max() < 0.1


@pytest.mark.parametrize("value", [0, 9, 77])
def test_invalid_orientations_are_ignored(value: int) -> None:
    assert images.open(encoded(pixels([RED, BLUE]), exif=exif_of(value))).image[0, 0].tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("mode", "colour", "expected", "alpha"),
    [
        ("1", 255, (255, 255, 255), None),
        ("L", 77, (77, 77, 77), None),
        ("LA", (77, 128), (77, 77, 77), 128),
        ("RGB", (1, 2, 3), (1, 2, 3), None),
        ("RGBA", (1, 2, 3, 0), (1, 2, 3), 0),
        ("P", 0, (0, 0, 0), None),
    ],
)
@pytest.mark.parametrize("kind", LOSSLESS)
def test_pillow_modes_are_decoded_exactly(
    mode: str, colour: int | tuple[int, ...], expected: tuple[int, ...], alpha: int | None, kind: str
) -> None:
    picture = images.open(encoded(Pillow.new(mode, (5, 4), colour), kind))
    assert picture.depth == 8
    assert (levels(picture.image) == expected).all()
    assert (picture.alpha is None) == (alpha is None)
    assert alpha is None or (levels(picture.alpha) == alpha).all()


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits", None])
def test_every_tiff_compression_is_decoded(compression: str | None) -> None:
    source = (smooth() * 255).astype(np.uint8)
    assert (levels(images.open(encoded(source, "TIFF", compression=compression)).image) == source).all()


@pytest.mark.parametrize("shape", [(1, 1), (5, 4000), (4000, 5)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "GIF"])
def test_extreme_shapes_are_read_and_written(shape: tuple[int, int], kind: str) -> None:
    source = np.full((*shape, 3), 0.5, np.float32)
    image = images.open(written(source, kind)).image
    assert image.shape == (*shape, 3)
    assert np.abs(image - 0.5).max() < 0.01
