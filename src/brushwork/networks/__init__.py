"""The trained networks: style transfer network, style prediction network and conditional layer (torch)."""

from brushwork.networks.normalization import ConditionalInstanceNorm2d
from brushwork.networks.pastiche import PasticheConfig, PasticheNetwork
from brushwork.networks.predictor import StylePredictionNetwork
from brushwork.networks.transfer import StyleTransferNetwork

__all__ = [
    "ConditionalInstanceNorm2d",
    "PasticheConfig",
    "PasticheNetwork",
    "StylePredictionNetwork",
    "StyleTransferNetwork",
]
