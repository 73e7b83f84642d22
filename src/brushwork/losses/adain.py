"""The loss of adaptive instance normalisation (Huang and Belongie 2017, equations 11 to 13), in the trainer's terms."""

import torch
from torch import Tensor
from torch.nn import functional as F

from brushwork.losses.functional import content_loss
from brushwork.losses.perceptual import PerceptualLoss

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
CONTENT = "relu4_1"
TINY = 1e-5  # beside a variance


class AdaINLoss(PerceptualLoss):
    """Content: how far the pastiche's features are from those that it was decoded from; style: means and deviations.

    The first are the content's features at relu4_1 with the style's statistics, which both targets together give.
    """

    @torch.no_grad()
    def content_target(self, content: Tensor) -> Tensor:
        """Features (B, 512, H / 8, W / 8) of content images (B, 3, H, W) in [0, 1]."""
        return self.features.forward(content, (CONTENT,))[CONTENT]

    @torch.no_grad()
    def style_target(self, style: Tensor) -> dict[str, Tensor]:
        """Means and deviations (B, 2, C) by layer, of style images (B, 3, H, W) in [0, 1] of any size."""
        return {layer: _statistics(features) for layer, features in self.features.forward(style, LAYERS).items()}

    def compare(self, pastiche: Tensor, content_target: Tensor, style_target: dict[str, Tensor]) -> dict[str, Tensor]:
        """The terms of pastiches (B, 3, H, W) against targets of B pictures, named as in `PerceptualLoss.compare`."""
        features = self.features.forward(pastiche, LAYERS)
        mean, deviation = style_target[CONTENT][..., None, None].unbind(dim=1)
        aim = F.instance_norm(content_target.float(), eps=TINY) * deviation + mean
        content = content_loss(features[CONTENT], aim)
        styles = {layer: _apart(_statistics(features[layer]), style_target[layer]) for layer in LAYERS}
        style = torch.stack(list(styles.values())).sum(dim=0)
        regular = self.regular(pastiche)
        total = self.weights.content * content + self.weights.style * style + regular.pop("total")
        terms = {"content": content, **{f"style/{layer}": term for layer, term in styles.items()}, "style": style}
        return {**terms, **regular, "total": total}


def _statistics(features: Tensor) -> Tensor:
    """Means and deviations (B, 2, C) of features (B, C, H, W)."""
    variance, mean = torch.var_mean(features.float(), dim=(2, 3), correction=0)
    return torch.stack((mean, (variance + TINY).sqrt()), dim=1)


def _apart(one: Tensor, other: Tensor) -> Tensor:
    """Mean squared differences (B,) of means and of deviations (B, 2, C), added up."""
    return (one - other).square().mean(dim=2).sum(dim=1)
