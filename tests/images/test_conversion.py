"""One conversion: every kind of file, read at once and in strips, gives the same sRGB and alpha."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageCms

from brushwork import images
from brushwork.images import Image, colorimetry
from brushwork.images.colorimetry import Colorimetry
from tests.images.colour_files import (
    ALPHA,
    BYTES,
    COLOUR,
    DEEP,
    HEIGHT,
    INK,
    WIDTH,
    palette,
    planar,
    png_with,
    tiff,
    without_adobe,
)
from tests.images.samples import (
    ARITHMETIC_JPEG,
    encoded,
    exif_of,
    linear_grey_profile,
    swapped_profile,
    with_vips,
)

ADOBE = Colorimetry(colorimetry.ADOBE, 563 / 256)
# Everything that the strip reader may be given, by name.
FILES = {
    "png": encoded(BYTES),
    "png-alpha": encoded(np.concatenate([BYTES, ALPHA], axis=2)),
    "png-grey": encoded(BYTES[..., 0]),
    "png-grey-alpha": encoded(Pillow.fromarray(BYTES).convert("LA")),
    "png-1-bit": encoded(Pillow.fromarray(BYTES[..., 0]).convert("1")),
    "png-palette": palette(),
    "png-palette-trns": palette(transparency=bytes([255, 128, 0])),
    "png-trns": encoded(BYTES, transparency=tuple(int(level) for level in BYTES[3, 3])),
    "png-16": with_vips(DEEP, ".png", "rgb16"),
    "png-profile": encoded(BYTES, icc_profile=swapped_profile()),
    "png-grey-profile": encoded(BYTES[..., 0], icc_profile=linear_grey_profile()),
    "png-gama": png_with([(b"gAMA", struct.pack(">I", 100_000))]),
    "png-chrm": png_with([(b"cHRM", struct.pack(">8I", *(round(1e5 * part) for part in colorimetry.ADOBE)))]),
    "png-cicp-p3": png_with([(b"cICP", bytes([12, 13, 0, 1]))]),
    "png-cicp-pq": png_with([(b"cICP", bytes([9, 16, 0, 1]))], DEEP),
    "png-cicp-hlg": png_with([(b"cICP", bytes([9, 18, 0, 1]))], DEEP),
    "png-orientation": encoded(BYTES, exif=exif_of(6)),
    "jpeg": encoded(BYTES, "JPEG"),
    "jpeg-grey": encoded(BYTES[..., 0], "JPEG"),
    "jpeg-progressive": encoded(BYTES, "JPEG", progressive=True),
    "jpeg-orientation": encoded(BYTES, "JPEG", exif=exif_of(8)),
    "jpeg-cmyk": encoded(Pillow.frombytes("CMYK", (WIDTH, HEIGHT), INK.tobytes()), "JPEG"),
    "jpeg-cmyk-no-adobe": without_adobe(encoded(Pillow.frombytes("CMYK", (WIDTH, HEIGHT), INK.tobytes()), "JPEG")),
    "jpeg-arithmetic": ARITHMETIC_JPEG,
    "jpeg-mpo": encoded(Pillow.fromarray(BYTES), "MPO", save_all=True, append_images=[Pillow.new("RGB", (20, 20))]),
    "jpeg-profile": encoded(BYTES, "JPEG", icc_profile=swapped_profile()),
    "webp": encoded(BYTES, "WEBP", lossless=True),
    "webp-alpha": encoded(np.concatenate([BYTES, ALPHA], axis=2), "WEBP", lossless=True, exact=True),
    "webp-profile": encoded(BYTES, "WEBP", lossless=True, icc_profile=swapped_profile()),
    "webp-orientation": encoded(BYTES, "WEBP", lossless=True, exif=exif_of(6)),
    "tiff": encoded(BYTES, "TIFF"),
    "tiff-lzw": encoded(BYTES, "TIFF", compression="tiff_lzw"),
    "tiff-1-bit": encoded(Pillow.fromarray(BYTES[..., 0]).convert("1"), "TIFF"),
    "tiff-palette": encoded(Pillow.fromarray(BYTES).quantize(16), "TIFF"),
    "tiff-alpha": tiff(np.concatenate([BYTES, ALPHA], axis=2), extra=(2,)),
    "tiff-associated": tiff(np.concatenate([BYTES // 2, np.full_like(ALPHA, 128)], axis=2), extra=(1,)),
    "tiff-orientation": encoded(BYTES, "TIFF", exif=exif_of(5)),
    "tiff-cmyk": tiff(INK, photometric=5),
    "tiff-cmyk-16": tiff(INK.astype(np.uint16) * 257, photometric=5),
    "tiff-16": tiff(DEEP),
    "tiff-32": tiff(DEEP.astype(np.uint32) * 65537),
    "tiff-signed-8": tiff((BYTES // 2).astype(np.int8), sample_format=2),
    "tiff-signed-16": tiff((DEEP // 2).astype(np.int16), sample_format=2),
    "tiff-signed-grey-is-0": tiff((DEEP.astype(np.int32) - 32768).astype(np.int16), sample_format=2),
    "tiff-float": tiff(COLOUR, sample_format=3),
    "tiff-float-255": tiff(COLOUR * 255, sample_format=3),
    "tiff-float-hdr": tiff(COLOUR**4 * 5, sample_format=3),
    "tiff-float-lab": with_vips(np.stack([COLOUR[..., 0] * 100, COLOUR[..., 1] * 80 - 40, COLOUR[..., 2] * 60], 2),
                                ".tif", "lab"),
    "tiff-lab-16": pyvips.Image.new_from_array(BYTES).copy(interpretation="srgb").colourspace("labs")
                   .write_to_buffer(".tif"),
    "tiff-float-light": tiff(1 + COLOUR * 3, sample_format=3),
    "tiff-half": tiff(COLOUR.astype(np.float16), sample_format=3),
    "tiff-ycbcr": encoded(BYTES, "TIFF", mode="YCbCr"),
    "tiff-ycbcr-jpeg": pyvips.Image.new_from_array(BYTES).copy(interpretation="srgb")
                       .tiffsave_buffer(compression="jpeg", Q=95),
    "tiff-white-is-0": tiff(255 - BYTES[..., :1], photometric=0),
    "tiff-planar": planar(BYTES),
    "tiff-planar-associated": planar(np.concatenate([BYTES // 2, np.full_like(ALPHA, 128)], axis=2), extra=(1,)),
    "tiff-tiled-predictor": pyvips.Image.new_from_array(BYTES).copy(interpretation="srgb")
                            .tiffsave_buffer(tile=True, tile_width=16, tile_height=16, compression="lzw",
                                             predictor="horizontal"),
    "tiff-big-endian": tiff(DEEP.astype(">u2"), order=b"MM"),
    "tiff-profile": encoded(BYTES, "TIFF", icc_profile=swapped_profile()),
    "tiff-profile-16": tiff(DEEP, t34675=swapped_profile()),
    "tiff-big": pyvips.Image.new_from_array(BYTES).copy(interpretation="srgb").tiffsave_buffer(bigtiff=True),
}  # fmt: skip


@pytest.fixture(params=FILES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (path := Path(tmp_path / request.param)).write_bytes(FILES[request.param])
    return path


def test_a_file_reads_the_same_at_once_and_in_strips(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brushwork.images.vips._STRIP", 4000)  # many strips, not one
    whole = images.open(path)
    assert images.measure(path) is not None
    with images.open_large(path) as large:
        pixels = large.pixels[0 : large.pixels.shape[0]]
        assert (large.depth, large.metadata, large.notices) == (whole.depth, whole.metadata, whole.notices)
    np.testing.assert_allclose(pixels[..., :3], whole.image, atol=0.51 / 65535)
    assert (whole.alpha is not None) == (pixels.shape[2] == 4)
    if whole.alpha is not None:
        np.testing.assert_allclose(pixels[..., 3], whole.alpha, atol=0.51 / 65535)


def colours(name: str) -> Image:
    return images.open(FILES[name]).image


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("png", BYTES / 255),
        ("tiff-16", COLOUR),
        ("tiff-32", COLOUR),
        ("tiff-signed-8", (BYTES // 2) / 127),
        ("tiff-signed-16", COLOUR),
        ("tiff-float", COLOUR),
        ("tiff-float-255", COLOUR),
        ("tiff-lab-16", BYTES / 255),
        ("tiff-alpha", BYTES / 255),
        ("tiff-cmyk", BYTES / 255 * (1 - 20 / 255)),
        ("tiff-cmyk-16", BYTES / 255 * (1 - 20 / 255)),
        ("tiff-half", COLOUR),
        ("tiff-big-endian", COLOUR),
        ("tiff-planar", BYTES / 255),
        ("tiff-tiled-predictor", BYTES / 255),
        ("tiff-white-is-0", BYTES[..., :1].repeat(3, axis=2) / 255),
        ("png-profile", BYTES[..., ::-1] / 255),
        ("tiff-profile-16", COLOUR[..., ::-1]),
    ],
)  # fmt: skip
def test_the_pixels_of_lossless_files_are_as_declared(name: str, wanted: np.ndarray) -> None:
    np.testing.assert_allclose(colours(name), wanted, atol=0.01)


Y, X = np.mgrid[:24, :32]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("jpeg", BYTES / 255),
        ("jpeg-arithmetic", np.stack(np.broadcast_arrays(8 * X, 10 * Y, 128), axis=2) / 255),
        ("jpeg-mpo", BYTES / 255),
        ("jpeg-cmyk", BYTES / 255 * (1 - 20 / 255)),
        ("jpeg-cmyk-no-adobe", BYTES / 255 * (1 - 20 / 255)),
        ("tiff-ycbcr", BYTES / 255),
        ("tiff-ycbcr-jpeg", BYTES / 255),
    ],
)
def test_the_pixels_of_lossy_files_are_close_to_the_declared(name: str, wanted: np.ndarray) -> None:
    found = colours(name)
    assert found.shape == wanted.shape and np.abs(found - wanted).mean() < 0.015


def test_alpha_is_divided_out_once() -> None:
    """Colours of at most 127 over an alpha of 128: twice as bright, and far from white."""
    wanted = BYTES // 2 * 255.0 / 128
    for name in ("tiff-associated", "tiff-planar-associated"):
        np.testing.assert_allclose(colours(name) * 255, wanted, atol=1)
    assert wanted.min() > 40 and wanted.max() < 254


def test_gamma_of_one_is_linear_light() -> None:
    linear = BYTES / 255
    np.testing.assert_allclose(colours("png-gama"), np.where(linear <= 0.0031308, linear * 12.92,
                               1.055 * linear ** (1 / 2.4) - 0.055), atol=1e-4)  # fmt: skip


@pytest.mark.parametrize("primaries", [1, 9, 12])
def test_white_stays_white_and_grey_grey(primaries: int) -> None:
    space = colorimetry.by_codes(primaries, 13)
    assert space is not None
    ramp = np.linspace(0, 1, 12, dtype=np.float32).reshape(1, 12, 1).repeat(3, axis=2)
    np.testing.assert_allclose(space.to_srgb(ramp), ramp, atol=1e-4)


def test_display_p3_by_numbers_is_display_p3_by_its_profile() -> None:
    image = pyvips.Image.new_from_array(BYTES).copy(interpretation="srgb")
    wanted = image.icc_transform("srgb", input_profile="p3", depth=16).numpy() / 65535
    np.testing.assert_allclose(colours("png-cicp-p3"), wanted, atol=0.01)


def test_adobe_rgb_by_exif_is_adobe_rgb_by_chromaticities_and_gamma() -> None:
    exif = Pillow.Exif()
    exif.get_ifd(34665)[40961] = 65535
    exif.get_ifd(34665)[40965] = {1: "R03"}
    by_exif = images.open(encoded(BYTES, "PNG", exif=exif.tobytes())).image
    gamma = (b"gAMA", struct.pack(">I", round(1e5 * 256 / 563)))
    points = (b"cHRM", struct.pack(">8I", *(round(1e5 * part) for part in colorimetry.ADOBE)))
    np.testing.assert_allclose(by_exif, images.open(png_with([gamma, points])).image, atol=1e-4)
    assert np.abs(by_exif - BYTES / 255).max() > 0.02  # it is no sRGB
    under_srgb = images.open(encoded(BYTES, exif=exif.tobytes(), icc_profile=_srgb())).image
    np.testing.assert_allclose(under_srgb, BYTES / 255, atol=1e-6)  # a profile goes before EXIF


def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_hdr_files_are_tone_mapped_with_a_notice() -> None:
    """Diffuse white of PQ is 203 cd/m2, at 0.5807; of HLG it is at 0.75. It stays bright, more light brighter."""
    for code, white, top in ((16, 0.5807, 0.9), (18, 0.75, 1.0)):
        ramp = np.array([0, white / 2, white, (white + top) / 2, top])
        data = png_with([(b"cICP", bytes([9, code, 0, 1]))], np.rint(ramp * 65535).astype(np.uint16)
                        .reshape(1, 5, 1).repeat(3, 2))  # fmt: skip
        picture = images.open(data)
        grey = picture.image[0, :, 1]
        assert (np.diff(grey) > 0.002).all() and grey[0] == 0 and 0.9 < grey[2] < 0.97 and grey[4] < 1
        np.testing.assert_allclose(picture.image, picture.image[..., :1].repeat(3, 2), atol=1e-4)
        assert picture.notices == ("its high dynamic range is tone-mapped",)
    floats = images.open(FILES["tiff-float-hdr"])
    assert floats.notices == picture.notices and floats.image.max() < 1
    dark = COLOUR**4 * 5 < 0.5
    np.testing.assert_allclose(floats.image[dark.all(axis=2)], _encoded(COLOUR**4 * 5)[dark.all(axis=2)], atol=1e-4)
    light = images.open(FILES["tiff-float-light"])  # most of it is above white, and far from 255 levels
    assert light.notices == picture.notices and light.image.min() > 0.6 and light.image.max() < 1
    for name in ("tiff-float", "tiff-float-255", "png"):
        assert images.open(FILES[name]).notices == ()


def _encoded(linear: NDArray[Any]) -> NDArray[Any]:
    encoded_light: NDArray[Any] = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return encoded_light
