"""The common part of backbones: channels, and the scaling of pixels that the weights were trained with."""

from typing import Literal

import torch
from torch import Tensor, nn

PixelRange = Literal["unit", "signed", "imagenet"]

# Mean and deviation by which pixels in [0, 1] are standardised.
STATISTICS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "signed": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


class Backbone(nn.Module):
    """A fully convolutional network from style images to features.

    Attributes:
        channels: Channels of the last features.
        level_channels: Channels of the levels, the eight depths at which statistics of the features are taken.

    Args:
        pixels: Scaling of pixels, a key of `STATISTICS`.

    Raises:
        ValueError: If ``pixels`` is unknown.
    """

    channels: int
    level_channels: tuple[int, ...]

    def __init__(self, pixels: PixelRange = "unit") -> None:
        super().__init__()
        if pixels not in STATISTICS:
            raise ValueError(f"pixels is {pixels!r}, not one of {', '.join(STATISTICS)}")
        self.pixels = pixels

    def standardise(self, images: Tensor) -> Tensor:
        """Return images (B, 3, H, W), in [0, 1], scaled as the pretrained weights expect."""
        if self.pixels == "unit":
            return images
        mean, deviation = (
            torch.tensor(values, dtype=images.dtype, device=images.device)[:, None, None]
            for values in STATISTICS[self.pixels]
        )
        return (images - mean) / deviation

    def forward_levels(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return features (B, C, h, w) of each level, and the last ones, of images (B, 3, H, W) in [0, 1]."""
        raise NotImplementedError
