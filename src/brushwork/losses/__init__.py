"""Perceptual losses: the frozen loss network, the loss terms as pure functions, and their combination (torch)."""

from brushwork.losses.adain import AdaINLoss
from brushwork.losses.functional import (
    content_loss,
    gram_matrix,
    grid_power,
    log_style_loss,
    normalised_style_loss,
    root_mean_square,
    style_loss,
    total_variation,
)
from brushwork.losses.perceptual import GHIASI2017, LossWeights, PerceptualLoss
from brushwork.losses.stripes import stripe_power
from brushwork.losses.vgg import LAYERS, VGGFeatures

__all__ = [
    "GHIASI2017",
    "LAYERS",
    "AdaINLoss",
    "LossWeights",
    "PerceptualLoss",
    "VGGFeatures",
    "content_loss",
    "gram_matrix",
    "grid_power",
    "log_style_loss",
    "normalised_style_loss",
    "root_mean_square",
    "stripe_power",
    "style_loss",
    "total_variation",
]
