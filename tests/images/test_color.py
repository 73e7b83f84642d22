"""Keeping colours, checked by hand and by the moments of matched styles."""

import numpy as np
import pytest

from brushwork.errors import UserError
from brushwork.images import color
from brushwork.images.color import keep_chroma, match_color_statistics


def picture(seed: int, height: int = 12, width: int = 17) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)


def test_known_colours_have_the_published_oklab_values() -> None:
    # Ottosson 2020: white is (1, 0, 0); pure red and blue as published for sRGB.
    known = np.array([[[1, 1, 1], [0, 0, 0], [1, 0, 0], [0, 0, 1]]], np.float32)
    expected = [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.62796, 0.22486, 0.12585], [0.45201, -0.03246, -0.31153]]
    np.testing.assert_allclose(color.oklab(known)[0], expected, atol=1e-4)


def test_kept_chroma_of_a_picture_with_itself_is_the_picture() -> None:
    corners = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1]), -1).reshape(2, 4, 3).astype(np.float32)
    for same in (picture(0), corners):
        np.testing.assert_allclose(keep_chroma(same, same), same, atol=1e-4)


def test_kept_chroma_of_a_grey_content_is_grey() -> None:
    grey = np.repeat(picture(1)[..., :1], 3, axis=2)
    kept = keep_chroma(grey, picture(2))
    assert kept.max() - kept.min() > 0.5
    np.testing.assert_allclose(kept, kept[..., :1].repeat(3, axis=2), atol=2e-3)


def test_kept_chroma_takes_lightness_from_the_pastiche_and_hue_from_the_content() -> None:
    content, pastiche = picture(3, 40, 40), picture(4, 40, 40)
    kept, wanted = color.oklab(keep_chroma(content, pastiche)), color.oklab(pastiche)
    np.testing.assert_allclose(kept[..., 0], wanted[..., 0], atol=0.01)
    colour = color.oklab(content)[..., 1:]
    cross = kept[..., 1] * colour[..., 1] - kept[..., 2] * colour[..., 0]  # 0 where the hues agree
    assert np.abs(cross).max() < 2e-3
    assert (kept[..., 1] * colour[..., 0] + kept[..., 2] * colour[..., 1] > -1e-3).all()
    assert (np.hypot(kept[..., 1], kept[..., 2]) <= np.hypot(colour[..., 0], colour[..., 1]) + 5e-3).all()


def test_kept_chroma_on_black_and_white_pastiches_has_no_colour_left() -> None:
    content = np.full((2, 2, 3), (1, 0, 0), np.float32)
    np.testing.assert_allclose(keep_chroma(content, np.ones_like(content)), 1, atol=0.02)
    np.testing.assert_allclose(keep_chroma(content, np.zeros_like(content)), 0, atol=0.02)


def test_keeping_chroma_in_strips_equals_keeping_it_at_once() -> None:
    content, pastiche = picture(5, 600, 500), picture(6, 600, 500)
    part = keep_chroma(content[-3:].copy(), pastiche[-3:].copy())
    np.testing.assert_allclose(keep_chroma(content, pastiche)[-3:], part, atol=1e-6)


def test_keeping_chroma_needs_equal_sizes() -> None:
    with pytest.raises(UserError, match="same size"):
        keep_chroma(picture(0, 4, 4), picture(0, 4, 5))


def test_matching_gives_the_mean_and_covariance() -> None:
    style, content = picture(7, 30, 20) ** 2, (picture(8, 11, 13) * 0.3 + 0.2).astype(np.float32)
    matched = color._match(style, content).reshape(-1, 3)
    wanted = content.reshape(-1, 3).astype(np.float64)
    np.testing.assert_allclose(matched.mean(axis=0), wanted.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(np.cov(matched.T, bias=True), np.cov(wanted.T, bias=True), atol=1e-9)


def test_matched_statistics_of_a_picture_with_itself_is_the_picture() -> None:
    same = picture(9)
    same[:2] = 0  # where rounding is not lost in what is there
    np.testing.assert_array_equal(match_color_statistics(same, same), same)


def test_matched_statistics_of_two_greys_by_hand() -> None:
    # Style: 0 and 1, mean 1/2, deviation 1/2. Content: 0.2 and 0.4, mean 0.3, deviation 0.1.
    style = np.array([[[0, 0, 0], [1, 1, 1]]], np.float32)
    content = np.array([[[0.2, 0.2, 0.2], [0.4, 0.4, 0.4]]], np.float32)
    np.testing.assert_allclose(match_color_statistics(style, content), content, atol=1e-6)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_matching_constant_pictures_gives_the_constant(level: float) -> None:
    constant = np.full((5, 6, 3), level, np.float32)
    varied = picture(10)
    expected = np.broadcast_to(varied.mean(axis=(0, 1)), constant.shape)
    np.testing.assert_allclose(match_color_statistics(constant, varied), expected, atol=1e-5)
    np.testing.assert_allclose(match_color_statistics(varied, constant), level, atol=1e-5)


def test_nothing_changes_the_callers_arrays() -> None:
    one, two = picture(11), picture(12)
    kept_one, kept_two = one.copy(), two.copy()
    for function in (keep_chroma, match_color_statistics):
        result = function(one, two)
        assert result.dtype == np.float32
        assert result.min() >= 0
        assert result.max() <= 1
        result[:] = 0
    assert (one == kept_one).all()
    assert (two == kept_two).all()
