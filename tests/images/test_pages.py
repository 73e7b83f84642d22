"""Files of several pictures: TIFF pages, reduced copies, raw files."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import TiffImagePlugin

from brushwork import images
from brushwork.images import ImageError
from tests.images.colour_files import BYTES, tiff
from tests.images.samples import encoded, levels, pixels, refused


def pages(*kinds: int, big: bool = False) -> bytes:
    """A TIFF with a page of one grey for each NewSubfileType: 10, 20, 30 and so on."""
    found = [Pillow.new("L", (9, 8), 10 * number) for number in range(1, len(kinds) + 1)]
    data = bytearray(encoded(found[0], "TIFF", save_all=True, append_images=found[1:], tiffinfo={254: 0}, big_tiff=big))
    place = struct.unpack_from("<Q", data, 8)[0] if big else struct.unpack_from("<I", data, 4)[0]
    for kind in kinds:  # the first entry of each directory is that tag
        head, width = (8, 20) if big else (2, 12)
        (count,) = struct.unpack_from("<Q" if big else "<H", data, place)
        assert struct.unpack_from("<H", data, place + head)[0] == 254
        struct.pack_into("<HHQQ" if big else "<HHII", data, place + head, 254, 4, 1, kind)
        (place,) = struct.unpack_from("<Q" if big else "<I", data, place + head + width * count)
    return bytes(data)


def seen(data: bytes, page: int = 1) -> int:
    return int(levels(images.open(data, page=page).image).ravel()[0])


@pytest.mark.parametrize("big", [False, True])
def test_pages_are_counted_and_one_is_read(big: bool, tmp_path: Path) -> None:
    data = pages(0, 0, 0, big=big)
    assert [seen(data, page) for page in (1, 2, 3)] == [10, 20, 30]
    assert images.open(data, page=2).notices == ("page 2 of 3 is used; see --page",)
    for page in (0, 4):
        refused(data, f"it has 3 pages, and no page {page}$", page=page)
    path = tmp_path / "a.tif"
    path.write_bytes(data)
    with images.open_large(path, 3) as large:
        assert levels(large.pixels[0:1])[0, 0].tolist() == [30, 30, 30]
        assert large.notices == ("page 3 of 3 is used; see --page",)


@pytest.mark.parametrize(("kinds", "wanted"), [((1, 0), [20]), ((0, 1, 1), [10]), ((1, 2, 4, 2), [20, 40])])
def test_reduced_copies_and_masks_are_not_pages(kinds: tuple[int, ...], wanted: list[int]) -> None:
    data = pages(*kinds)
    assert [seen(data, page) for page in range(1, len(wanted) + 1)] == wanted
    assert bool(images.open(data).notices) == (len(wanted) > 1)
    refused(data, "no page", page=len(wanted) + 1)


def test_a_pyramid_is_one_picture() -> None:
    import pyvips

    image = pyvips.Image.new_from_array(np.full((600, 700, 3), 7, np.uint8)).copy(interpretation="srgb")
    picture = images.open(image.tiffsave_buffer(pyramid=True, tile=True))
    assert picture.image.shape == (600, 700, 3) and picture.notices == ()


def test_other_formats_have_one_page() -> None:
    assert images.open(encoded(BYTES), page=1).notices == ()
    refused(encoded(BYTES), "it has no page 2; only TIFF files have pages", page=2)


@pytest.mark.parametrize("photometric", [32803, 34892])
def test_raw_sensor_data_is_refused(photometric: int) -> None:
    refused(tiff(BYTES[..., :1].copy(), photometric=photometric), r"it is a camera raw file; convert it first")


def test_a_dng_is_refused_rather_than_its_thumbnail_read() -> None:
    refused(tiff(BYTES, t50706=b"\1\4\0\0"), "it is a camera raw file; convert it first, for example to TIFF")


@pytest.mark.parametrize(
    "start",
    [b"II*\0\x10\0\0\0CR\2\0", b"FUJIFILMCCD-RAW ", b"IIU\0", b"IIRO", b"FOVb", b"\0\0\0\x18ftypcrx \0\0\0\1crx "],
)
def test_raw_files_are_recognised_by_their_first_bytes(start: bytes) -> None:
    refused(start + b"\0" * 64, "it is a camera raw file")


def test_a_cyclic_tiff_directory_ends() -> None:
    data = bytearray(encoded(pixels([(1, 2, 3)]), "TIFF"))
    place = struct.unpack_from("<I", data, 4)[0]
    (count,) = struct.unpack_from("<H", data, place)
    struct.pack_into("<I", data, place + 2 + 12 * count, place)
    assert levels(images.open(bytes(data)).image).tolist() == [[[1, 2, 3]]]
    with pytest.raises(ImageError):
        images.open(io.BytesIO(bytes(data[:20])))


@pytest.mark.parametrize("depth", [8, 16])
def test_all_pages_are_read_and_written_at_their_own_sizes(depth: int, tmp_path: Path) -> None:
    first, second = Pillow.fromarray(BYTES), Pillow.new("LA", (9, 20), (7, 100))
    data = encoded(first, "TIFF", save_all=True, append_images=[second], dpi=(300, 300), tiffinfo={315: "Somebody"})
    picture = images.open(data, page=None)
    assert picture.paged and picture.notices == ()
    assert [frame.image.shape for frame in picture.frames] == [(*BYTES.shape[:2], 3), (20, 9, 3)]
    images.save(picture.map(lambda image: 1 - image), tmp_path / "a.tif", depth=depth)
    with Pillow.open(tmp_path / "a.tif") as file:
        assert isinstance(file, TiffImagePlugin.TiffImageFile)
        assert (file.n_frames, file.tag_v2[315], file.info["dpi"]) == (2, "Somebody", (300, 300))
    again = images.open(tmp_path / "a.tif", page=None)
    assert again.depth == depth
    assert (levels(again.frames[0].image) == 255 - BYTES).all()
    assert (levels(again.frames[1].image) == 248).all() and (levels(again.frames[1].alpha) == 100).all()
    with pytest.raises(ImageError, match="PNG holds one page; 2 pages are written as TIFF"):
        images.save(again, tmp_path / "b.png")
    assert not images.open(encoded(BYTES), page=None).paged
