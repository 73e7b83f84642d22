"""The style transfer network, which renders a content in the style of an embedding (Ghiasi et al. 2017, table 3)."""

from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from brushwork.networks.normalization import (
    Condition,
    ConditionalInstanceNorm2d,
    DecoderNorm,
    HeldStatistics,
    Normalise,
    instance_normalise,
)

EncoderNorm = Literal["batch", "instance", "folded"]
MOMENTUM = 0.01  # of the encoder's batch norms
# Returns a conditional layer with a number of channels.
Conditional: TypeAlias = Callable[[int], ConditionalInstanceNorm2d]


def _convolution(inputs: int, channels: int, kernel: int, stride: int = 1, *, bias: bool = False) -> nn.Conv2d:
    """Return a convolution with reflection padding; zero padding would cause a visible frame around the pastiche."""
    convolution = nn.Conv2d(inputs, channels, kernel, stride, padding=kernel // 2, padding_mode="reflect", bias=bias)
    nn.init.normal_(convolution.weight, std=0.01)
    return convolution


def _encoder_norm(kind: EncoderNorm, channels: int) -> nn.Module:
    """Return batch norm without gamma as published, instance norm, or identity if a batch norm is in the bias."""
    if kind == "batch":
        norm = nn.BatchNorm2d(channels, eps=1e-3, momentum=MOMENTUM)
        # The published batch norm learns beta only: a constant gamma of 1 loads and exports like any other.
        norm.weight.requires_grad_(False)
        return norm
    return nn.InstanceNorm2d(channels) if kind == "instance" else nn.Identity()


class ContractLayer(nn.Module):
    """A layer of the encoder: convolution, norm, ReLU."""

    def __init__(self, inputs: int, channels: int, kernel: int, stride: int, norm: EncoderNorm) -> None:
        super().__init__()
        self.conv = _convolution(inputs, channels, kernel, stride, bias=norm == "folded")
        self.norm = _encoder_norm(norm, channels)

    def forward(self, features: Tensor, normalise: Normalise = instance_normalise) -> Tensor:
        """Return (B, channels, ceil(H / stride), ceil(W / stride)) of features (B, inputs, H, W)."""
        # Statistics of an encoder's instance norm also depend on the whole picture, so they are held, too.
        norm = normalise if isinstance(self.norm, nn.InstanceNorm2d) else self.norm
        return F.relu(norm(self.conv(features)))


class ResidualBlock(nn.Module):
    """Two conditional convolutions with a skip connection; ReLU after the first only, and none after the sum."""

    def __init__(self, channels: int, conditional: Conditional) -> None:
        super().__init__()
        self.conv1 = _convolution(channels, channels, 3)
        self.norm1 = conditional(channels)
        self.conv2 = _convolution(channels, channels, 3)
        self.norm2 = conditional(channels)

    def forward(self, features: Tensor, condition: Condition) -> Tensor:
        """Return features (B, C, H, W) of features (B, C, H, W)."""
        change = F.relu(self.norm1(self.conv1(features), condition))
        styled: Tensor = features + self.norm2(self.conv2(change), condition)
        return styled


class ExpandLayer(nn.Module):
    """Nearest-neighbour upsampling (without the checkerboards of a transposed convolution), convolution, norm."""

    def __init__(self, inputs: int, channels: int, kernel: int, scale: int, conditional: Conditional) -> None:
        super().__init__()
        self.scale = scale
        self.conv = _convolution(inputs, channels, kernel)
        self.norm = conditional(channels)

    def forward(self, features: Tensor, condition: Condition) -> Tensor:
        """Return (B, channels, scale * H, scale * W) of features (B, inputs, H, W), before the activation."""
        if self.scale > 1:
            features = F.interpolate(features, scale_factor=float(self.scale), mode="nearest")
        styled: Tensor = self.norm(self.conv(features), condition)
        return styled


class StyleTransferNetwork(nn.Module):
    """Encoder, five residual blocks and decoder, which render a content in the style of an embedding.

    Args:
        embedding_size: D, the length of the embedding.
        bias: Whether the 13 conditional layers have a bias; a table of styles has none.
        width: Multiplier of the paper's 32, 64 and 128 channels; Magenta's mobile network has 0.25.
        encoder_norm: ``batch`` (the paper), ``instance``, or ``folded`` (a batch norm as the convolution's bias).
        gamma_start: Initial value of gamma; 0 is published.
        decoder_norm: Normalisation of the conditional layers, see `ConditionalInstanceNorm2d`.
        norm_momentum: Momentum of the running statistics of the encoder's batch norms; 0.001 is published.

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
        """Return all betas and gammas of embeddings (B, D): (B, 2758) at full width, in layer order, beta first."""
        norms = [module for module in self.modules() if isinstance(module, ConditionalInstanceNorm2d)]
        return torch.cat([norm.style_parameters(embedding) for norm in norms], dim=1)

    @property
    def statistics_size(self) -> int:
        """N, the number of means and variances of instance norms: 2758 at full width, 3206 with the encoder's."""
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
        """Return pastiches (B, 3, H, W) in [0, 1].

        Args:
            content: (B, 3, H, W) in [0, 1]; H, W >= 16.
            embedding: Embeddings (B, D); with masks (B, K, D).
            normalise: Normalisation of every instance norm.
            masks: Weights (B, K, H, W) of K styles, which sum to 1 in each pixel. Every conditional layer normalises
                once over the whole picture and mixes the styles' betas and gammas by the masks, averaged over the
                pixels that a feature covers (Dumoulin et al. 2017 use one mixture for the whole picture).
        """
        features = content
        for contract in self.contract:
            features = contract(features, normalise)
        quarter, half, whole = (None,) * 3 if masks is None else _layered(masks, features)
        for block in self.residual:
            features = block(features, Condition(embedding, normalise, quarter))
        first, second, last = self.expand
        features = F.relu(first(features, Condition(embedding, normalise, half)))
        features = F.relu(second(features, Condition(embedding, normalise, whole)))
        pastiche = torch.sigmoid(last(features, Condition(embedding, normalise, whole)))
        # Halving twice rounds up, so the pastiche is up to 3 pixels larger than the content on the right and bottom.
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
        """Return pastiches (B, 3, H, W) and the used statistics (B, N); see `HeldStatistics` and `forward`."""
        held = HeldStatistics(statistics, hold, visible)
        return self.forward(content, embedding, held, masks), held.used


def _layered(masks: Tensor, features: Tensor) -> list[Tensor]:
    """Return masks (B, K, H, W) at the sizes of the layers after the features (B, C, ceil(H / 4), ceil(W / 4))."""
    # Halving twice rounds up, so the last features extend up to 3 pixels beyond the masks.
    wide = F.pad(masks, (0, 4, 0, 4), mode="replicate")
    height, width = features.shape[2:]
    return [
        mask[:, :, : scale * height, : scale * width]
        for scale, mask in ((1, F.avg_pool2d(wide, 4)), (2, F.avg_pool2d(wide, 2)), (4, wide))
    ]
