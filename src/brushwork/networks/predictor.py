"""The style prediction network, which predicts the embedding of a style image (Ghiasi et al. 2017, section 2.2)."""

from contextlib import nullcontext
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from brushwork.networks.backbones import Backbone

Pooling = Literal["last", "statistics"]
LIMIT = 30.0  # standardised features beyond this are outliers of a single picture
SMALLEST_DEVIATION = 1e-3
SMALLEST_VARIANCE = 1e-12  # the gradient of the root is infinite at 0


class StylePredictionNetwork(nn.Module):
    """Backbone, pooling over height and width, and affine map to the embedding; styles may have any size.

    It computes in float32 even under autocast: bfloat16 shifts the embedding of a MobileNet by 6 to 10 %, which costs a
    quarter of the style.

    Args:
        backbone: Network for the style image: (B, 3, H, W) in [0, 1] -> (B, backbone.channels, h, w).
        embedding_size: D, the size of the embedding.
        pooling: ``last`` takes the means of the last layer's channels, as published. ``statistics`` takes the means and
            standard deviations of the channels of each of the backbone's levels, then the means of the last layer;
            these are standardised by `feature_mean` and `feature_deviation` and clamped to +-30. The shallow layers
            represent texture, which the last one does not.
        hidden: Number of units of a hidden layer beside the affine map, whose output is added to the embedding and is 0
            at first; 0, as published, for none.

    Raises:
        ValueError: If ``pooling`` is neither of the two.
    """

    feature_mean: Tensor
    feature_deviation: Tensor

    def __init__(
        self, backbone: Backbone, embedding_size: int = 100, pooling: Pooling = "last", hidden: int = 0
    ) -> None:
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
        self.hidden: nn.Sequential | None = None
        if hidden:
            last = nn.Linear(hidden, embedding_size, bias=False)
            nn.init.zeros_(last.weight)
            self.hidden = nn.Sequential(nn.Linear(size, hidden), nn.ReLU(), last)

    def features(self, style: Tensor) -> Tensor:
        """Return pooled features (B, F) of style images (B, 3, H, W) in [0, 1], not yet standardised."""
        with _without_autocast(style):
            style = style.float()
            if self.pooling == "last":
                pooled: Tensor = self.backbone(style).mean(dim=(2, 3))
                return pooled
            levels, last = self.backbone.forward_levels(style)
            statistics = [statistic for level in levels for statistic in mean_and_deviation(level)]
            return torch.cat([*statistics, last.mean(dim=(2, 3))], dim=1)

    def project(self, features: Tensor) -> Tensor:
        """Return embeddings (B, D) of pooled features (B, F)."""
        with _without_autocast(features):
            if self.pooling == "statistics":
                features = ((features - self.feature_mean) / self.feature_deviation).clamp(-LIMIT, LIMIT)
            embedding: Tensor = self.bottleneck(features)
            if self.hidden is not None:
                embedding = embedding + self.hidden(features)
            return embedding

    @property
    def standardised(self) -> bool:
        """Whether the constants of standardisation are set; always if only the last layer is pooled."""
        return self.pooling == "last" or bool((self.feature_deviation != 1).any())

    @torch.no_grad()
    def standardise(self, features: Tensor) -> None:
        """Set the constants of standardisation to mean and deviation of pooled features (N, F), at least 1e-3.

        The weights are adjusted so that embeddings stay the same, except for clamped features.
        """
        mean, deviation = features.mean(dim=0), features.std(dim=0, correction=0).clamp_min(SMALLEST_DEVIATION)
        for affine in (self.bottleneck, self.hidden and self.hidden[0]):
            if isinstance(affine, nn.Linear):
                weight = affine.weight / self.feature_deviation  # for features that are not standardised
                affine.bias.add_(weight @ (mean - self.feature_mean))
                affine.weight.copy_(weight * deviation)
        self.feature_mean.copy_(mean)
        self.feature_deviation.copy_(deviation)

    @torch.no_grad()
    def copy_weights(self, other: "StylePredictionNetwork") -> None:
        """Copy the weights of a network with the same backbone that may pool less and have fewer hidden units.

        Embeddings stay the same.

        Raises:
            RuntimeError: If the weights do not fit.
        """
        state, own = other.state_dict(), self.state_dict()
        if (self.pooling, other.pooling) == ("statistics", "last"):
            # The features of the last layer come last; the maps ignore the others at first.
            for name in {"bottleneck.weight", "hidden.0.weight"} & state.keys() & own.keys():
                state[name] = F.pad(state[name], (own[name].shape[1] - state[name].shape[1], 0))
            state |= {name: value for name, value in own.items() if name.startswith("feature_")}
        for name, value in own.items():
            if name.startswith("hidden."):
                state[name] = _extend(state[name], value) if name in state else value
        self.load_state_dict(state)

    def forward(self, style: Tensor) -> Tensor:
        """Return embeddings (B, D) of style images (B, 3, H, W) in [0, 1]."""
        return self.project(self.features(style))


def _extend(weight: Tensor, fresh: Tensor) -> Tensor:
    """Return a weight of the hidden layer, followed by the fresh values of units that it lacks."""
    for dimension, (size, wanted) in enumerate(zip(weight.shape, fresh.shape, strict=True)):
        if size < wanted:
            weight = torch.cat([weight, fresh.narrow(dimension, size, wanted - size)], dim=dimension)
    return weight


def mean_and_deviation(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return means and population standard deviations (B, C) of the channels of features (B, C, H, W)."""
    mean = features.mean(dim=(2, 3), keepdim=True)
    variance = (features - mean).square().mean(dim=(2, 3))
    return mean[:, :, 0, 0], variance.clamp_min(SMALLEST_VARIANCE).sqrt()


def _without_autocast(values: Tensor) -> torch.autocast | nullcontext[None]:
    """Return a context that disables autocast if it is enabled; otherwise an export would trace it."""
    kind = values.device.type
    return torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else nullcontext()
