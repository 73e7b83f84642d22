"""Conditional instance normalisation: the layer through which an embedding becomes a style."""

import math
from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-5
# A pilot found that a small start of the affine weights around gamma = 1 trains far faster than the published start.
WEIGHT_SCALE = 0.3

# What the conditional layers do to features before they are styled: ``instance`` as published; the others are there to
# be compared with it (Ulyanov et al. 2017, *Improved texture networks*), and a runtime cannot execute them.
DecoderNorm = Literal["instance", "batch", "none"]

# What a network does to features (B, C, H, W) before they are styled: each channel gets mean 0 and variance 1.
Normalise = Callable[[Tensor], Tensor]


def instance_normalise(features: Tensor) -> Tensor:
    """Features (B, C, H, W) less their mean, over the root of their population variance + 1e-5."""
    return F.instance_norm(features, eps=EPSILON)


class HeldStatistics:
    """Normalises with statistics that are given, measured, or between the two; for one pass through a network.

    A tile of a picture is painted like the whole with the whole picture's statistics, and a video does not flicker
    where they change slowly. Call it where a network would call `instance_normalise`, once a layer and in layer order.

    Args:
        given: Statistics (B, N): of every layer in order its means, then its population variances.
        hold: Share (B,) of the given ones in those used: 0 measures, 1 holds what is given.
        visible: Weights (B, H, W) of the content's pixels in what is measured; None for equal weights.
    """

    def __init__(self, given: Tensor, hold: Tensor, visible: Tensor | None = None) -> None:
        self._given = given
        self._visible = visible
        self._hold = hold[:, None]
        self._used: list[Tensor] = []
        self._start = 0

    def __call__(self, features: Tensor) -> Tensor:
        """Normalised features (B, C, H, W) of features (B, C, H, W)."""
        end = self._start + 2 * features.shape[1]
        given, self._start = self._given[:, self._start : end], end
        dtype, features = features.dtype, features.float()  # in half precision a variance would overflow
        weights = self._weights(features)
        mean = (features * weights).mean(dim=(2, 3), keepdim=True)
        variance = ((features - mean).square() * weights).mean(dim=(2, 3))
        measured = torch.cat([mean[:, :, 0, 0], variance], dim=1)
        # Not measured + hold * (given - measured), which rounds: a hold of 1 is exactly what was given.
        used = (1 - self._hold) * measured + self._hold * given
        self._used.append(used)
        mean, variance = used[:, :, None, None].chunk(2, dim=1)
        return ((features - mean) * torch.rsqrt(variance + EPSILON)).to(dtype)

    def _weights(self, features: Tensor) -> Tensor:
        """Weights (B, 1, h, w) of mean 1 for features: of what is visible, averaged over what each of them covers."""
        if self._visible is None:
            return features.new_ones(())
        height, width = features.shape[2:]
        # The two halvings round up, so features reach up to 3 pixels beyond the content.
        wide = F.pad(self._visible[:, None], (0, 4, 0, 4), mode="replicate")
        weights = F.avg_pool2d(wide, math.ceil(self._visible.shape[1] / height))[:, :, :height, :width]
        return weights / weights.mean(dim=(2, 3), keepdim=True)

    @property
    def used(self) -> Tensor:
        """The statistics (B, N) of all layers that were normalised."""
        return torch.cat(self._used, dim=1)


class ConditionalInstanceNorm2d(nn.Module):
    """Instance normalisation whose beta and gamma are an affine map of the embedding (Dumoulin et al. 2017, eq. 5).

    ``gamma * (x - mean) / sqrt(variance + 1e-5) + beta`` with mean and population variance over height and width.

    Args:
        channels: C, the channels of the features.
        embedding_size: D, the size of the embedding.
        bias: Whether the map has a bias. Without one (a table of styles) each column of the weight *is* a style.
        gamma_start: The value at which gamma starts. 0 is the published start: Glorot uniform weights, zero bias.
        norm: ``instance``; ``batch`` takes mean and variance over a training batch, and their running means in
            evaluation; ``none`` leaves the features as they are.
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
        self.other: nn.Module | None = None  # what takes the place of the instance norm
        if norm != "instance":
            self.other = nn.BatchNorm2d(channels, eps=EPSILON, affine=False) if norm == "batch" else nn.Identity()
        self.channels = channels
        self.gamma_start = gamma_start
        self.affine = nn.Linear(embedding_size, 2 * channels, bias=bias)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Start the affine map; beta and gamma are two maps of Glorot et al. 2010, drawn one after the other."""
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
        """Beta before gamma, (B, 2 C), of the embeddings (B, D)."""
        parameters: Tensor = self.affine(embedding)
        return parameters

    def forward(
        self,
        features: Tensor,
        embedding: Tensor,
        normalise: Normalise = instance_normalise,
        masks: Tensor | None = None,
    ) -> Tensor:
        """Normalised and styled features (B, C, H, W).

        Args:
            features: (B, C, H, W).
            embedding: Embeddings (B, D); with masks (B, K, D), one for each mask.
            normalise: What takes the features' own mean and variance away.
            masks: Weights (B, K, H, W) of K styles in each place; beta and gamma are their weighted sums there.
        """
        if masks is None:
            beta, gamma = self.style_parameters(embedding)[:, :, None, None].chunk(2, dim=1)
        else:
            batch, regions, height, width = masks.shape
            parameters = self.style_parameters(embedding.flatten(0, 1)).reshape(batch, regions, -1)  # (B, K, 2 C)
            mixed = parameters.transpose(1, 2) @ masks.flatten(2)  # (B, 2 C, H W)
            beta, gamma = mixed.reshape(batch, -1, height, width).chunk(2, dim=1)
        return (self.other or normalise)(features) * gamma + beta
