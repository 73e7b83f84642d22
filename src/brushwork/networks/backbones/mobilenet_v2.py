"""MobileNet-v2 up to its last convolution (Sandler et al. 2018, table 2), with torchvision's names."""

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from brushwork.networks.backbones.backbone import Backbone, PixelRange

Norm = Literal["batch", "folded"]
Padding = Literal["symmetric", "tensorflow"]

LEVELS = (0, 1, 3, 6, 10, 13, 16, 17)  # the stem and the last block of each stage

# Expansion, channels, blocks, stride of the first block.
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


class ShiftedConv2d(nn.Conv2d):
    """Convolution with TensorFlow's SAME padding at stride 2, by (0, 1), which shifts features by half a stride."""

    def forward(self, features: Tensor) -> Tensor:
        """See ``nn.Conv2d``."""
        return super().forward(F.pad(features, (0, 1, 0, 1)))


def _layers(
    inputs: int, channels: int, kernel: int, stride: int, norm: Norm, padding: Padding, *, groups: int, activation: bool
) -> list[nn.Module]:
    """Return a convolution, its norm and a ReLU6, numbered as in torchvision."""
    bias = norm == "folded"
    layers: list[nn.Module] = [
        ShiftedConv2d(inputs, channels, kernel, stride, groups=groups, bias=bias)
        if padding == "tensorflow" and stride == 2
        else nn.Conv2d(inputs, channels, kernel, stride, kernel // 2, groups=groups, bias=bias),
        nn.Identity() if bias else nn.BatchNorm2d(channels),
    ]
    return [*layers, nn.ReLU6()] if activation else layers


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution and projection; added to the features if size and channels stay the same."""

    def __init__(self, inputs: int, channels: int, stride: int, expansion: int, norm: Norm, padding: Padding) -> None:
        super().__init__()
        hidden = inputs * expansion
        steps: list[nn.Module] = []
        if expansion > 1:
            steps.append(nn.Sequential(*_layers(inputs, hidden, 1, 1, norm, padding, groups=1, activation=True)))
        steps.append(nn.Sequential(*_layers(hidden, hidden, 3, stride, norm, padding, groups=hidden, activation=True)))
        steps += _layers(hidden, channels, 1, 1, norm, padding, groups=1, activation=False)
        self.conv = nn.Sequential(*steps)
        self.added = stride == 1 and inputs == channels

    def forward(self, features: Tensor) -> Tensor:
        """Return (B, channels, ceil(H / stride), ceil(W / stride)) of features (B, inputs, H, W)."""
        change: Tensor = self.conv(features)
        return features + change if self.added else change


class MobileNetV2(Backbone):
    """Style images (B, 3, H, W) in [0, 1] -> features (B, 1280, H / 32, W / 32).

    Args:
        pixels: Scaling that the weights expect; ``imagenet`` for torchvision's.
        norm: ``batch``, or ``folded`` if the batch norms were folded into the convolutions' weights and biases.
        padding: ``symmetric`` (torch) or ``tensorflow``.
    """

    channels = 1280
    level_channels = (32, 16, 24, 32, 64, 96, 160, 320)

    def __init__(self, pixels: PixelRange = "unit", norm: Norm = "batch", padding: Padding = "symmetric") -> None:
        super().__init__(pixels)
        blocks: list[nn.Module] = [nn.Sequential(*_layers(3, 32, 3, 2, norm, padding, groups=1, activation=True))]
        inputs = 32
        for expansion, channels, count, stride in STAGES:
            for index in range(count):
                blocks.append(InvertedResidual(inputs, channels, stride if index == 0 else 1, expansion, norm, padding))
                inputs = channels
        blocks.append(nn.Sequential(*_layers(inputs, self.channels, 1, 1, norm, padding, groups=1, activation=True)))
        self.features = nn.Sequential(*blocks)

    def forward(self, images: Tensor) -> Tensor:
        """Return features (B, 1280, ceil(H / 32), ceil(W / 32)) of images (B, 3, H, W) in [0, 1]."""
        features: Tensor = self.features(self.standardise(images))
        return features

    def forward_levels(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return features after `LEVELS`, and the last ones; see `Backbone.forward_levels`."""
        features, levels = self.standardise(images), []
        for index, block in enumerate(self.features):
            features = block(features)
            if index in LEVELS:
                levels.append(features)
        return levels, features
