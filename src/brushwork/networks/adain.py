"""Adaptive instance normalisation (Huang and Belongie 2017), concurrent work, as a baseline for comparison.

A frozen encoder, VGG up to relu4_1, computes features; those of the content get the means and deviations of the
style's; a decoder, the only trained part, turns them into a picture. The embedding of a style is its 1,024 statistics.

As published, each channel's features are divided by its mean activation on photos (Gatys et al. 2016). Differences
from the published code: VGG-16 instead of VGG-19, with average pooling as in the loss network, zero padding in the
encoder, and the initial weights of the decoder, see `AdaINTransferNetwork`.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from brushwork.networks.normalization import Normalise, instance_normalise
from brushwork.networks.predictor import StylePredictionNetwork, mean_and_deviation

WEIGHTS = Path(__file__).parents[1] / "losses" / "vgg16.safetensors"
ACTIVATIONS = WEIGHTS.with_name("vgg16_activations.safetensors")  # written by scripts/measure_activations.py
# Convolutions of VGG-16 up to relu4_1 by their keys in the file; None is a pooling.
ENCODER = (0, 2, None, 5, 7, None, 10, 12, 14, None, 17)
CHANNELS = 512  # of relu4_1
REDUCTION = 8
# Output channels of the convolutions of the decoder, the encoder's mirror image; None doubles height and width.
DECODER = (256, None, 256, 256, 256, 128, None, 128, 64, None, 64, 3)


class VGGEncoder(nn.Module):
    """VGG-16 up to relu4_1, frozen; its weights are buffers that no state dict contains."""

    mean: Tensor
    activation: Tensor

    def __init__(self) -> None:
        super().__init__()
        weights = load_file(WEIGHTS)
        activation = load_file(ACTIVATIONS)["relu4_1"][:, None, None]
        self.register_buffer("activation", activation, persistent=False)
        for key in ENCODER:
            if key is not None:
                weight, bias = (weights[f"features.{key}.{part}"].float() for part in ("weight", "bias"))
                # In the order of the loss network's, which is faster and rounds in the same way.
                weight = weight.contiguous(memory_format=torch.channels_last)
                self.register_buffer(f"weight{key}", weight, persistent=False)
                self.register_buffer(f"bias{key}", bias, persistent=False)
        mean = torch.tensor((123.68, 116.779, 103.939))[:, None, None]
        self.register_buffer("mean", mean, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return features (B, 512, H / 8, W / 8), rounded down, of images (B, 3, H, W) in [0, 1], normalised."""
        features = images * 255 - self.mean
        for key in ENCODER:
            if key is None:
                features = F.avg_pool2d(features, 2, 2)
            else:
                weight, bias = self.get_buffer(f"weight{key}"), self.get_buffer(f"bias{key}")
                features = F.relu(F.conv2d(features, weight, bias, padding=1))
        return features / self.activation


class StatisticsPredictor(StylePredictionNetwork):
    """Computes the embedding (B, 1024) of a style: means, then standard deviations of its features at relu4_1.

    Args:
        encoder: The frozen encoder.
    """

    def __init__(self, encoder: VGGEncoder) -> None:
        nn.Module.__init__(self)
        self.pooling = "last"
        self.backbone = encoder  # type: ignore[assignment]  # without levels
        self.bottleneck = nn.Identity()  # type: ignore[assignment]  # without an affine map
        self.hidden = None

    def features(self, style: Tensor) -> Tensor:
        """Return embeddings (B, 1024) of style images (B, 3, H, W) in [0, 1]."""
        return torch.cat(mean_and_deviation(self.backbone(style).float()), dim=1)

    def project(self, features: Tensor) -> Tensor:
        """Return the features (B, 1024) unchanged."""
        return features


class AdaINTransferNetwork(nn.Module):
    """Encoder, adaptive instance normalisation and decoder: renders a content with the statistics of a style.

    The decoder starts with the weights of He et al. 2015, not with torch's default: that shrinks a signal by a factor
    of 2.4 in each of the nine layers, so that pastiches would be black for the first hundreds of steps.

    Args:
        encoder: The frozen encoder.
    """

    def __init__(self, encoder: VGGEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        layers: list[nn.Module] = []
        inputs = CHANNELS
        for channels in DECODER:
            if channels is None:
                layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
                continue
            convolution = nn.Conv2d(inputs, channels, 3, padding=1, padding_mode="reflect")
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            layers += [convolution, nn.ReLU()]
            inputs = channels
        self.decoder = nn.Sequential(*layers[:-1])

    def forward(
        self,
        content: Tensor,
        embedding: Tensor,
        normalise: Normalise = instance_normalise,
        masks: Tensor | None = None,
    ) -> Tensor:
        """Return pastiches (B, 3, H, W); in [0, 1] except in training, where values beyond must have a gradient.

        Args:
            content: (B, 3, H, W) in [0, 1].
            embedding: Statistics (B, 1024) of the styles.
            normalise: Normalisation of the features.
            masks: None; this network has no regions.

        Raises:
            ValueError: If masks are given.
        """
        if masks is not None:
            raise ValueError("AdaIN has no regions")
        height, width = content.shape[2:]
        padded = F.pad(content, (0, -width % REDUCTION, 0, -height % REDUCTION), mode="replicate")
        mean, deviation = embedding[:, :, None, None].chunk(2, dim=1)
        pastiche: Tensor = self.decoder(normalise(self.encoder(padded)) * deviation + mean)
        pastiche = pastiche[:, :, :height, :width]
        return pastiche if self.training else pastiche.clamp(0, 1)
