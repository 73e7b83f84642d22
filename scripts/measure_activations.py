"""Measure the mean activations of VGG-16 on photos, by which AdaIN's features are normalised (Gatys et al. 2016).

    python scripts/measure_activations.py src/brushwork/losses/vgg16_activations.safetensors --photos 'photos/*.tar'

The file contains the mean over pictures and positions of each channel of relu1_1, relu2_1, relu3_1 and relu4_1, but at
least a twentieth of the layer's mean, so that channels that are almost never active are not amplified.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file

from brushwork.analysis import pictures
from brushwork.losses import VGGFeatures
from brushwork.losses.adain import LAYERS

SIDE = 128
LEAST = 0.05  # of the layer's mean


@torch.no_grad()
def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="the file to write")
    parser.add_argument("--photos", nargs="+", required=True, help="folders, tars, globs")
    parser.add_argument("--count", type=int, default=400, help="number of photos")
    wanted = parser.parse_args()
    photos, network = pictures.squares(wanted.photos, SIDE, wanted.count), VGGFeatures()
    batches = [network(batch, LAYERS) for batch in photos.split(8)]
    means = {}
    for layer in LAYERS:
        mean = torch.cat([batch[layer].mean(dim=(2, 3)) for batch in batches]).mean(dim=0)
        means[layer] = mean.clamp_min(LEAST * mean.mean().item())
        print(f"{layer}: {mean.min():.3g} to {mean.max():.3g}, mean {mean.mean():.3g}")
    save_file(means, wanted.file)


if __name__ == "__main__":
    main()
