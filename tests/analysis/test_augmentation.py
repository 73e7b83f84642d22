"""The parts of the experiment on augmentation, checked by hand."""

import pytest
import torch
from torch import Tensor, nn

from brushwork.analysis import domains
from brushwork.analysis.augmentation_probe import augmented, probe
from brushwork.analysis.domains import Domains
from brushwork.analysis.experiment import Inputs
from brushwork.analysis.experiments.augmentation import Pool
from brushwork.analysis.intervals import interval
from brushwork.errors import UserError


@pytest.fixture
def shades() -> Domains:
    """Two domains of eight pictures of one shade each: dark ones are of class 0, light ones of class 1."""
    label = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1] * 2)
    shade = 40 + 150 * label + torch.arange(16)
    pixels = shade[:, None, None, None].expand(16, 3, 16, 16).to(torch.uint8)
    return Domains(pixels, torch.arange(16) // 8, label, ["photo", "sketch"], ["dark", "light"])


def test_intervals_use_student_s_t() -> None:
    mean, half = interval([1, 2, 3])
    assert mean == 2
    assert half == pytest.approx(4.303 / 3**0.5)
    assert interval([5]) == (5, None)


def test_pictures_are_read_by_domain_and_class(inputs: Inputs) -> None:
    found = domains.read_domains(inputs.domains, 32)
    assert (found.domains, found.classes) == (["photo", "sketch"], ["cat", "dog"])
    assert found.pixels.shape == (12, 3, 32, 32)
    assert found.domain.tolist() == [0] * 6 + [1] * 6
    assert found.label.tolist() == ([0] * 3 + [1] * 3) * 2
    with pytest.raises(UserError, match="must be in folders DOMAIN/CLASS/"):
        domains.read_domains(inputs.contents, 32)


def test_the_seed_chooses_equally_many_pictures_of_each_class(shades: Domains) -> None:
    chosen = shades.choose("sketch", 3, 1)
    assert shades.domain[chosen].tolist() == [1] * 6
    assert shades.label[chosen].tolist() == [0] * 3 + [1] * 3
    assert chosen.unique().numel() == 6
    assert torch.equal(chosen, shades.choose("sketch", 3, 1))


@pytest.mark.parametrize(("p", "value"), [(0.0, 0.0), (1.0, 1.0)])
def test_a_batch_takes_styled_variants_with_probability_p(p: float, value: float) -> None:
    pool = Pool(torch.zeros(4, 3, 8, 8, dtype=torch.uint8), torch.full((2, 4, 3, 8, 8), 255, dtype=torch.uint8))
    generator = torch.Generator().manual_seed(0)
    assert pool.batch("style", p)(torch.tensor([0, 3]), generator).unique().tolist() == [value]
    assert pool.batch("none", p)(torch.tensor([0, 3]), generator).unique().tolist() == [0]


def test_jitter_leaves_grey_pictures_grey_and_changes_colours() -> None:
    generator = torch.Generator().manual_seed(0)
    grey = torch.full((8, 3, 4, 4), 0.5)
    jittered = domains.jitter_colors(grey, generator)
    assert torch.allclose(jittered[:, 0], jittered[:, 1], atol=2e-3)
    assert torch.allclose(jittered[:, 0], jittered[:, 2], atol=2e-3)
    assert jittered[:, 0, 0, 0].unique().numel() == 8
    assert (jittered - 0.5).abs().max() <= 0.2
    red = torch.tensor([0.8, 0.2, 0.2])[:, None, None].expand(8, 3, 4, 4)
    assert (domains.jitter_colors(red, generator) - red).abs().mean() > 0.02


def test_shifted_pictures_keep_their_size_and_values() -> None:
    pixels = torch.rand(4, 3, 16, 16)
    shifted = domains.shift_and_flip(pixels, torch.Generator().manual_seed(0))
    assert shifted.shape == pixels.shape
    for before, after in zip(pixels, shifted, strict=True):
        assert set(after.flatten().tolist()) <= set(before.flatten().tolist())


def test_a_probe_separates_linearly_separable_classes(shades: Domains) -> None:
    class Shade(nn.Module):
        def forward(self, pixels: Tensor) -> Tensor:
            return pixels.mean(dim=1, keepdim=True)

    places = shades.places("sketch")
    styled = torch.stack([shades.pixels[places]] * 2)
    ways = augmented(shades.pixels[places], list(styled))
    assert {method: len(parts) for method, parts in ways.items()} == {"none": 1, "colour": 2, "style": 2, "both": 2}
    test = torch.arange(16), shades.pixels.float().mean(dim=(1, 2, 3))[:, None] / 255
    scores = probe(Shade(), shades, "sketch", styled, 2, 2, test)
    assert {method: len(each) for method, each in scores.items()} == dict.fromkeys(
        ("none", "colour", "style", "both"), 2
    )
    assert scores["none"] == scores["style"] == [{"photo": 1.0, "others": 1.0}] * 2
