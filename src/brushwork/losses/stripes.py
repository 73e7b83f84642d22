"""The power of regular stripes where the content is plain: a loss term on pixels."""

import torch
from torch import Tensor

WINDOW = 32  # pixels, side of the windows
PERIODS = (4.6, 17.0)  # pixels: from above a grid of upsampling to half a window
PLAIN = (4 / 255) ** 2  # variance of a content at which a window has half its weight
# Share of the power that the powers' own mean has, by which regular texture is told from irregular: it is 0.03 for
# grey white noise, and 0.25 for a wave, which is nine frequencies wide through Hann's window.
IRREGULAR = 0.06


def stripe_power(images: Tensor, contents: Tensor) -> Tensor:
    """Return the power (B,) of regular stripes in images (B, C, H, W) in [0, 1], sides at least 32.

    This term is not from the papers. A network can answer a plain area of the content with stripes of one period and
    direction, which the Gram matrices of many styles reward. In the spectrum of a window such stripes are a point,
    and strokes and grain a cloud: the mean of the power, weighted by the power itself, has a large share in its sum.
    What this share has above that of a cloud, times the sum, is averaged over windows, each weighted by
    ``1 / (1 + (variance of its content / PLAIN)^2)``, because stripes and edges of the content itself are to stay.

    Args:
        images: The pastiches.
        contents: Their contents (B, C, H, W).
    """
    power = _window_power(images)
    total = power.sum(dim=-1)
    share = power.square().sum(dim=-1) / total.square().clamp_min(torch.finfo(power.dtype).tiny)
    plain = 1 / (1 + (_window_power(contents).sum(dim=-1) / PLAIN).square())
    return (plain * total * (share - IRREGULAR).clamp_min(0)).mean(dim=-1)


def _window_power(images: Tensor) -> Tensor:
    """Return the power (B, windows, frequencies) of windows at the periods, as variances that add up."""
    images = images.to(torch.promote_types(images.dtype, torch.float32))
    windows = images.unfold(2, WINDOW, WINDOW).unfold(3, WINDOW, WINDOW)  # (B, C, h, w, WINDOW, WINDOW)
    hann = torch.hann_window(WINDOW, dtype=images.dtype, device=images.device)
    weights = hann[:, None] * hann
    spectrum = torch.fft.rfft2(_level(windows) * weights)
    power = (spectrum.real.square() + spectrum.imag.square()).mean(dim=1)
    rows = torch.fft.fftfreq(WINDOW, device=images.device)[:, None]
    columns = torch.fft.rfftfreq(WINDOW, device=images.device)
    frequency = torch.hypot(rows, columns)
    band = (frequency > 1 / PERIODS[1]) & (frequency < 1 / PERIODS[0])
    half = band & ((columns > 0) | (rows > 0))  # the spectrum's other half has the same power
    found: Tensor = power[..., half].flatten(1, 2) * (2 / (WINDOW**2 * weights.square().sum()))
    return found


def _level(windows: Tensor) -> Tensor:
    """Return windows (..., WINDOW, WINDOW) without the best plane of each; a steep ramp would leak into the band."""
    steps = torch.arange(WINDOW, dtype=windows.dtype, device=windows.device) - (WINDOW - 1) / 2
    squares = WINDOW * steps.square().sum()
    windows = windows - windows.mean(dim=(-2, -1), keepdim=True)
    rows = (windows * steps[:, None]).sum(dim=(-2, -1), keepdim=True) / squares * steps[:, None]
    columns = (windows * steps).sum(dim=(-2, -1), keepdim=True) / squares * steps
    return windows - rows - columns
