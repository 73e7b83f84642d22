"""The loss network: VGG-16 up to relu4_3, frozen (Simonyan and Zisserman 2014)."""

from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from brushwork.errors import unknown

# Each layer is a 3 x 3 convolution with a ReLU; the number is the key of the convolution's weights in the file.
# Every block (the first digit) but the first begins with a pooling.
LAYERS = {
    "relu1_1": 0,
    "relu1_2": 2,
    "relu2_1": 5,
    "relu2_2": 7,
    "relu3_1": 10,
    "relu3_2": 12,
    "relu3_3": 14,
    "relu4_1": 17,
    "relu4_2": 19,
    "relu4_3": 21,
}
STYLE_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
WEIGHTS = Path(__file__).with_name("vgg16.safetensors")


class VGGFeatures(nn.Module):
    """Features of images at the ReLUs of VGG-16; float32 weights of the Visual Geometry Group, stored as float16.

    Pooling is by the average, as in the published Ghiasi et al. 2017 (Gatys et al. 2016 found it smoother), not by the
    maximum that the weights were trained with.

    The weights are buffers that no state dict contains: they are moved and cast with a module that contains them, but
    never trained, averaged or saved with it.
    """

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        weights = load_file(WEIGHTS)
        for layer, key in LAYERS.items():
            weight = weights[f"features.{key}.weight"].float().contiguous(memory_format=torch.channels_last)
            self.register_buffer(f"{layer}_weight", weight, persistent=False)
            self.register_buffer(f"{layer}_bias", weights[f"features.{key}.bias"].float(), persistent=False)
        mean = torch.tensor((123.68, 116.779, 103.939))[:, None, None]
        self.register_buffer("mean", mean, persistent=False)

    def forward(self, images: Tensor, layers: Iterable[str] = STYLE_LAYERS) -> dict[str, Tensor]:
        """Return features (B, C, h, w) by layer of images (B, 3, H, W) in [0, 1].

        In blocks 1 to 4, C is 64, 128, 256, 512, and h is H divided by 1, 2, 4, 8 and rounded down. Nothing is computed
        past the deepest of the layers. Every layer needs sides of at least 8.

        Raises:
            ValueError: If a layer is unknown; the message names the nearest one.
        """
        wanted = set(layers)
        for layer in wanted:
            if layer not in LAYERS:
                raise ValueError(unknown("layer", layer, LAYERS))
        # The mean is subtracted in the precision of the images, not folded into the first bias, because the zero
        # padding of the convolution must stand for the mean colour.
        x = (images * 255 - self.mean).to(self.mean.dtype)
        features: dict[str, Tensor] = {}
        for layer in LAYERS:
            if len(features) == len(wanted):
                break
            if layer.endswith("_1") and layer != "relu1_1":
                x = F.avg_pool2d(x, 2, 2)
            weight, bias = self.get_buffer(f"{layer}_weight"), self.get_buffer(f"{layer}_bias")
            x = F.relu(F.conv2d(x, weight, bias, padding=1), inplace=True)
            if layer in wanted:
                features[layer] = x
        return features
