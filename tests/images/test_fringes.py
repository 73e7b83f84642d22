"""Cut-outs whose edges show their former background."""

import numpy as np
import pytest

from brushwork import images
from brushwork.images import Image, Picture
from brushwork.images.fringes import find_matte
from tests.images.samples import smooth

HEIGHT, WIDTH = 90, 120


def disc(soft: float = 3) -> Image:
    """Alpha of a disc whose edge is so many pixels wide."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    alpha: Image = np.clip((30 - np.hypot(y - 45, x - 60)) / soft, 0, 1).astype(np.float32)
    return alpha


def photo(random: np.random.Generator) -> Image:
    image: Image = np.clip(smooth(HEIGHT, WIDTH) + random.normal(0, 0.04, (HEIGHT, WIDTH, 1)), 0, 1).astype(np.float32)
    return image


def on(ground: tuple[float, float, float], image: Image, alpha: Image) -> Image:
    """A cut-out in 8 bits whose edges still show its former background."""
    mixed = alpha[..., None] * image + (1 - alpha[..., None]) * np.array(ground, np.float32)
    rounded: Image = (np.rint(mixed * 255) / 255).astype(np.float32)
    return rounded


@pytest.mark.parametrize("soft", [2, 6])
@pytest.mark.parametrize("ground", [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.0, 1.0, 0.2)])
def test_the_background_colour_is_found_and_removed(
    ground: tuple[float, float, float], soft: float, random: np.random.Generator
) -> None:
    image, alpha = photo(random), disc(soft)
    fringed = on(ground, image, alpha)
    matte = find_matte(np.concatenate([fringed, alpha[..., None]], axis=2))
    assert matte is not None
    np.testing.assert_allclose(matte, ground, atol=0.12)
    clean = Picture.of(fringed, alpha).filled().image
    edge = (alpha > 0.1) & (alpha < 1)
    before, after = (np.abs(each - image)[edge].mean() for each in (fringed, clean))
    assert after < before / 4
    np.testing.assert_array_equal(clean[alpha == 1], fringed[alpha == 1])


def test_edges_without_a_background_colour_are_unchanged(random: np.random.Generator) -> None:
    """Clean edges, edges darker than the rest, glass, and any hidden colours."""
    image, alpha = photo(random), disc(4)
    rim = image * np.where(disc(20) < 0.7, np.float32(0.6), 1)[..., None]
    glass = np.clip(disc(4), 0, 0.5)
    hidden = np.where(alpha[..., None] > 0, image, 0)
    for each, weight in ((image, alpha), (rim, alpha), (image, glass), (hidden, alpha), (image, np.ones_like(alpha))):
        assert find_matte(np.concatenate([each, weight[..., None]], axis=2)) is None
    filled = Picture.of(hidden, alpha).filled().image
    np.testing.assert_array_equal(filled[alpha > 0], image[alpha > 0])


@pytest.mark.parametrize("strip", [32, 64])
def test_strips_are_cleaned_like_the_whole_picture(
    strip: int, random: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("fringes", "alpha"):
        monkeypatch.setattr(f"brushwork.images.{module}.rows_of", lambda width: strip)
    alpha = disc()
    fringed = on((0, 0, 0), photo(random), alpha)
    whole = Picture.of(fringed, alpha).filled().image
    rows = images.FilledRows(np.concatenate([fringed, alpha[..., None]], axis=2))
    for top, bottom in ((0, HEIGHT), (0, 31), (31, 33), (60, HEIGHT)):
        np.testing.assert_array_equal(rows[top:bottom][..., :3], whole[top:bottom])


def test_unchanged_parts_keep_their_fringe(random: np.random.Generator) -> None:
    alpha = disc()
    fringed = on((0, 0, 0), photo(random), alpha)
    same = Picture.of(fringed, alpha).map_visible(lambda pixels: pixels[..., :3])
    np.testing.assert_array_equal(same.image, fringed)
