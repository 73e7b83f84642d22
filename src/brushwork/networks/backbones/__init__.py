"""Convolutional backbones of the style prediction network, by name."""

from pathlib import Path
from typing import Any, get_args, get_type_hints

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
        ValueError: If the name or an option is unknown, or an option has an invalid value; the message lists the known.
    """
    if name not in BACKBONES:
        raise ValueError(unknown("backbone", name, BACKBONES))
    kinds = get_type_hints(BACKBONES[name].__init__)
    kinds.pop("return")
    for option, value in options.items():
        if option not in kinds:
            raise ValueError(unknown(f"option of {name}", option, kinds))
        _check_option(option, value, kinds[option])
    return BACKBONES[name](**options)


def _check_option(option: str, value: Any, kind: Any) -> None:
    """Raise `ValueError` if an option has a value that its kind, a literal type, bool or a decay, does not have."""
    if kind is bool:
        valid, known = isinstance(value, bool), "true or false"
    elif kind is float:
        valid, known = type(value) in (int, float) and 0 <= value <= 1, "a number from 0 to 1"
    else:
        valid, known = value in get_args(kind), f"one of {', '.join(get_args(kind))}"
    if not valid:
        raise ValueError(f"{option} is {value!r}, not {known}")


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
