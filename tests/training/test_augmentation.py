"""Augmentation, each part checked by hand or against another library."""

import colorsys
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from brushwork.training.augmentation import (
    COLUMNS,
    CONTENT,
    NOTHING,
    STYLE,
    Augmentation,
    augment,
    draw,
    reduce,
)
from brushwork.training.colors import adjust_brightness, adjust_saturation_and_hue, hsv_to_rgb, rgb_to_hsv

COLOURS = [
    (0.2, 0.4, 0.9), (0.9, 0.1, 0.3), (0.5, 0.5, 0.5), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (1.0, 0.0, 0.0),
    (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.3, 0.8, 0.8), (0.8, 0.8, 0.1), (0.7, 0.2, 0.7), (0.25, 0.75, 0.5),
]  # fmt: skip


def row(**chosen: float) -> torch.Tensor:
    """The numbers of one picture; 0.75 neither flips nor turns."""
    return torch.tensor([[chosen.get(name, 0.75) for name in COLUMNS]])


def pictures(*sizes: tuple[int, int]) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(256, (3, *size), generator=generator, dtype=torch.uint8) for size in sizes]


def test_hsv_equals_that_of_colorsys() -> None:
    image = torch.tensor(COLOURS).T[None, :, None]  # (1, 3, 1, 12)
    expected = torch.tensor([colorsys.rgb_to_hsv(*colour) for colour in COLOURS]).T[None, :, None]
    torch.testing.assert_close(rgb_to_hsv(image), expected)
    torch.testing.assert_close(hsv_to_rgb(expected), image)


def test_saturation_and_hue_changes_are_those_of_hsv() -> None:
    image = torch.tensor(COLOURS).T[None, :, None]

    def by_hand(colour: tuple[float, float, float]) -> tuple[float, float, float]:
        hue, saturation, value = colorsys.rgb_to_hsv(*colour)
        return colorsys.hsv_to_rgb((hue - 0.15) % 1, min(1.0, saturation * 1.4), value)

    expected = torch.tensor([by_hand(colour) for colour in COLOURS]).T[None, :, None]
    result = adjust_saturation_and_hue(image, torch.tensor([1.4]), torch.tensor([-0.15]))
    torch.testing.assert_close(result, expected)


def test_brightness_is_clipped_and_drawn_per_picture() -> None:
    image = torch.tensor([0.1, 0.5, 0.9]).expand(2, 3, 1, 3)
    result = adjust_brightness(image, torch.tensor([0.25, -0.25]))
    torch.testing.assert_close(result[:, 0, 0], torch.tensor([[0.35, 0.75, 1.0], [0.0, 0.25, 0.65]]))


def test_no_augmentation_leaves_every_pixel() -> None:
    (picture,) = pictures((8, 8))
    torch.testing.assert_close(augment([picture], 8, NOTHING, row(), "cpu")[0], picture / 255)


@pytest.mark.parametrize("side", [5, 16, 37])
def test_resizing_equals_anti_aliased_resizing_of_torch(side: int) -> None:
    (picture,) = pictures((16, 16))
    expected = F.interpolate(picture[None] / 255, (side, side), mode="bilinear", antialias=True)
    torch.testing.assert_close(augment([picture], side, NOTHING, row(), "cpu"), expected, rtol=0, atol=1e-5)


def test_flips_mirror_the_picture() -> None:
    (picture,) = pictures((8, 8))
    flipping = replace(NOTHING, flip_left_right=True, flip_up_down=True)
    for numbers, dimensions in (({"flip_left_right": 0.2}, [2]), ({"flip_up_down": 0.2}, [1])):
        result = augment([picture], 8, flipping, row(**numbers), "cpu")[0]
        torch.testing.assert_close(result, picture.flip(dimensions) / 255)
        torch.testing.assert_close(augment([picture], 8, NOTHING, row(**numbers), "cpu")[0], picture / 255)


def test_crops_are_taken_where_they_are_drawn() -> None:
    (picture,) = pictures((12, 20))
    crop = Augmentation(zoom=(1.0, 2.0), flip_left_right=False)
    # Zoom 1.5 of a short side of 12 cuts 8 x 8; half way down a space of 4, a quarter along one of 12.
    result = augment([picture], 8, crop, row(zoom=0.5, top=0.5, left=0.25), "cpu")[0]
    torch.testing.assert_close(result, picture[:, 2:10, 3:11] / 255)
    middle = augment([picture], 12, replace(NOTHING), row(left=0.0), "cpu")[0]
    torch.testing.assert_close(middle, picture[:, :, 4:16] / 255)


def test_colour_is_drawn_within_its_bounds() -> None:
    grey = torch.full((3, 4, 4), 51, dtype=torch.uint8)  # 0.2
    brighter = augment([grey], 4, replace(NOTHING, brightness=0.8), row(brightness=0.75), "cpu")
    torch.testing.assert_close(brighter, torch.full((1, 3, 4, 4), 0.6))
    red = torch.tensor([204, 0, 0], dtype=torch.uint8)[:, None, None].expand(3, 4, 4)
    paler = augment([red], 4, replace(NOTHING, saturation=(0.5, 1.5)), row(saturation=0.0), "cpu")
    torch.testing.assert_close(paler[0, :, 0, 0], torch.tensor([0.8, 0.4, 0.4]))
    turned = augment([red], 4, replace(NOTHING, hue=1 / 3), row(hue=1.0), "cpu")
    torch.testing.assert_close(turned[0, :, 0, 0], torch.tensor([0.0, 0.8, 0.0]))


@pytest.mark.parametrize("augmentation", [CONTENT, STYLE])
def test_augmentation_does_not_depend_on_the_rest_of_the_batch(augmentation: Augmentation) -> None:
    ragged = pictures((30, 20), (17, 40), (64, 64), (5, 5))
    numbers = draw(4, torch.Generator().manual_seed(3))
    together = augment(ragged, 16, augmentation, numbers, "cpu")
    assert together.shape == (4, 3, 16, 16)
    assert together.min() >= 0
    assert together.max() <= 1 + 1e-6
    for index, picture in enumerate(ragged):
        alone = augment([picture], 16, augmentation, numbers[index : index + 1], "cpu")
        torch.testing.assert_close(alone[0], together[index], rtol=0, atol=1e-5)


def test_draws_depend_only_on_the_generator() -> None:
    first, again = (draw(5, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == (5, len(COLUMNS))
    assert not torch.equal(first, draw(5, torch.Generator().manual_seed(2)))


def test_the_style_augmentation_has_the_published_ranges() -> None:
    assert Augmentation((258 / 256, 455 / 256), True, True, True, 0.8, (0.5, 1.5), 0.2) == STYLE


def test_a_square_larger_than_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="zoom begins at 0"):
        Augmentation(zoom=(0.5, 1.0))


def test_a_square_is_not_enlarged_beyond_its_limit() -> None:
    """The side of the square is at least 40 / 1.25 = 32 of the picture's own pixels."""
    sharp = Augmentation((1.0, 100.0), random_crop=False, flip_left_right=False, enlargement=1.25)
    picture = torch.zeros(3, 64, 80, dtype=torch.uint8)
    picture[:, 16:48, 24:56] = 255  # the middle 32 x 32
    numbers = torch.zeros(1, len(COLUMNS))
    for zoom, white in ((1.0, 1.0), (0.0, 0.25)):  # all of the square, or half of its short side
        numbers[0, COLUMNS.index("zoom")] = zoom
        image = augment([picture], 40, sharp, numbers, "cpu")
        assert image.mean().item() == pytest.approx(white, abs=0.02)
    small = augment([picture[:, :20, :20]], 40, sharp, torch.rand(1, len(COLUMNS)), "cpu")
    assert small.shape == (1, 3, 40, 40)  # nothing to choose: all of the picture


def test_a_fraction_of_the_squares_is_enlarged_further() -> None:
    """A square of 32 pixels spans 64 of the picture's, or down to 32 / 1.25 in general and 32 / 4 if it is enlarged."""
    settings = Augmentation((1.0, 100.0), random_crop=False, flip_left_right=False, enlargement=1.25, enlarged=0.25)
    picture = torch.zeros(3, 64, 64, dtype=torch.uint8)
    picture[0] = torch.arange(64) * 4  # red by column, so that its slope is the zoom
    picture[1] = 255  # contrast even in a small square
    expected = {0.0: 64, 0.125: 64 / 4.5, 0.25 - 1e-6: 8, 0.25: 64, 0.625: 64 / 1.75, 1 - 1e-6: 25.6}
    for zoom, span in expected.items():
        numbers = torch.zeros(1, len(COLUMNS))
        numbers[0, COLUMNS.index("zoom")] = zoom
        line = augment([picture], 32, settings, numbers, "cpu")[0, 0, 16] * 255 / 4
        assert (line[24] - line[8]).item() / 16 * 32 == pytest.approx(span, rel=0.01)


def test_an_enlarged_square_without_contrast_becomes_the_largest_one() -> None:
    settings = Augmentation((1.0, 100.0), random_crop=False, flip_left_right=False, enlargement=1.25, enlarged=1.0)
    picture = torch.full((3, 64, 64), 255, dtype=torch.uint8)
    picture[:, :16] = 0  # a quarter of it; none of its middle
    numbers = torch.full((2, len(COLUMNS)), 0.5)
    other = torch.arange(64, dtype=torch.uint8).expand(3, 64, 64) * 4  # has contrast everywhere
    images = augment([picture, other], 32, settings, numbers, "cpu")
    assert images[0].mean().item() == pytest.approx(0.75, abs=0.01)
    assert (images[1, 0, 16, 24] - images[1, 0, 16, 8]).item() * 255 / 4 < 16  # still enlarged


def test_a_style_crop_is_reduced_and_never_enlarged() -> None:
    picture = torch.randint(0, 256, (3, 60, 100), dtype=torch.uint8)
    whole = picture[None].float() / 255
    same = reduce(picture, (0.5, 2.0), 200, torch.tensor([1.0, 0.5, 0.5, 1.0]))
    torch.testing.assert_close(same, whole)
    torch.testing.assert_close(reduce(picture, (1.0, 1.0), 200, torch.tensor([0.0, 0.0, 0.0, 0.2])), whole.flip(3))
    assert reduce(picture, (0.5, 0.5), 200, torch.tensor([0.0, 0.0, 0.0, 1.0])).shape == (1, 3, 30, 50)
    limited = reduce(picture, (1.0, 1.0), 40, torch.tensor([0.0, 0.0, 1 - 1e-6, 1.0]))
    torch.testing.assert_close(limited, whole[:, :, :40, 60:])
