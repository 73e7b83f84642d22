"""The style transfer network: content and embedding in, pastiche out (Ghiasi et al. 2017, section 2, table 3)."""

from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from brushwork.networks.normalization import (
    ConditionalInstanceNorm2d,
    DecoderNorm,
    HeldStatistics,
    Normalise,
    instance_normalise,
)

EncoderNorm = Literal["batch", "instance", "folded"]
MOMENTUM = 0.01  # of the encoder's batch norms
# Makes the conditional layer of so many channels.
Conditional: TypeAlias = Callable[[int], ConditionalInstanceNorm2d]


def _convolution(inputs: int, channels: int, kernel: int, stride: int = 1, *, bias: bool = False) -> nn.Conv2d:
    """A convolution under reflection padding; zeros at the border would show as a frame around the pastiche."""
    convolution = nn.Conv2d(inputs, channels, kernel, stride, padding=kernel // 2, padding_mode="reflect", bias=bias)
    nn.init.normal_(convolution.weight, std=0.01)
    return convolution


def _encoder_norm(kind: EncoderNorm, channels: int) -> nn.Module:
    """Batch norm without gamma as published, instance norm, or nothing where a batch norm was folded into the bias."""
    if kind == "batch":
        norm = nn.BatchNorm2d(channels, eps=1e-3, momentum=MOMENTUM)
        # The published batch norm learns beta only: a constant gamma of 1 loads and exports like any other.
        norm.weight.requires_grad_(False)
        return norm
    return nn.InstanceNorm2d(channels) if kind == "instance" else nn.Identity()


class ContractLayer(nn.Module):
    """Convolution, encoder norm, ReLU: one step down."""

    def __init__(self, inputs: int, channels: int, kernel: int, stride: int, norm: EncoderNorm) -> None:
        super().__init__()
        self.conv = _convolution(inputs, channels, kernel, stride, bias=norm == "folded")
        self.norm = _encoder_norm(norm, channels)

    def forward(self, features: Tensor, normalise: Normalise = instance_normalise) -> Tensor:
        """(B, inputs, H, W) -> (B, channels, ceil(H / stride), ceil(W / stride))."""
        # An encoder's instance norm sees the whole picture like any other, so its statistics are held like any other.
        norm = normalise if isinstance(self.norm, nn.InstanceNorm2d) else self.norm
        return F.relu(norm(self.conv(features)))


class ResidualBlock(nn.Module):
    """Two conditional convolutions around which the features pass; ReLU after the first only, none after the sum."""

    def __init__(self, channels: int, conditional: Conditional) -> None:
        super().__init__()
        self.conv1 = _convolution(channels, channels, 3)
        self.norm1 = conditional(channels)
        self.conv2 = _convolution(channels, channels, 3)
        self.norm2 = conditional(channels)

    def forward(
        self,
        features: Tensor,
        embedding: Tensor,
        normalise: Normalise = instance_normalise,
        masks: Tensor | None = None,
    ) -> Tensor:
        """(B, C, H, W) and (B, D) -> (B, C, H, W); see `ConditionalInstanceNorm2d` for what else."""
        change = F.relu(self.norm1(self.conv1(features), embedding, normalise, masks))
        styled: Tensor = features + self.norm2(self.conv2(change), embedding, normalise, masks)
        return styled


class ExpandLayer(nn.Module):
    """Nearest-neighbour up-sampling (no checkerboard, unlike a transposed convolution), convolution, norm."""

    def __init__(self, inputs: int, channels: int, kernel: int, scale: int, conditional: Conditional) -> None:
        super().__init__()
        self.scale = scale
        self.conv = _convolution(inputs, channels, kernel)
        self.norm = conditional(channels)

    def forward(
        self,
        features: Tensor,
        embedding: Tensor,
        normalise: Normalise = instance_normalise,
        masks: Tensor | None = None,
    ) -> Tensor:
        """(B, inputs, H, W) and (B, D) -> (B, channels, scale * H, scale * W), before the activation."""
        if self.scale > 1:
            features = F.interpolate(features, scale_factor=float(self.scale), mode="nearest")
        styled: Tensor = self.norm(self.conv(features), embedding, normalise, masks)
        return styled


class StyleTransferNetwork(nn.Module):
    """Contract, five residual blocks, expand: a pastiche of the content in the style of an embedding.

    Args:
        embedding_size: D, the size of the embedding.
        bias: Whether the 13 conditional layers have a bias; a table of styles has none.
        width: Multiplier of the paper's 32, 64 and 128 channels; Magenta's mobile network has 0.25.
        encoder_norm: ``batch`` (the paper), ``instance``, or ``folded`` (a batch norm as the convolution's bias).
        gamma_start: Where gamma starts; 0 is the published start.
        decoder_norm: What the conditional layers normalise by, see `ConditionalInstanceNorm2d`.
        norm_momentum: How fast the running statistics of the encoder's batch norms follow; 0.001 is published.

    Raises:
        ValueError: If ``encoder_norm`` or ``decoder_norm`` is not one of the three.
    """

    def __init__(
        self,
        embedding_size: int = 100,
        bias: bool = True,
        *,
        width: float = 1.0,
        encoder_norm: EncoderNorm = "batch",
        gamma_start: float = 1.0,
        decoder_norm: DecoderNorm = "instance",
        norm_momentum: float = MOMENTUM,
    ) -> None:
        super().__init__()
        if encoder_norm not in get_args(EncoderNorm):
            raise ValueError(f"encoder_norm is {encoder_norm!r}, not one of {', '.join(get_args(EncoderNorm))}")
        narrow, middle, wide = (max(1, round(width * channels)) for channels in (32, 64, 128))
        self.contract = nn.ModuleList(
            [
                ContractLayer(3, narrow, 9, 1, encoder_norm),
                ContractLayer(narrow, middle, 3, 2, encoder_norm),
                ContractLayer(middle, wide, 3, 2, encoder_norm),
            ]
        )
        for norm in self.contract.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.momentum = norm_momentum

        def conditional(channels: int) -> ConditionalInstanceNorm2d:
            return ConditionalInstanceNorm2d(channels, embedding_size, bias, gamma_start=gamma_start, norm=decoder_norm)

        self.residual = nn.ModuleList([ResidualBlock(wide, conditional) for _ in range(5)])
        self.expand = nn.ModuleList(
            [
                ExpandLayer(wide, middle, 3, 2, conditional),
                ExpandLayer(middle, narrow, 3, 2, conditional),
                ExpandLayer(narrow, 3, 9, 1, conditional),
            ]
        )

    def style_parameters(self, embedding: Tensor) -> Tensor:
        """All betas and gammas of the embeddings (B, D): (B, 2758) at full width, in layer order, beta before gamma."""
        norms = [module for module in self.modules() if isinstance(module, ConditionalInstanceNorm2d)]
        return torch.cat([norm.style_parameters(embedding) for norm in norms], dim=1)

    @property
    def statistics_size(self) -> int:
        """N, the means and variances of all instance norms: 2758 at full width, 3206 with an encoder that has them."""
        return sum(
            2 * (norm.channels if isinstance(norm, ConditionalInstanceNorm2d) else norm.num_features)
            for norm in self.modules()
            if isinstance(norm, ConditionalInstanceNorm2d | nn.InstanceNorm2d)
        )

    def forward(
        self,
        content: Tensor,
        embedding: Tensor,
        normalise: Normalise = instance_normalise,
        masks: Tensor | None = None,
    ) -> Tensor:
        """Pastiches (B, 3, H, W) in [0, 1].

        Args:
            content: (B, 3, H, W) in [0, 1]; H, W >= 16.
            embedding: Embeddings (B, D); with masks (B, K, D).
            normalise: What every instance norm of the network calls.
            masks: Weights (B, K, H, W) of K styles in each pixel, which sum to 1 there. Every conditional layer
                normalises once, over the whole picture, and mixes the styles' betas and gammas by the masks, averaged
                over what one of its features covers (Dumoulin et al. 2017 mix over the whole picture at once).
        """
        features = content
        for contract in self.contract:
            features = contract(features, normalise)
        quarter, half, whole = (None,) * 3 if masks is None else _layered(masks, features)
        for block in self.residual:
            features = block(features, embedding, normalise, quarter)
        first, second, last = self.expand
        features = F.relu(first(features, embedding, normalise, half))
        features = F.relu(second(features, embedding, normalise, whole))
        pastiche = torch.sigmoid(last(features, embedding, normalise, whole))
        # Two halvings round up, so the pastiche is up to 3 pixels larger than the content, on the right and below.
        return pastiche[:, :, : content.shape[2], : content.shape[3]]

    def forward_held(
        self,
        content: Tensor,
        embedding: Tensor,
        statistics: Tensor,
        hold: Tensor,
        masks: Tensor | None = None,
        visible: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Pastiches (B, 3, H, W) and the statistics (B, N) they were made with; see `HeldStatistics` and `forward`."""
        held = HeldStatistics(statistics, hold, visible)
        return self.forward(content, embedding, held, masks), held.used


def _layered(masks: Tensor, features: Tensor) -> list[Tensor]:
    """Masks (B, K, H, W) at the sizes of the layers after the features (B, C, ceil(H / 4), ceil(W / 4))."""
    # The two halvings round up, so features reach up to 3 pixels beyond the masks.
    wide = F.pad(masks, (0, 4, 0, 4), mode="replicate")
    height, width = features.shape[2:]
    return [
        mask[:, :, : scale * height, : scale * width]
        for scale, mask in ((1, F.avg_pool2d(wide, 4)), (2, F.avg_pool2d(wide, 2)), (4, wide))
    ]
