"""The loss of adaptive instance normalisation (Huang and Belongie 2017, equations 11 to 13) as a perceptual loss."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from brushwork.losses.functional import content_loss
from brushwork.losses.perceptual import LossWeights, PerceptualLoss
from brushwork.losses.vgg import VGGFeatures

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
CONTENT = "relu4_1"
EPSILON = 1e-5  # added to variances
ACTIVATIONS = Path(__file__).with_name("vgg16_activations.safetensors")  # see scripts/measure_activations.py


class AdaINLoss(PerceptualLoss):
    """Compares the pastiche's features with those that it was decoded from, and its statistics with the style's.

    The content term is the distance at relu4_1 from the content's features with the style's statistics. The style terms
    are the distances of means and of standard deviations. As published, features are divided by the mean activation of
    their channel on photos, so that all layers and channels have comparable weights.

    Args:
        weights: Weights of the terms; as published, 1 for the content and 10 for the style.
        features: The loss network; None loads it.
    """

    def __init__(self, weights: LossWeights | None = None, features: VGGFeatures | None = None) -> None:
        super().__init__(weights, features)
        for layer, activation in load_file(ACTIVATIONS).items():
            self.register_buffer(f"{layer}_activation", activation[:, None, None], persistent=False)

    def _normalised(self, images: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        """Return normalised features (B, C, h, w) by layer of images (B, 3, H, W) in [0, 1]."""
        features = self.features.forward(images, layers)
        return {layer: features[layer].float() / self.get_buffer(f"{layer}_activation") for layer in layers}

    @torch.no_grad()
    def content_target(self, content: Tensor) -> Tensor:
        """Return features (B, 512, H / 8, W / 8) of content images (B, 3, H, W) in [0, 1]."""
        return self._normalised(content, (CONTENT,))[CONTENT]

    @torch.no_grad()
    def style_target(self, style: Tensor) -> dict[str, Tensor]:
        """Return means and deviations (B, 2, C) by layer of style images (B, 3, H, W) in [0, 1], of any size."""
        return {layer: _statistics(features) for layer, features in self._normalised(style, LAYERS).items()}

    def compare(self, pastiche: Tensor, content_target: Tensor, style_target: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the terms of pastiches (B, 3, H, W) against B targets, named as in `PerceptualLoss.compare`."""
        features = self._normalised(pastiche, LAYERS)
        mean, deviation = style_target[CONTENT][..., None, None].unbind(dim=1)
        decoded = F.instance_norm(content_target, eps=EPSILON) * deviation + mean
        content = content_loss(features[CONTENT], decoded)
        styles = {layer: _distance(_statistics(features[layer]), style_target[layer]) for layer in LAYERS}
        style = torch.stack(list(styles.values())).sum(dim=0)
        regularisation = self.regularise(pastiche)
        total = self.weights.content * content + self.weights.style * style + regularisation.pop("total")
        terms = {"content": content, **{f"style/{layer}": term for layer, term in styles.items()}, "style": style}
        return {**terms, **regularisation, "total": total}


def _statistics(features: Tensor) -> Tensor:
    """Return means and standard deviations (B, 2, C) of features (B, C, H, W)."""
    variance, mean = torch.var_mean(features, dim=(2, 3), correction=0)
    return torch.stack((mean, (variance + EPSILON).sqrt()), dim=1)


def _distance(one: Tensor, other: Tensor) -> Tensor:
    """Return the sum (B,) of the mean squared differences of means and of deviations, both (B, 2, C)."""
    return (one - other).square().mean(dim=2).sum(dim=1)
