"""TIFF files of signed integers."""

import numpy as np
import pytest

from brushwork import images
from tests.images.colour_files import COLOUR, DEEP, tiff


def test_a_signed_photo_with_negative_values_has_grey_at_0() -> None:
    data = tiff((DEEP.astype(np.int32) - 32768).astype(np.int16), sample_format=2)
    np.testing.assert_allclose(images.open(data).image, COLOUR, atol=1e-4)


def test_negative_values_of_signed_integers_are_mapped_as_documented() -> None:
    """By hand: up to one in a hundred are noise; otherwise the lowest value of the type or picture is black."""

    def read(numbers: list[int], dtype: str) -> tuple[list[float], tuple[str, ...]]:
        picture = images.open(tiff(np.array(numbers, dtype).reshape(1, -1, 1), photometric=1, sample_format=2))
        return picture.image[0, :, 0].tolist(), picture.notices

    values, notices = read([-5, *[32767] * 99], "int16")
    assert (values[:2], notices) == ([0, 1], ())
    values, notices = read([-1000, 0, 1000, 3000], "int16")
    assert values == pytest.approx([0, 0.25, 0.5, 1])
    assert notices == ("it has negative numbers; -1000 is taken as black and 3000 as white",)
    values, notices = read([-20000, 0, 32767], "int16")
    assert values == pytest.approx([12768 / 65535, 32768 / 65535, 1])
    assert notices == ("it has negative numbers; -32768 is taken as black and 32767 as white",)
    assert read([-3, -2, -1], "int8")[0] == pytest.approx([0, 0.5, 1])
    assert read([-7, -7], "int32")[0] == [0, 0]
