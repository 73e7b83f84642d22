"""Function-preserving widening: a wider style transfer network, or a longer embedding, with the same pastiches.

Net2WiderNet (Chen et al. 2016, *Net2Net: accelerating learning via knowledge transfer*): channels are repeated, and the
weights that read a repeated channel are split between its copies.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from brushwork.networks import PasticheNetwork
from brushwork.networks.normalization import WEIGHT_SCALE

# Range of the parts of a split weight before they are scaled to sum to 1; equal parts would stay equal for ever.
PARTS = (0.6, 1.4)


def widen(network: PasticheNetwork, times: int, generator: torch.Generator) -> PasticheNetwork:
    """Return a network with `times` as many channels in its style transfer network, and the same pastiches.

    Each channel is repeated `times`, with its encoder norm, beta and gamma. The style prediction network is unchanged.

    Args:
        network: The network to widen; it is not changed.
        times: Number of copies of each channel, 1 or more.
        generator: Source of the random parts of split weights.
    """
    wider = PasticheNetwork(replace(network.config, width=network.config.width * times))
    prefix = "transfer."
    state = {
        key: _widen(key.removeprefix(prefix), value, times, generator) if key.startswith(prefix) else value
        for key, value in network.state_dict().items()
    }
    wider.load_state_dict(state)
    return wider.train(network.training)


def lengthen(network: PasticheNetwork, size: int, generator: torch.Generator) -> PasticheNetwork:
    """Return a network that predicts embeddings of `size` numbers, with the same pastiches.

    The new numbers are 0 for every style at first; the affine maps read them with new random weights, so that they get
    gradients.

    Args:
        network: The network to lengthen, with a style prediction network; it is not changed.
        size: Size of the embeddings, not less than before.
        generator: Source of the random weights.
    """
    longer = PasticheNetwork(replace(network.config, predicted_size=size))
    state, old = longer.state_dict(), network.state_dict()
    for key, value in old.items():
        state[key] = value
        if key.endswith(".affine.weight"):
            fresh = torch.empty(len(value), size)
            for half in fresh.chunk(2):  # betas and gammas
                nn.init.xavier_uniform_(half, gain=WEIGHT_SCALE, generator=generator)
            state[key] = torch.cat([value, fresh[:, value.shape[1] :]], dim=1)
        elif key in _EMBEDDING:
            state[key] = torch.cat([value, value.new_zeros(size - len(value), *value.shape[1:])])
    longer.load_state_dict(state)
    return longer.train(network.training)


_EMBEDDING = {f"predictor.{name}" for name in ("bottleneck.weight", "bottleneck.bias", "hidden.2.weight")}


def _widen(key: str, value: Tensor, times: int, generator: torch.Generator) -> Tensor:
    """Widen one tensor of the style transfer network's state; the three channels of images stay at both ends."""
    if not value.ndim:
        return value
    if not key.startswith("expand.2."):
        # An affine map gives all betas before all gammas; everything else has one row for each channel.
        halves = value.chunk(2) if ".affine." in key else (value,)
        value = torch.cat([half.repeat_interleave(times, dim=0) for half in halves])
    reads = value.ndim == 4 and not key.startswith("contract.0.")
    return split_inputs(value, times, generator) if reads else value


def split_inputs(weight: Tensor, times: int, generator: torch.Generator) -> Tensor:
    """Return weights (O, times I, h, w) for repeated inputs from the weights (O, I, h, w) of a convolution.

    Each is split into random positive parts that sum to it, separately for each output.
    """
    low, high = PARTS
    parts = low + (high - low) * torch.rand(*weight.shape[:2], times, generator=generator)
    parts = (parts / parts.sum(dim=2, keepdim=True)).to(weight)
    split = weight[:, :, None] * parts[..., None, None]  # (O, I, times, h, w)
    return split.flatten(1, 2)
