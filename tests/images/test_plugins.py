"""HEIC and JPEG XL, which are read by plug-ins."""

import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from brushwork import extras, images
from brushwork.images import ImageError, jxl
from tests.images.samples import exif_of, refused, seen_by_pillow, smooth, smooth_bytes, swapped_profile
from tests.programs import missing

KINDS = {"HEIF": ("heif", "photo.heic"), "JXL": ("jxl", "photo.jxl")}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    extra = KINDS[request.param][0]
    if not find_spec({"HEIF": "pillow_heif", "JXL": "pillow_jxl"}[request.param]):
        missing(f"no plugin for {request.param}; install it with: pip install 'brushwork[{extra}]'")
    return str(request.param)


def encoded(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image = Pillow.fromarray(smooth_bytes())
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.from_pillow(image).save(buffer, quality=95, **options)
    else:
        import pillow_jxl  # noqa: F401  # it registers itself

        image.save(buffer, "JXL", lossless=True, **options)
    return buffer.getvalue()


def test_pictures_of_plug_ins_are_read(kind: str) -> None:
    picture = images.open(encoded(kind))
    assert (picture.format, picture.depth, picture.alpha) == (kind, 8, None)
    assert np.abs(picture.image - smooth()).mean() < 0.02
    assert images.open(encoded(kind), size=28).image.shape == (20, 28, 3)


def test_their_profile_is_converted_and_their_exif_kept(kind: str) -> None:
    profile = {"icc_profile": swapped_profile()} if kind == "HEIF" else {}  # that of JPEG XL writes none
    picture = images.open(encoded(kind, exif=exif_of(1), **profile))
    assert np.abs(picture.image - smooth()[..., :: -1 if profile else 1]).mean() < 0.02
    assert picture.metadata.exif is not None
    assert seen_by_pillow(picture.metadata.exif)[271] == "Maker"


def test_damaged_files_are_one_line_errors(kind: str) -> None:
    data = encoded(kind)
    for part in (0.3, 0.9):
        refused(data[: int(len(data) * part)], "the file is damaged")


@pytest.mark.parametrize("kind", KINDS)
def test_without_the_plug_in_the_error_names_the_extra(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    extra, name = KINDS[kind]
    monkeypatch.setitem(extras.EXTRAS, extra, ("missing_module",))
    start = {"HEIF": b"\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf", "JXL": b"\xff\x0a"}[kind]
    (tmp_path / name).write_bytes(start + b"\0" * 100)
    assert images.find(tmp_path) == [tmp_path / name]  # a folder of them is not empty
    refused(tmp_path / name, rf"{name}: .* needs an optional extra: pip install 'brushwork\[{extra}\]'$")


@pytest.mark.parametrize(
    ("brands", "extra"),
    [(b"mif1\0\0\0\0mif1heic", "heif"), (b"heic\0\0\0\0mif1heic", "heif"), (b"msf1\0\0\0\0", "heif")],
)
def test_brands_distinguish_heic_from_avif(brands: bytes, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, extra, ("missing_module",))
    start = (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands
    refused(start + b"\0" * 64, r"brushwork\[heif\]")
    avif = start.replace(b"heic", b"avif") if b"heic" in brands else start[:8] + b"avif" + start[12:]
    with pytest.raises(ImageError, match="damaged"):
        images.open(avif + b"\0" * 64)


def test_pictures_of_plug_ins_can_be_read_in_strips(kind: str, tmp_path: Path) -> None:
    (path := tmp_path / KINDS[kind][1]).write_bytes(encoded(kind, exif=exif_of(1)))
    extent = images.measure(path)
    assert extent is not None
    assert (extent.height, extent.width, extent.format) == (40, 56, kind)
    assert 40 * 56 * 7 < extent.decoding < 40 * 56 * 30
    with images.open_large(path) as large:
        np.testing.assert_allclose(large.pixels[0:40], images.open(path).image, atol=1e-6)
        assert large.metadata == images.open(path).metadata


@pytest.mark.parametrize(
    "size", [(64, 48), (48, 64), (200, 100), (33, 999), (513, 513), (320, 180), (1, 1), (70_000, 2)]
)
def test_the_size_of_jpeg_xl_is_known_before_it_is_decoded(size: tuple[int, int]) -> None:
    pillow_jxl = pytest.importorskip("pillow_jxl")
    assert pillow_jxl
    for options in ({}, {"use_container": True, "exif": exif_of(1)}):
        buffer = io.BytesIO()
        Pillow.new("RGB", size).save(buffer, "JXL", **options)
        assert jxl.read_size(buffer) == size[::-1]
        with pytest.raises(ImageError, match="exceed the limit"):
            images.open(buffer.getvalue(), max_pixels=size[0] * size[1] - 1)
    assert jxl.read_size(io.BytesIO(b"\xff\x0a")) is None
