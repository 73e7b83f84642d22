"""Changes of the colours of images for a whole batch: brightness, and saturation and hue of HSV."""

import torch
from torch import Tensor


def adjust_brightness(images: Tensor, delta: Tensor) -> Tensor:
    """Return images (B, 3, H, W) with delta (B,) added to every channel, clamped to [0, 1]."""
    return (images + delta[:, None, None, None]).clamp(0, 1)


def adjust_saturation_and_hue(images: Tensor, factor: Tensor, turns: Tensor) -> Tensor:
    """Return images (B, 3, H, W) in [0, 1] with saturation times factor (B,), at most 1, and hue plus turns (B,).

    Equals `tf.image.adjust_saturation` followed by `tf.image.adjust_hue`.
    """
    hue, saturation, value = rgb_to_hsv(images).unbind(dim=1)
    saturation = (saturation * factor[:, None, None]).clamp(0, 1)
    return hsv_to_rgb(torch.stack(((hue + turns[:, None, None]) % 1, saturation, value), dim=1))


def rgb_to_hsv(images: Tensor) -> Tensor:
    """Return hue (in turns), saturation and value (B, 3, H, W), in [0, 1], of RGB (B, 3, H, W) (Smith 1978)."""
    red, green, blue = images.unbind(dim=1)
    value, low = images.amax(dim=1), images.amin(dim=1)
    spread = value - low
    chroma = spread.clamp_min(1e-12)  # a grey has hue 0 and saturation 0
    hue = torch.where(
        value == red,
        (green - blue) / chroma % 6,
        torch.where(value == green, (blue - red) / chroma + 2, (red - green) / chroma + 4),
    )
    return torch.stack((hue / 6, spread / value.clamp_min(1e-12), value), dim=1)


def hsv_to_rgb(images: Tensor) -> Tensor:
    """Return RGB (B, 3, H, W) of hue (in turns), saturation and value (B, 3, H, W), all in [0, 1]."""
    hue, saturation, value = images.unbind(dim=1)
    offsets = torch.tensor((5.0, 3.0, 1.0), dtype=images.dtype, device=images.device)[:, None, None]
    k = (offsets + 6 * hue[:, None]) % 6  # (B, 3, H, W)
    return value[:, None] * (1 - saturation[:, None] * torch.minimum(k, 4 - k).clamp(0, 1))
