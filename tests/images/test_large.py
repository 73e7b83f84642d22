"""Pictures that are read and written in strips."""

from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from brushwork import images
from brushwork.images import Extent, ImageError, LargePicture, Metadata


@pytest.fixture
def pixels(random: np.random.Generator) -> np.ndarray:
    return random.integers(0, 256, (70, 51, 3), np.uint8)


def test_a_canvas_is_an_array_on_the_disk(random: np.random.Generator) -> None:
    numbers = random.standard_normal((30, 7, 5), dtype=np.float32)
    with images.canvas(30, 7, 5) as canvas:
        canvas[0:10], canvas[10:30] = numbers[:10], numbers[10:]
        assert (canvas[4:25] == numbers[4:25]).all()
        folder = canvas.path.parent
    assert not folder.exists()


def test_integers_on_a_canvas_are_images() -> None:
    with images.canvas(1, 4, 1, "uint8") as canvas:
        canvas[0:1] = np.asarray([-0.2, 0.5, 1, 7], np.float32).reshape(1, 4, 1)
        assert canvas[0:1].ravel().tolist() == pytest.approx([0, 128 / 255, 1, 1])


FORMATS_OF = {"png": "PNG", "jpg": "JPEG", "tif": "TIFF"}


@pytest.mark.parametrize("kind", FORMATS_OF)
def test_a_picture_in_strips_equals_the_one_opened_in_memory(tmp_path: Path, pixels: np.ndarray, kind: str) -> None:
    path = tmp_path / f"photo.{kind}"
    Image.fromarray(pixels).save(path)
    assert images.measure(path) == Extent(70, 51, FORMATS_OF[kind])
    with images.open_large(path) as picture:
        np.testing.assert_allclose(picture.pixels[0:70], images.open(path).image, atol=1.01 / 255)
        assert picture.depth == 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_large_picture_is_rotated_upright(tmp_path: Path, pixels: np.ndarray, orientation: int) -> None:
    path, exif = tmp_path / "photo.png", Image.Exif()
    exif[274] = orientation
    Image.fromarray(pixels).save(path, exif=exif)
    with images.open_large(path) as picture:
        np.testing.assert_array_equal(picture.pixels[0 : picture.pixels.shape[0]], images.open(path).image)


def test_the_colours_of_a_large_picture_become_srgb(tmp_path: Path) -> None:
    source = pyvips.Image.black(16, 16, bands=3).copy(interpretation="srgb").linear(1, [200, 30, 60])
    source.cast("uchar").icc_transform("p3", input_profile="srgb").pngsave(str(tmp_path / "wide.png"))
    with images.open_large(tmp_path / "wide.png") as picture:
        np.testing.assert_allclose(picture.pixels[0:1][0, 0] * 255, [200, 30, 60], atol=2)


@pytest.mark.parametrize(("kind", "depth"), [("PNG", 8), ("PNG", 16), ("TIFF", 8), ("TIFF", 16)])
def test_a_written_large_picture_is_read_again(
    tmp_path: Path, random: np.random.Generator, kind: str, depth: int
) -> None:
    image = random.random((300, 520, 4), dtype=np.float32)
    path = tmp_path / f"pastiche.{kind.lower()}"
    with images.canvas(300, 520, 4, f"uint{depth}") as canvas:
        canvas[0:300] = image
        images.save_large(LargePicture(canvas), path, kind)
    again = images.open(path)
    assert again.depth == depth and again.alpha is not None
    np.testing.assert_allclose(again.image, image[..., :3], atol=0.51 / (2**depth - 1))
    np.testing.assert_allclose(again.alpha, image[..., 3], atol=0.51 / (2**depth - 1))
    if kind == "TIFF":
        pyramid = pyvips.Image.new_from_file(str(path))
        assert pyramid.get("n-pages") == 3 and pyramid.get("tile-width") == 256
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_tiff_that_could_grow_past_four_gigabytes_is_a_bigtiff(
    tmp_path: Path, random: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = random.random((40, 60, 3), dtype=np.float32)
    for limit, version in ((40 * 60 * 3, 42), (40 * 60 * 3 - 1, 43)):  # the numbers of TIFF and BigTIFF
        monkeypatch.setattr("brushwork.images.large_writing.LARGEST_TIFF", limit)
        with images.canvas(40, 60, 3, "uint8") as canvas:
            canvas[0:40] = image
            images.save_large(LargePicture(canvas), tmp_path / f"{version}.tif", "TIFF")
        assert (tmp_path / f"{version}.tif").read_bytes()[:4] == b"II" + version.to_bytes(2, "little")
        np.testing.assert_allclose(images.open(tmp_path / f"{version}.tif").image, image, atol=0.51 / 255)


def test_a_large_jpeg_is_blended_with_white_and_keeps_its_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[315] = "Somebody"
    with images.canvas(16, 16, 4, "uint8") as canvas:
        canvas[0:16] = np.zeros((16, 16, 4), np.float32)
        images.save_large(LargePicture(canvas, Metadata(exif.tobytes())), tmp_path / "pastiche.jpg", "JPEG")
    with Image.open(tmp_path / "pastiche.jpg") as written:
        assert written.getpixel((3, 3)) == (255, 255, 255)
        assert written.getexif()[315] == "Somebody"
        assert "icc_profile" in written.info


def test_nothing_is_overwritten_or_left_half_written(tmp_path: Path) -> None:
    path = tmp_path / "pastiche.png"
    path.write_bytes(b"mine")
    with images.canvas(16, 16, 3, "uint8") as canvas, pytest.raises(ImageError, match="already exists"):
        images.save_large(LargePicture(canvas), path, "PNG")
    with images.canvas(16, 70_000, 3, "uint8") as canvas, pytest.raises(ImageError, match="65500 pixels on a side"):
        images.save_large(LargePicture(canvas), tmp_path / "wide.jpg", "JPEG")
    assert path.read_bytes() == b"mine" and [file.name for file in tmp_path.iterdir()] == [path.name]


def test_damaged_large_pictures_are_one_line_errors(tmp_path: Path, pixels: np.ndarray) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(ImageError, match="photo.png: the file is damaged"), images.open_large(path):
        raise AssertionError
    path.write_bytes(b"text")
    assert images.measure(path) is None and images.measure(tmp_path / "gone.jpg") is None
