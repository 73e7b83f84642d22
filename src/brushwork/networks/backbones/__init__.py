"""Convolutional backbones of the style prediction network, by name."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from brushwork.errors import unknown
from brushwork.networks.backbones.backbone import Backbone
from brushwork.networks.backbones.inception_v3 import InceptionV3
from brushwork.networks.backbones.mobilenet_v2 import MobileNetV2

BACKBONES: dict[str, type[Backbone]] = {"inception_v3": InceptionV3, "mobilenet_v2": MobileNetV2}


def build_backbone(name: str, **options: Any) -> Backbone:
    """Build a backbone by name, with its options.

    Raises:
        ValueError: If the name is unknown; the message lists the known ones.
    """
    if name not in BACKBONES:
        raise ValueError(unknown("backbone", name, BACKBONES))
    return BACKBONES[name](**options)


def load_pretrained(network: nn.Module, path: Path | str) -> None:
    """Load a published state dict (.safetensors, or a pickle of tensors only) into a backbone, in place.

    Tensors that the backbone does not have (a classifier, later blocks) are ignored.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If the file holds no tensors, or tensors are missing or have another shape; the message lists them.
    """
    path = Path(path)
    state = _read_state(path)
    wanted = {key: value for key, value in network.state_dict().items() if not key.endswith("num_batches_tracked")}
    missing = [key for key in wanted if key not in state]
    misshapen = [
        f"{key} is {tuple(state[key].shape)}, not {tuple(value.shape)}"
        for key, value in wanted.items()
        if key in state and state[key].shape != value.shape
    ]
    if missing or misshapen:
        parts = [f"missing {', '.join(missing)}"] * bool(missing) + misshapen
        raise ValueError(f"{path} does not fit {type(network).__name__}: {'; '.join(parts)}")
    network.load_state_dict({key: state[key] for key in wanted}, strict=False)


def _read_state(path: Path) -> dict[str, Any]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception:  # the readers of both formats raise many types of errors for other files
        state = None
    if not isinstance(state, dict):
        raise ValueError(f"{path} is not a file of weights (.safetensors, or a state dict of torch)")
    return state


__all__ = ["BACKBONES", "Backbone", "InceptionV3", "MobileNetV2", "build_backbone", "load_pretrained"]
