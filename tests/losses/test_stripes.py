"""The power of stripes: waves, textures and ramps with known spectra."""

import math

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from brushwork.losses import LossWeights, PerceptualLoss, stripe_power
from brushwork.losses.stripes import IRREGULAR, PLAIN

FLAT = torch.full((1, 3, 96, 128), 0.5)
HEIGHT = 0.1
VARIANCE = HEIGHT**2 / 2


def wave(period: float, degrees: float) -> Tensor:
    """Return a wave (96, 128) of a period in pixels, across a direction."""
    rows, columns = torch.arange(96.0)[:, None], torch.arange(128.0)
    turn = math.radians(degrees)
    return HEIGHT * torch.sin(2 * math.pi / period * (math.cos(turn) * columns + math.sin(turn) * rows))


@pytest.mark.parametrize("degrees", [0, 30, 45, 90])
@pytest.mark.parametrize("period", [5.5, 8, 11])
def test_a_wave_has_its_variance_times_the_share_of_its_nine_frequencies(period: float, degrees: float) -> None:
    power = stripe_power(FLAT + wave(period, degrees), FLAT).item()
    # Hann's window spreads a wave over three bins a side, of powers 1/4, 1, 1/4: (1 + 2/16) / (1 + 2/4)^2 = 1/2 a side.
    assert power == pytest.approx(VARIANCE * (0.25 - IRREGULAR), rel=0.35)


def test_plain_colours_ramps_and_textures_have_no_stripes() -> None:
    generator = torch.Generator().manual_seed(0)
    assert stripe_power(FLAT, FLAT).item() == 0
    ramp = torch.linspace(0, 1, 128).expand_as(FLAT)
    assert stripe_power(ramp, FLAT).item() < 0.01 * VARIANCE * 0.25
    grain = 0.1 * torch.randn(FLAT.shape, generator=generator)
    assert stripe_power(FLAT + grain, FLAT).item() == 0


def test_grids_of_upsampling_are_not_stripes() -> None:
    checkerboard = HEIGHT * (-1.0) ** (torch.arange(96)[:, None] + torch.arange(128))
    bars = HEIGHT * torch.tensor([1.0, 1, -1, -1]).repeat(32).expand_as(FLAT)
    for grid in (checkerboard, bars):
        assert stripe_power(FLAT + grid, FLAT).item() < 1e-3 * VARIANCE


def test_stripes_of_the_content_may_stay() -> None:
    striped = FLAT + wave(8, 30)
    kept, invented = stripe_power(striped, striped).item(), stripe_power(striped, FLAT).item()
    assert kept == pytest.approx(invented / (1 + (VARIANCE / PLAIN) ** 2), rel=0.1)


def test_only_the_plain_half_counts() -> None:
    content = FLAT.clone()
    content[..., 64:] += 0.3 * torch.randn(64, generator=torch.Generator().manual_seed(0))
    everywhere, half = stripe_power(FLAT + wave(8, 30), FLAT), stripe_power(FLAT + wave(8, 30), content)
    assert half.item() == pytest.approx(everywhere.item() / 2, rel=0.1)


def test_each_picture_has_its_own_power_in_any_channel() -> None:
    red = FLAT.clone()
    red[:, 0] += wave(8, 30)
    both = stripe_power(torch.cat([red, FLAT]), FLAT.expand(2, -1, -1, -1))
    assert both[0].item() == pytest.approx(stripe_power(FLAT + wave(8, 30), FLAT).item() / 3, rel=1e-4)
    assert both[1].item() == 0


def test_gradients_agree_with_finite_differences() -> None:
    # Grain on a wave, whose share is well above that of grain alone, where the term has a kink.
    grain = 0.01 * torch.rand(1, 1, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    image = (0.5 + wave(8, 30)[:32, :32].double() + grain).requires_grad_()
    assert gradcheck(lambda x: 1e3 * stripe_power(x, torch.full_like(x, 0.5)), (image,))


def test_the_weight_adds_the_term_to_the_total() -> None:
    loss = PerceptualLoss(LossWeights(content=0.0, style=0.0, variation=2.0, stripes=3.0))
    pastiche = FLAT + wave(8, 30)
    terms = loss.regularise(pastiche)
    added = loss.add_stripes(terms, pastiche, FLAT)
    assert added["stripes"].item() == stripe_power(pastiche, FLAT).item()
    assert added["total"].item() == pytest.approx(terms["total"].item() + 3 * added["stripes"].item())
    assert PerceptualLoss(LossWeights()).add_stripes(terms, pastiche, FLAT) == terms
