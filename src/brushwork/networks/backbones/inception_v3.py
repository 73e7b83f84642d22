"""Inception-v3 up to Mixed_6e (Szegedy et al. 2016), with torchvision's names, so that its published weights load."""

from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from brushwork.networks.backbones.backbone import Backbone, PixelRange

Activation = Literal["relu", "relu6"]
Pool = Literal["average", "max"]
# Levels besides the outputs of Conv2d_1a_3x3, Conv2d_2b_3x3 and Conv2d_4a_3x3.
LEVELS = ("Mixed_5b", "Mixed_5d", "Mixed_6a", "Mixed_6c", "Mixed_6e")
MOMENTUM = 0.01  # of the batch norms
# Name of a branch -> its convolutions as (channels, kernel, stride, padding).
Branches = dict[str, list[tuple[Any, ...]]]


class BasicConv2d(nn.Module):
    """Convolution without bias, batch norm, activation."""

    def __init__(self, inputs: int, channels: int, activation: Activation, **geometry: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, channels, bias=False, **geometry)
        self.bn = nn.BatchNorm2d(channels, eps=1e-3, momentum=MOMENTUM)
        self.activation = F.relu6 if activation == "relu6" else F.relu

    def forward(self, features: Tensor) -> Tensor:
        """Return (B, channels, H', W') of features (B, inputs, H, W)."""
        return self.activation(self.bn(self.conv(features)))


class InceptionBlock(nn.Module):
    """Parallel branches, each a list of convolutions; one of them follows a pooling.

    Args:
        inputs: Channels of the input features.
        branches: Convolutions of each branch, numbered as in torchvision (``branch5x5_1``); a single one is not.
        activation: Activation of every convolution.
        pool: ``average`` (followed by the branch ``branch_pool``) or ``max`` (stride 2, no convolution).
        count_padding: Whether average pooling counts its zero padding.
    """

    def __init__(
        self, inputs: int, branches: Branches, activation: Activation, pool: Pool, count_padding: bool
    ) -> None:
        super().__init__()
        self.pool = pool
        self.count_padding = count_padding
        self.branches: dict[str, list[str]] = {}
        for name, convolutions in branches.items():
            channels_in = inputs
            self.branches[name] = []
            for index, (channels, kernel, stride, padding) in enumerate(convolutions, start=1):
                key = name if len(convolutions) == 1 else f"{name}_{index}"
                geometry = {"kernel_size": kernel, "stride": stride, "padding": padding}
                self.add_module(key, BasicConv2d(channels_in, channels, activation, **geometry))
                self.branches[name].append(key)
                channels_in = channels

    def forward(self, features: Tensor) -> Tensor:
        """Return the concatenated features of the branches, (B, sum of channels, H', W'), of (B, inputs, H, W)."""
        if self.pool == "average":
            pooled = F.avg_pool2d(features, 3, 1, 1, count_include_pad=self.count_padding)
        else:
            pooled = F.max_pool2d(features, 3, 2)
        parts = []
        for name, keys in self.branches.items():
            part = pooled if name == "branch_pool" else features
            for key in keys:
                part = self.get_submodule(key)(part)
            parts.append(part)
        return torch.cat(parts if self.pool == "average" else [*parts, pooled], dim=1)


def _block_a(pool_channels: int) -> Branches:
    """Return the block of figure 5 of Szegedy et al. 2016, with the 5 x 5 convolution of the published weights."""
    return {
        "branch1x1": [(64, 1, 1, 0)],
        "branch5x5": [(48, 1, 1, 0), (64, 5, 1, 2)],
        "branch3x3dbl": [(64, 1, 1, 0), (96, 3, 1, 1), (96, 3, 1, 1)],
        "branch_pool": [(pool_channels, 1, 1, 0)],
    }


def _block_c(narrow: int) -> Branches:
    """Return the block of figure 6 of Szegedy et al. 2016: 7 x 7 convolutions as rows and columns."""
    row, column = ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0))
    return {
        "branch1x1": [(192, 1, 1, 0)],
        "branch7x7": [(narrow, 1, 1, 0), (narrow, *row), (192, *column)],
        "branch7x7dbl": [(narrow, 1, 1, 0), (narrow, *column), (narrow, *row), (narrow, *column), (192, *row)],
        "branch_pool": [(192, 1, 1, 0)],
    }


_BLOCK_B: Branches = {
    "branch3x3": [(384, 3, 2, 0)],
    "branch3x3dbl": [(64, 1, 1, 0), (96, 3, 1, 1), (96, 3, 2, 0)],
}


class InceptionV3(Backbone):
    """Style images (B, 3, H, W) in [0, 1], sides >= 75 -> features (B, 768, about H / 16, W / 16).

    Args:
        pixels: Scaling that the weights expect: ``signed`` for published weights, also for torchvision's, which come
            from TensorFlow: its network converts pixels scaled by ImageNet's statistics back to [-1, 1].
        activation: ``relu6`` as Ghiasi et al. 2017 trained, or ``relu`` as the ImageNet weights expect.
        count_padding: Whether average pooling counts its zero padding: True in torchvision, False in Keras.
        norm_momentum: Momentum of the running statistics of the batch norms; 0.0003 is published.
        norm_scale: Whether the batch norms learn gamma in addition to beta; False is published.

    Raises:
        ValueError: If ``pixels`` or ``activation`` is unknown.
    """

    channels = 768
    level_channels = (32, 64, 192, 256, 288, 768, 768, 768)

    def __init__(
        self,
        pixels: PixelRange = "unit",
        activation: Activation = "relu",
        count_padding: bool = False,
        *,
        norm_momentum: float = MOMENTUM,
        norm_scale: bool = True,
    ) -> None:
        super().__init__(pixels)
        if activation not in get_args(Activation):
            raise ValueError(f"activation is {activation!r}, not one of {', '.join(get_args(Activation))}")
        self.Conv2d_1a_3x3 = BasicConv2d(3, 32, activation, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = BasicConv2d(32, 32, activation, kernel_size=3)
        self.Conv2d_2b_3x3 = BasicConv2d(32, 64, activation, kernel_size=3, padding=1)
        self.Conv2d_3b_1x1 = BasicConv2d(64, 80, activation, kernel_size=1)
        self.Conv2d_4a_3x3 = BasicConv2d(80, 192, activation, kernel_size=3)
        blocks = [
            ("Mixed_5b", 192, _block_a(32)),
            ("Mixed_5c", 256, _block_a(64)),
            ("Mixed_5d", 288, _block_a(64)),
            ("Mixed_6a", 288, _BLOCK_B),
            ("Mixed_6b", 768, _block_c(128)),
            ("Mixed_6c", 768, _block_c(160)),
            ("Mixed_6d", 768, _block_c(160)),
            ("Mixed_6e", 768, _block_c(192)),
        ]
        for name, inputs, branches in blocks:
            pool: Pool = "max" if name == "Mixed_6a" else "average"
            self.add_module(name, InceptionBlock(inputs, branches, activation, pool, count_padding))
        self.block_names = [name for name, _, _ in blocks]
        for norm in self.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.momentum = norm_momentum
                norm.weight.requires_grad_(norm_scale)

    def forward(self, images: Tensor) -> Tensor:
        """Return features at Mixed_6e of images (B, 3, H, W) in [0, 1]."""
        return self.forward_levels(images)[1]

    def forward_levels(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return features of three convolutions of the stem and of `LEVELS`, and the last; see the base class."""
        levels = [self.Conv2d_1a_3x3(self.standardise(images))]
        levels.append(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(levels[-1])))
        levels.append(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(levels[-1], 3, 2))))
        features = F.max_pool2d(levels[-1], 3, 2)
        for name in self.block_names:
            features = self.get_submodule(name)(features)
            if name in LEVELS:
                levels.append(features)
        return levels, features
