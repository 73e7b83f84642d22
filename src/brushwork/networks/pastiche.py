"""One network for the three systems of the papers: the source of embeddings and the style transfer network."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from torch import Tensor, nn

from brushwork.networks.adain import CHANNELS, AdaINTransferNetwork, StatisticsPredictor, VGGEncoder
from brushwork.networks.backbones import build_backbone
from brushwork.networks.normalization import DecoderNorm
from brushwork.networks.predictor import Pooling, StylePredictionNetwork
from brushwork.networks.transfer import MOMENTUM, EncoderNorm, StyleTransferNetwork

System = Literal["conditional", "adain"]


@dataclass(frozen=True)
class PasticheConfig:
    """The settings from which a `PasticheNetwork` is built before its weights are loaded.

    Attributes:
        styles: Names of the styles of a table (Johnson et al. 2016: one; Dumoulin et al. 2017: N); empty if embeddings
            are predicted.
        backbone: Name and options of the predictor's backbone (Ghiasi et al. 2017: ``{"name": "inception_v3"}``).
        predicted_size: Size of a predicted embedding.
        pooling, hidden: See `StylePredictionNetwork`.
        width: Multiplier of the style transfer network's channels.
        encoder_norm: See `StyleTransferNetwork`.
        gamma_start: See `ConditionalInstanceNorm2d`.
        decoder_norm: See `ConditionalInstanceNorm2d`; only networks with ``instance`` can be exported.
        norm_momentum: See `StyleTransferNetwork`.
        system: ``conditional``; ``adain`` is the baseline of `brushwork.networks.adain`, which ignores the above.

    Raises:
        ValueError: If a value is out of its range.
    """

    styles: tuple[str, ...] = ()
    backbone: Mapping[str, Any] = field(default_factory=lambda: {"name": "inception_v3"})
    predicted_size: int = 100
    pooling: Pooling = "last"
    hidden: int = 0
    width: float = 1.0
    encoder_norm: EncoderNorm = "batch"
    gamma_start: float = 1.0
    decoder_norm: DecoderNorm = "instance"
    norm_momentum: float = MOMENTUM
    system: System = "conditional"

    def __post_init__(self) -> None:
        object.__setattr__(self, "styles", tuple(self.styles))
        if len(set(self.styles)) != len(self.styles):
            raise ValueError("two styles of the table have the same name")
        if self.system not in get_args(System):
            raise ValueError(f"system is {self.system!r}, not one of {', '.join(get_args(System))}")
        if self.system == "adain" and self.styles:
            raise ValueError("adain has no table of styles; omit styles")
        if not 0 < self.width < math.inf:
            raise ValueError(f"width is {self.width}; it must be more than 0")
        if not 0 <= self.norm_momentum <= 1:
            raise ValueError(f"norm_momentum is {self.norm_momentum}; it must be between 0 and 1")
        if self.predicted_size < 1:
            raise ValueError(f"predicted_size is {self.predicted_size}; it must be 1 or more")
        if self.hidden < 0:
            raise ValueError(f"hidden is {self.hidden}; it must be 0 or more")

    @property
    def embedding_size(self) -> int:
        """D, the number of styles of a table, or the size of a predicted embedding."""
        if self.system == "adain":
            return 2 * CHANNELS
        return len(self.styles) or self.predicted_size


class PasticheNetwork(nn.Module):
    """The source of embeddings and the style transfer network that they condition.

    ``predictor`` is None for a table of styles. An embedding is then a row of weights of the styles, so a blend of
    styles is a blend of weights, and the network of one style has the constant embedding 1.
    """

    def __init__(self, config: PasticheConfig) -> None:
        super().__init__()
        self.config = config
        self.predictor: StylePredictionNetwork | None = None
        self.transfer: StyleTransferNetwork
        if config.system == "adain":
            encoder = VGGEncoder()
            self.predictor = StatisticsPredictor(encoder)
            self.transfer = AdaINTransferNetwork(encoder)  # type: ignore[assignment]  # only experiments call it
            return
        if not config.styles:
            backbone = build_backbone(**config.backbone)
            self.predictor = StylePredictionNetwork(backbone, config.predicted_size, config.pooling, config.hidden)
        self.transfer = StyleTransferNetwork(
            config.embedding_size,
            bias=not config.styles,
            width=config.width,
            encoder_norm=config.encoder_norm,
            gamma_start=config.gamma_start,
            decoder_norm=config.decoder_norm,
            norm_momentum=config.norm_momentum,
        )

    def embed(self, style: Tensor) -> Tensor:
        """Return embeddings (B, D) predicted from style images (B, 3, H, W) in [0, 1].

        Raises:
            ValueError: If the network has a table of styles and so no style prediction network.
        """
        if self.predictor is None:
            raise ValueError(f"this network has only the styles of its table: {', '.join(self.config.styles)}")
        embedding: Tensor = self.predictor(style)
        return embedding

    def forward(self, content: Tensor, embedding: Tensor) -> Tensor:
        """Return pastiches (B, 3, H, W) of contents (B, 3, H, W) in [0, 1] and embeddings (B, D)."""
        pastiche: Tensor = self.transfer(content, embedding)
        return pastiche
