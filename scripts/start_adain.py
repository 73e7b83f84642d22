"""Write a checkpoint of AdaIN whose decoder is fitted layer by layer to undo its encoder, as the start of a short run.

    python scripts/start_adain.py runs/adain-start/checkpoint.pt --pictures 'photos/*.tar' 'paintings/*.tar'

Each convolution of the decoder gets the least-squares weights for the activations of VGG-16 that it mirrors, from the
outputs of those before it. This takes about a minute of a core, and the decoder renders recognisable pictures before
its first step of training. The published decoder starts from random weights.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from brushwork.analysis import pictures
from brushwork.losses import VGGFeatures
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.training import checkpoints

SIDE = 64
# For each convolution of the decoder: the layer of VGG-16 that it shall give, whether pooled, and the number of
# pictures; the activations of pictures grow with their size.
MIRRORED = (
    ("relu3_3", True, 500),
    ("relu3_3", False, 200),
    ("relu3_2", False, 120),
    ("relu3_1", False, 120),
    ("relu2_2", True, 120),
    ("relu2_1", False, 60),
    ("relu1_2", True, 60),
    ("relu1_1", False, 24),
    ("", False, 24),  # the picture itself
)
RIDGE = 1e-3  # of the mean square of the inputs
CHUNK = 20  # pictures at a time


@torch.no_grad()
def main() -> None:
    """Write the checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="the checkpoint to write")
    parser.add_argument("--pictures", nargs="+", required=True, help="folders, tars, globs")
    wanted = parser.parse_args()
    images = pictures.squares(wanted.pictures, SIDE, MIRRORED[0][2])
    network, loss_network = PasticheNetwork(PasticheConfig(system="adain")).eval(), VGGFeatures()
    outputs = torch.cat([network.transfer.get_submodule("encoder")(part) for part in images.split(CHUNK)])
    mirrored = iter(MIRRORED)
    for layer in network.transfer.get_submodule("decoder").children():
        if isinstance(layer, nn.Conv2d):
            name, pooled, count = next(mirrored)
            outputs = outputs[:count]
            target = _target(loss_network, images[:count], name, pooled)
            _fit(layer, outputs, target)
        outputs = torch.cat([layer(part) for part in outputs.split(CHUNK)])
        if isinstance(layer, nn.Conv2d):
            print(f"{name or 'picture'}: {_unexplained(outputs, target):.1%} of the variance unexplained", flush=True)
    wanted.file.parent.mkdir(parents=True, exist_ok=True)
    checkpoints.save_checkpoint(wanted.file, network)


def _target(loss_network: VGGFeatures, images: Tensor, name: str, pooled: bool) -> Tensor:
    """Return the activations (N, C, h, w) of a layer, with a mean of 1, or the images themselves."""
    if not name:
        return images
    target = torch.cat([loss_network(part, (name,))[name] for part in images.split(CHUNK)])
    target = F.avg_pool2d(target, 2) if pooled else target
    return target / target.mean()


def _fit(layer: nn.Conv2d, inputs: Tensor, target: Tensor) -> None:
    """Set the weights of a convolution to those of a ridge regression of the target on its inputs."""
    size = 9 * layer.in_channels + 1
    square, product = torch.zeros(size, size), torch.zeros(size, layer.out_channels)
    for rows, wanted in _rows(inputs, target):
        square += rows.T @ rows
        product += rows.T @ wanted
    square = square.double()
    square.diagonal()[:-1].add_(RIDGE * square.diagonal().mean())
    solved = torch.linalg.solve(square, product.double()).float()
    layer.weight.copy_(solved[:-1].T.reshape(layer.weight.shape))
    layer.get_parameter("bias").copy_(solved[-1])


def _rows(inputs: Tensor, target: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the 3 x 3 neighbourhoods of positions, each with a 1, and the target at these positions."""
    for part, wanted in zip(inputs.split(CHUNK), target.split(CHUNK), strict=True):
        around = F.unfold(F.pad(part, (1, 1, 1, 1), mode="reflect"), 3).transpose(1, 2).flatten(0, 1)
        yield F.pad(around, (0, 1), value=1.0), wanted.permute(0, 2, 3, 1).flatten(0, 2)


def _unexplained(outputs: Tensor, target: Tensor) -> float:
    return float((outputs.clamp_min(0) - target).square().mean() / target.var())


if __name__ == "__main__":
    main()
