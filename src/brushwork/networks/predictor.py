"""The style prediction network: a style image in, its embedding out (Ghiasi et al. 2017, section 2.2)."""

from contextlib import nullcontext
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from brushwork.networks.backbones import Backbone

Pooling = Literal["last", "statistics"]
LIMIT = 30.0  # standardised features beyond this are outliers of a single picture
SMALLEST_DEVIATION = 1e-3
TINY = 1e-12  # under the root of a variance, whose gradient at 0 is infinite


class StylePredictionNetwork(nn.Module):
    """Backbone, pooling over height and width, affine map to the embedding. Fully convolutional: any size of style.

    It computes in float32 under autocast, too: bfloat16 shifts a MobileNet's embedding by 6 to 10 %, which costs a
    quarter of the style.

    Args:
        backbone: Network for the style image: (B, 3, H, W) in [0, 1] -> (B, backbone.channels, h, w).
        embedding_size: D, the size of the embedding.
        pooling: ``last`` takes the means of the last layer's channels, as published. ``statistics`` takes, for each of
            the backbone's levels, the means and the standard deviations of its channels, then the means of the last
            layer; these are standardised by `feature_mean` and `feature_deviation` and clamped to +-30. Texture is in
            the shallow layers, which the last one has forgotten.
    """

    feature_mean: Tensor
    feature_deviation: Tensor

    def __init__(self, backbone: Backbone, embedding_size: int = 100, pooling: Pooling = "last") -> None:
        super().__init__()
        if pooling not in get_args(Pooling):
            raise ValueError(f"pooling is {pooling!r}, not one of {', '.join(get_args(Pooling))}")
        self.pooling = pooling
        self.backbone = backbone
        size = backbone.channels
        if pooling == "statistics":
            size += 2 * sum(backbone.level_channels)
            self.register_buffer("feature_mean", torch.zeros(size))
            self.register_buffer("feature_deviation", torch.ones(size))
        self.bottleneck = nn.Linear(size, embedding_size)
        nn.init.xavier_uniform_(self.bottleneck.weight)
        nn.init.zeros_(self.bottleneck.bias)

    def features(self, style: Tensor) -> Tensor:
        """Pooled features (B, F) of style images (B, 3, H, W) in [0, 1], not yet standardised."""
        with _without_autocast(style):
            style = style.float()
            if self.pooling == "last":
                pooled: Tensor = self.backbone(style).mean(dim=(2, 3))
                return pooled
            levels, last = self.backbone.forward_levels(style)
            statistics = [statistic for level in levels for statistic in mean_and_deviation(level)]
            return torch.cat([*statistics, last.mean(dim=(2, 3))], dim=1)

    def project(self, features: Tensor) -> Tensor:
        """Embeddings (B, D) of pooled features (B, F)."""
        with _without_autocast(features):
            if self.pooling == "statistics":
                features = ((features - self.feature_mean) / self.feature_deviation).clamp(-LIMIT, LIMIT)
            embedding: Tensor = self.bottleneck(features)
            return embedding

    @property
    def standardised(self) -> bool:
        """Whether the features have constants of their own: always where only the last layer is pooled."""
        return self.pooling == "last" or bool((self.feature_deviation != 1).any())

    @torch.no_grad()
    def standardise(self, features: Tensor) -> None:
        """Take mean and deviation of pooled features (N, F) as the constants; embeddings stay the same.

        They stay but for what the clamp takes. Deviations are at least 1e-3.
        """
        mean, deviation = features.mean(dim=0), features.std(dim=0, correction=0).clamp_min(SMALLEST_DEVIATION)
        weight = self.bottleneck.weight / self.feature_deviation  # of features that are not standardised
        self.bottleneck.bias.add_(weight @ (mean - self.feature_mean))
        self.bottleneck.weight.copy_(weight * deviation)
        self.feature_mean.copy_(mean)
        self.feature_deviation.copy_(deviation)

    @torch.no_grad()
    def take_over(self, other: "StylePredictionNetwork") -> None:
        """Take the weights of a network of the same backbone that pools the last layer; embeddings stay the same."""
        if (self.pooling, other.pooling) != ("statistics", "last"):
            self.load_state_dict(other.state_dict())
            return
        self.backbone.load_state_dict(other.backbone.state_dict())
        self.bottleneck.weight.zero_()
        self.bottleneck.weight[:, -other.bottleneck.in_features :] = other.bottleneck.weight
        self.bottleneck.bias.copy_(other.bottleneck.bias)

    def forward(self, style: Tensor) -> Tensor:
        """Embeddings (B, D) of style images (B, 3, H, W) in [0, 1]."""
        return self.project(self.features(style))


def mean_and_deviation(features: Tensor) -> tuple[Tensor, Tensor]:
    """Means and population standard deviations (B, C) of the channels of features (B, C, H, W)."""
    mean = features.mean(dim=(2, 3), keepdim=True)
    variance = (features - mean).square().mean(dim=(2, 3))
    return mean[:, :, 0, 0], variance.clamp_min(TINY).sqrt()


def _without_autocast(values: Tensor) -> torch.autocast | nullcontext[None]:
    """A context without autocast; none at all if there is none, because an export traces the context, too."""
    kind = values.device.type
    return torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else nullcontext()
