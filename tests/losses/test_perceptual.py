"""The perceptual loss: its terms equal those of the functions, and gradients reach only the pastiche."""

import pytest
import torch

from brushwork.losses import (
    GHIASI2017,
    LossWeights,
    PerceptualLoss,
    VGGFeatures,
    content_loss,
    gram_matrix,
    normalised_style_loss,
    style_loss,
    total_variation,
)

pytestmark = pytest.mark.numeric

LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")


@pytest.fixture(scope="module")
def network() -> VGGFeatures:
    return VGGFeatures()


@pytest.fixture
def images() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    pastiche, content = (torch.rand(2, 3, 24, 16, generator=generator) for _ in range(2))
    return pastiche, content, torch.rand(2, 3, 40, 33, generator=generator)  # styles of another size


@pytest.mark.parametrize("weights", [LossWeights(variation=3.0), GHIASI2017, LossWeights(style_form="log")])
def test_the_terms_equal_those_of_the_functions(
    network: VGGFeatures, images: tuple[torch.Tensor, torch.Tensor, torch.Tensor], weights: LossWeights
) -> None:
    pastiche, content, style = images
    terms = PerceptualLoss(weights, network)(pastiche, content, style)
    assert list(terms) == ["content", *(f"style/{layer}" for layer in LAYERS), "style", "variation", "total"]
    mine, contents, styles = (network(batch) for batch in images)
    judge = style_loss if weights.style_form == "squared" else normalised_style_loss
    expected = {f"style/{layer}": judge(gram_matrix(mine[layer]), gram_matrix(styles[layer])) for layer in LAYERS}
    logarithm = weights.style_form == "log"
    expected["style"] = sum(((x + 0.02).log() if logarithm else x for x in expected.values()), torch.zeros(2))
    expected["content"] = content_loss(mine["relu3_3"], contents["relu3_3"])
    expected["variation"] = total_variation(pastiche)
    expected["total"] = (
        weights.content * expected["content"]
        + weights.style * expected["style"]
        + weights.variation * expected["variation"]
    )
    for name, term in expected.items():
        assert terms[name].shape == (2,)
        torch.testing.assert_close(terms[name], term)


def test_ghiasi2017_has_the_published_weights() -> None:
    assert LossWeights(content=1, style=5e-4, variation=1e4, style_form="squared") == GHIASI2017


def test_a_picture_in_its_own_style_has_no_loss(network: VGGFeatures) -> None:
    image = torch.rand(1, 3, 16, 16)
    terms = PerceptualLoss(features=network)(image, image, image)
    assert terms["variation"].item() > 0
    assert {name: term.item() for name, term in terms.items() if name != "variation"} == dict.fromkeys(
        terms.keys() - {"variation"}, 0
    )


def test_gradients_reach_only_the_pastiche(
    network: VGGFeatures, images: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
) -> None:
    pastiche, content, style = (batch.clone().requires_grad_() for batch in images)
    PerceptualLoss(features=network)(pastiche, content, style)["total"].sum().backward()
    assert pastiche.grad is not None
    assert pastiche.grad.abs().sum() > 0
    assert content.grad is None
    assert style.grad is None
    assert all(buffer.grad is None for buffer in network.buffers())


def test_one_style_can_apply_to_the_whole_batch(
    network: VGGFeatures, images: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
) -> None:
    pastiche, content, style = images
    loss = PerceptualLoss(features=network)
    one, each = loss(pastiche, content, style[:1]), loss(pastiche, content, style[:1].expand(2, -1, -1, -1))
    torch.testing.assert_close(one["total"], each["total"])


def test_terms_are_float32_under_autocast(
    network: VGGFeatures, images: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
) -> None:
    loss = PerceptualLoss(features=network)
    with torch.autocast("cpu", torch.bfloat16):
        half = loss(*images)
    assert {term.dtype for term in half.values()} == {torch.float32}
    torch.testing.assert_close(half["total"], loss(*images)["total"], rtol=0.02, atol=0)
