"""Conditional instance normalisation: the layer through which an embedding becomes a style."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-5
# A pilot run showed that small initial affine weights around gamma = 1 train far faster than the published ones.
WEIGHT_SCALE = 0.3

# Normalisation in the conditional layers: ``instance`` as published. The others exist for comparison (Ulyanov et al.
# 2017, *Improved texture networks*); runtimes cannot execute them.
DecoderNorm = Literal["instance", "batch", "none"]

# Normalises features (B, C, H, W) to mean 0 and variance 1 per channel.
Normalise = Callable[[Tensor], Tensor]


def instance_normalise(features: Tensor) -> Tensor:
    """Return features (B, C, H, W) minus their mean, divided by the root of their population variance + 1e-5."""
    normalised = F.instance_norm(features, eps=EPSILON)
    if not torch.compiler.is_compiling() and normalised.requires_grad and len(features) == 1:
        # torch 2.13 computes a wrong gradient on CPUs if that of a single image comes with channels last.
        normalised.register_hook(Tensor.contiguous)
    return normalised


@dataclass(frozen=True, eq=False)
class Condition:
    """The inputs of a conditional layer besides the features.

    Attributes:
        embedding: Embeddings (B, D); with masks (B, K, D), one for each mask.
        normalise: Normalises the features before beta and gamma are applied.
        masks: Weights (B, K, H, W) of K styles at each position, by which betas and gammas are averaged; None for one
            style.
    """

    embedding: Tensor
    normalise: Normalise = instance_normalise
    masks: Tensor | None = None


class HeldStatistics:
    """Normalises with given statistics, measured statistics, or a mixture of both, for one pass of a network.

    With the statistics of the whole picture, a tile is rendered like the whole; with slowly changing statistics, a
    video does not flicker. Call it in place of `instance_normalise`, once per layer and in layer order.

    Args:
        given: Statistics (B, N): for every layer in order, its means and then its population variances.
        hold: Weight (B,) of the given statistics: 0 uses the measured ones, 1 the given ones.
        visible: Weights (B, H, W) of the content's pixels in the measurement; None for equal weights.
    """

    def __init__(self, given: Tensor, hold: Tensor, visible: Tensor | None = None) -> None:
        self._given = given
        self._visible = visible
        self._hold = hold[:, None]
        self._used: list[Tensor] = []
        self._start = 0

    def __call__(self, features: Tensor) -> Tensor:
        """Return normalised features (B, C, H, W)."""
        end = self._start + 2 * features.shape[1]
        given, self._start = self._given[:, self._start : end], end
        dtype, features = features.dtype, features.float()  # a variance could overflow in half precision
        weights = self._weights(features)
        mean = (features * weights).mean(dim=(2, 3), keepdim=True)
        variance = ((features - mean).square() * weights).mean(dim=(2, 3))
        measured = torch.cat([mean[:, :, 0, 0], variance], dim=1)
        # Not measured + hold * (given - measured), which rounds: a hold of 1 must give the given statistics exactly.
        used = (1 - self._hold) * measured + self._hold * given
        self._used.append(used)
        mean, variance = used[:, :, None, None].chunk(2, dim=1)
        return ((features - mean) * torch.rsqrt(variance + EPSILON)).to(dtype)

    def _weights(self, features: Tensor) -> Tensor:
        """Return weights (B, 1, h, w) with mean 1: the visible fraction of the pixels that each feature covers."""
        if self._visible is None:
            return features.new_ones(())
        height, width = features.shape[2:]
        # Halving twice rounds up, so the last features extend up to 3 pixels beyond the content.
        wide = F.pad(self._visible[:, None], (0, 4, 0, 4), mode="replicate")
        weights = F.avg_pool2d(wide, math.ceil(self._visible.shape[1] / height))[:, :, :height, :width]
        return weights / weights.mean(dim=(2, 3), keepdim=True)

    @property
    def used(self) -> Tensor:
        """The statistics (B, N) of all normalised layers."""
        return torch.cat(self._used, dim=1)


class ConditionalInstanceNorm2d(nn.Module):
    """Instance normalisation whose beta and gamma are an affine map of the embedding (Dumoulin et al. 2017, eq. 5).

    ``gamma * (x - mean) / sqrt(variance + 1e-5) + beta`` with mean and population variance over height and width.

    Args:
        channels: C, the channels of the features.
        embedding_size: D, the length of the embedding.
        bias: Whether the map has a bias. Without one (a table of styles), each column of the weight *is* a style.
        gamma_start: Initial value of gamma. 0 is the published initialisation: Glorot uniform weights, zero bias.
        norm: ``instance``; ``batch`` uses mean and variance over a training batch, and their running means in
            evaluation; ``none`` does not normalise.
    """

    def __init__(
        self,
        channels: int,
        embedding_size: int,
        bias: bool = True,
        *,
        gamma_start: float = 1.0,
        norm: DecoderNorm = "instance",
    ) -> None:
        super().__init__()
        if norm not in get_args(DecoderNorm):
            raise ValueError(f"decoder_norm is {norm!r}, not one of {', '.join(get_args(DecoderNorm))}")
        self.other: nn.Module | None = None  # replaces the instance norm
        if norm != "instance":
            self.other = nn.BatchNorm2d(channels, eps=EPSILON, affine=False) if norm == "batch" else nn.Identity()
        self.channels = channels
        self.gamma_start = gamma_start
        self.affine = nn.Linear(embedding_size, 2 * channels, bias=bias)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Initialise the affine map; beta and gamma are two maps after Glorot et al. 2010."""
        beta, gamma = self.affine.weight.chunk(2)
        if self.affine.bias is None:
            nn.init.zeros_(beta)
            nn.init.constant_(gamma, self.gamma_start)
            return
        for weight in (beta, gamma):
            nn.init.xavier_uniform_(weight, gain=WEIGHT_SCALE if self.gamma_start else 1.0)
        nn.init.zeros_(self.affine.bias)
        self.affine.bias[self.channels :] = self.gamma_start

    def style_parameters(self, embedding: Tensor) -> Tensor:
        """Return betas and then gammas (B, 2 C) of embeddings (B, D)."""
        parameters: Tensor = self.affine(embedding)
        return parameters

    def forward(self, features: Tensor, condition: Condition) -> Tensor:
        """Return normalised and styled features (B, C, H, W) of features (B, C, H, W)."""
        embedding, masks = condition.embedding, condition.masks
        if masks is None:
            beta, gamma = self.style_parameters(embedding)[:, :, None, None].chunk(2, dim=1)
        else:
            batch, regions, height, width = masks.shape
            parameters = self.style_parameters(embedding.flatten(0, 1)).reshape(batch, regions, -1)  # (B, K, 2 C)
            mixed = parameters.transpose(1, 2) @ masks.flatten(2)  # (B, 2 C, H W)
            beta, gamma = mixed.reshape(batch, -1, height, width).chunk(2, dim=1)
        return (self.other or condition.normalise)(features) * gamma + beta
