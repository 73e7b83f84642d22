"""The loss of adaptive instance normalisation (Huang and Belongie 2017, equations 11 to 13) as a perceptual loss."""

import torch
from torch import Tensor
from torch.nn import functional as F

from brushwork.losses.functional import content_loss
from brushwork.losses.perceptual import PerceptualLoss

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
CONTENT = "relu4_1"
EPSILON = 1e-5  # added to variances


class AdaINLoss(PerceptualLoss):
    """Compares the pastiche's features with those that it was decoded from, and its statistics with the style's.

    The content term is the distance at relu4_1 from the content's features with the style's statistics. The style terms
    are the distances of means and of standard deviations.
    """

    @torch.no_grad()
    def content_target(self, content: Tensor) -> Tensor:
        """Return features (B, 512, H / 8, W / 8) of content images (B, 3, H, W) in [0, 1]."""
        return self.features.forward(content, (CONTENT,))[CONTENT]

    @torch.no_grad()
    def style_target(self, style: Tensor) -> dict[str, Tensor]:
        """Return means and deviations (B, 2, C) by layer of style images (B, 3, H, W) in [0, 1], of any size."""
        return {layer: _statistics(features) for layer, features in self.features.forward(style, LAYERS).items()}

    def compare(self, pastiche: Tensor, content_target: Tensor, style_target: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the terms of pastiches (B, 3, H, W) against B targets, named as in `PerceptualLoss.compare`."""
        features = self.features.forward(pastiche, LAYERS)
        mean, deviation = style_target[CONTENT][..., None, None].unbind(dim=1)
        decoded = F.instance_norm(content_target.float(), eps=EPSILON) * deviation + mean
        content = content_loss(features[CONTENT], decoded)
        styles = {layer: _distance(_statistics(features[layer]), style_target[layer]) for layer in LAYERS}
        style = torch.stack(list(styles.values())).sum(dim=0)
        regularisation = self.regularise(pastiche)
        total = self.weights.content * content + self.weights.style * style + regularisation.pop("total")
        terms = {"content": content, **{f"style/{layer}": term for layer, term in styles.items()}, "style": style}
        return {**terms, **regularisation, "total": total}


def _statistics(features: Tensor) -> Tensor:
    """Return means and standard deviations (B, 2, C) of features (B, C, H, W)."""
    variance, mean = torch.var_mean(features.float(), dim=(2, 3), correction=0)
    return torch.stack((mean, (variance + EPSILON).sqrt()), dim=1)


def _distance(one: Tensor, other: Tensor) -> Tensor:
    """Return the sum (B,) of the mean squared differences of means and of deviations, both (B, 2, C)."""
    return (one - other).square().mean(dim=2).sum(dim=1)
