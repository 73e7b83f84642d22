"""Losses and shares, checked by hand."""

import math

import numpy as np
import pytest
import torch

from brushwork.evaluation.metrics import Scores, geometric_mean, score, style_shares
from brushwork.images import Image
from brushwork.losses import GHIASI2017, PerceptualLoss, VGGFeatures
from brushwork.losses.vgg import STYLE_LAYERS

SIDE = 64


@pytest.fixture(scope="module")
def features() -> VGGFeatures:
    return VGGFeatures()


def soft(seed: int) -> Image:
    """Random colours (64, 64, 3) with some detail."""
    random = np.random.default_rng(seed)
    blocks = np.kron(random.random((8, 8, 3)), np.ones((8, 8, 1)))
    return (0.8 * blocks + 0.2 * random.random((SIDE, SIDE, 3))).astype(np.float32)


def test_the_content_itself_has_a_style_share_of_1(features: VGGFeatures) -> None:
    scores = score(soft(0), soft(0), soft(1), features)
    assert scores.content_loss == 0
    assert scores.share == 1
    assert scores.style_loss == scores.untouched
    assert scores.ssim == pytest.approx(1)
    assert scores.border == 1


def test_the_style_itself_has_a_style_share_of_0(features: VGGFeatures) -> None:
    scores = score(soft(1), soft(0), soft(1), features)
    assert set(scores.style_loss.values()) == {0}
    assert scores.share < 1e-6
    assert scores.content_loss > 0
    assert all(loss > 0 for loss in scores.untouched.values())


def test_equal_content_and_style_have_a_style_share_of_1(features: VGGFeatures) -> None:
    assert score(soft(0), soft(0), soft(0), features).share == 1


def test_losses_are_those_of_the_published_weighting(features: VGGFeatures) -> None:
    pastiche, content, style = (soft(seed) for seed in (0, 1, 2))
    batches = [torch.tensor(image).permute(2, 0, 1)[None] for image in (pastiche, content, style)]
    with torch.no_grad():
        terms = PerceptualLoss(GHIASI2017, features)(*batches)
    scores = score(pastiche, content, style, features)
    assert scores.content_loss == pytest.approx(terms["content"].item(), rel=1e-5)
    assert scores.style_loss == pytest.approx({layer: terms[f"style/{layer}"].item() for layer in STYLE_LAYERS})


def test_a_style_can_have_another_size(features: VGGFeatures) -> None:
    tiled = np.tile(soft(1), (2, 3, 1))
    assert score(soft(0), soft(1), tiled, features).share > 0


def test_the_sizes_of_pastiche_and_content_must_agree(features: VGGFeatures) -> None:
    with pytest.raises(ValueError, match="the pastiche has shape"):
        score(soft(0)[:32], soft(0), soft(1), features)


def test_the_share_is_the_geometric_mean_over_layers() -> None:
    untouched = dict.fromkeys(STYLE_LAYERS, 100.0)
    losses = dict(zip(STYLE_LAYERS, (1.0, 4.0, 25.0, 100.0), strict=True))
    scores = Scores(0, losses, untouched, 1, 1, 1)
    assert scores.shares == pytest.approx(dict(zip(STYLE_LAYERS, (0.01, 0.04, 0.25, 1), strict=True)))
    assert scores.share == pytest.approx((0.01 * 0.04 * 0.25) ** 0.25)


def test_a_share_of_zero_loss_is_finite() -> None:
    shares = style_shares({"a": 0.0, "b": 5.0}, {"a": 0.0, "b": 0.0})
    assert shares["a"] == 1
    assert math.isfinite(shares["b"])


def test_twice_and_half_have_the_geometric_mean_one() -> None:
    assert geometric_mean(iter((2, 0.5))) == pytest.approx(1)
    assert geometric_mean([7]) == pytest.approx(7)
