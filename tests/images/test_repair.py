"""JPEG files without an end marker are read if no pixel is missing, otherwise they are damaged."""

from pathlib import Path

import numpy as np
import pytest

from brushwork import images
from brushwork.images import ImageError, repair
from tests.images.samples import encoded, refused, smooth

PHOTO = (smooth(83, 101) * 255).astype(np.uint8)
KINDS = {
    "plain": encoded(PHOTO, "JPEG", quality=90),
    "444": encoded(PHOTO, "JPEG", quality=90, subsampling="4:4:4"),
    "grey": encoded(PHOTO[..., 0], "JPEG", quality=90),
    "progressive": encoded(PHOTO, "JPEG", quality=90, progressive=True),
    "restarts": encoded(PHOTO, "JPEG", quality=90, restart_marker_blocks=3),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", [b"", b"\xff", b"\0" * 50])
def test_a_complete_picture_without_end_marker_is_read_with_a_notice(kind: str, end: bytes, tmp_path: Path) -> None:
    whole = KINDS[kind]
    (path := tmp_path / "photo.jpg").write_bytes(whole[:-2] + end)  # zeros fill up what was never written
    picture, expected = images.open(path), images.open(whole)
    np.testing.assert_array_equal(picture.image, expected.image)
    assert (picture.notices, expected.notices) == ((repair.NOTICE,), ())
    assert images.open(path, size=40).notices == (repair.NOTICE,)
    with images.open_large(path) as large:
        np.testing.assert_allclose(large.pixels[0:83], expected.image, atol=1.01 / 255)
        assert large.notices == (repair.NOTICE,)


@pytest.mark.parametrize("kind", KINDS)
def test_missing_pixels_are_damage(kind: str) -> None:
    """Wherever it is cut: in the middle of the last block, and between the markers that some files have."""
    whole = KINDS[kind]
    for missing in (*range(1, 40), 300, len(whole) // 2):
        for padding in (b"", b"\0" * 80):  # as of a download whose room was taken before
            if padding and not whole[-2 - missing : -2].strip(b"\0"):
                continue  # what is missing is zeros, too
            with pytest.raises(ImageError, match=r"the file is damaged \(it ends before all pixels\)"):
                repair.completed(whole[: -2 - missing] + padding, 10**9)
    refused(whole[:-12], "the file is damaged")


def test_a_progressive_file_that_ends_between_two_scans_lacks_detail() -> None:
    """Its last scan begins with the marker FF DA, behind the tables that it needs."""
    whole = KINDS["progressive"]
    place = whole.rfind(b"\xff\xda")
    for end in (place, whole.rfind(b"\xff\xc4", 0, place)):
        with pytest.raises(ImageError, match="damaged"):
            repair.completed(whole[:end], 10**9)


def test_files_with_end_marker_get_no_notice(tmp_path: Path) -> None:
    film = np.random.default_rng(0).bytes(200_000) + b"\xff\xda"
    for whole in (KINDS["plain"], KINDS["restarts"], KINDS["progressive"] + film, encoded(PHOTO, "PNG")[:-20]):
        (path := tmp_path / "photo").write_bytes(whole)
        assert repair.completed(whole, 10**9) is None and repair.completed(path, 10**9) is None
    with pytest.raises(ImageError, match="damaged"):
        repair.completed(KINDS["plain"][:-2], 83 * 101 - 1)  # too large to be tried
