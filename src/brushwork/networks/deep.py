"""Deep styles: betas and gammas of a single style in addition to those of its predicted embedding.

They combine the styles of Dumoulin et al. 2017 with the predicted ones of Ghiasi et al. 2017. A deep style is a longer
embedding, (1, D + P): D numbers as a network predicts them, then P, one for each beta and gamma of the conditional
layers in layer order, which are added to the output of the affine maps for the first D. Zeros there give the plain
style, so that blends and strengths work as with plain styles. The affine maps take such embeddings after they are
widened by columns that select the number of each beta and gamma.
"""

import copy

import torch
from torch import nn

from brushwork.networks.normalization import ConditionalInstanceNorm2d
from brushwork.networks.transfer import StyleTransferNetwork


def parameters_size(network: StyleTransferNetwork) -> int:
    """Return P, the number of betas and gammas of a network: 2758 at full width."""
    return sum(2 * norm.channels for norm in _norms(network))


@torch.no_grad()
def deepen(network: StyleTransferNetwork) -> StyleTransferNetwork:
    """Return a copy of a network that takes deep styles (B, D + P)."""
    deep = copy.deepcopy(network)
    size, start = parameters_size(network), 0
    for norm in _norms(deep):
        plain = norm.affine
        choice = torch.zeros(plain.out_features, size, dtype=plain.weight.dtype, device=plain.weight.device)
        choice[:, start : start + plain.out_features] = torch.eye(plain.out_features)
        norm.affine = nn.Linear(plain.in_features + size, plain.out_features, bias=plain.bias is not None)
        norm.affine.weight = nn.Parameter(torch.cat([plain.weight, choice], dim=1))
        norm.affine.bias = plain.bias
        start += plain.out_features
    return deep


def _norms(network: StyleTransferNetwork) -> list[ConditionalInstanceNorm2d]:
    return [module for module in network.modules() if isinstance(module, ConditionalInstanceNorm2d)]
