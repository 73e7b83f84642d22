"""The style prediction network: a style image in, its embedding out (Ghiasi et al. 2017, section 2.2)."""

from torch import Tensor, nn

from brushwork.networks.backbones import Backbone


class StylePredictionNetwork(nn.Module):
    """Backbone, mean over height and width, affine map to the embedding. Fully convolutional: any size of style.

    Args:
        backbone: What sees the style: (B, 3, H, W) in [0, 1] -> (B, backbone.channels, h, w).
        embedding_size: D, the size of the embedding.
    """

    def __init__(self, backbone: Backbone, embedding_size: int = 100) -> None:
        super().__init__()
        self.backbone = backbone
        self.bottleneck = nn.Linear(backbone.channels, embedding_size)
        nn.init.xavier_uniform_(self.bottleneck.weight)
        nn.init.zeros_(self.bottleneck.bias)

    def forward(self, style: Tensor) -> Tensor:
        """Embeddings (B, D) of style images (B, 3, H, W) in [0, 1]."""
        embedding: Tensor = self.bottleneck(self.backbone(style).mean(dim=(2, 3)))
        return embedding
