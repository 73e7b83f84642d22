"""Conditional instance normalisation: the layer through which an embedding becomes a style."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-5
# A pilot found that a small start of the affine weights around gamma = 1 trains far faster than the published start.
WEIGHT_SCALE = 0.3


class ConditionalInstanceNorm2d(nn.Module):
    """Instance normalisation whose beta and gamma are an affine map of the embedding (Dumoulin et al. 2017, eq. 5).

    ``gamma * (x - mean) / sqrt(variance + 1e-5) + beta`` with mean and population variance over height and width.

    Args:
        channels: C, the channels of the features.
        embedding_size: D, the size of the embedding.
        bias: Whether the map has a bias. Without one (a table of styles) each column of the weight *is* a style.
        gamma_start: The value at which gamma starts. 0 is the published start: Glorot uniform weights, zero bias.
    """

    def __init__(self, channels: int, embedding_size: int, bias: bool = True, *, gamma_start: float = 1.0) -> None:
        super().__init__()
        self.channels = channels
        self.gamma_start = gamma_start
        self.affine = nn.Linear(embedding_size, 2 * channels, bias=bias)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Starts the affine map; beta and gamma are two maps of Glorot et al. 2010, drawn one after the other."""
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

    def forward(self, features: Tensor, embedding: Tensor) -> Tensor:
        """Normalised and styled features (B, C, H, W) of features (B, C, H, W) and embeddings (B, D)."""
        beta, gamma = self.style_parameters(embedding)[:, :, None, None].chunk(2, dim=1)
        return F.instance_norm(features, eps=EPSILON) * gamma + beta
