"""Training checkpoints: a network with its training state, and slim copies in parts."""

import dataclasses
import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from brushwork import atomic
from brushwork.model_folder import ModelError, counters
from brushwork.networks import PasticheConfig, PasticheNetwork

CHECKPOINT = "checkpoint.pt"


def save_checkpoint(path: Path, network: PasticheNetwork, **state: Any) -> None:
    """Write a training checkpoint: configuration and weights of a network, and further state."""
    config = dataclasses.asdict(network.config)
    with atomic.write(path) as part:
        torch.save({"config": config, "network": network.state_dict(), **state}, part)


def load_checkpoint(path: Path, *, averaged: bool = True) -> tuple[PasticheNetwork, dict[str, Any]]:
    """Return the network of a training checkpoint, and the state that was saved with it.

    Args:
        path: A checkpoint, the first part of a split one, or a run folder that holds one.
        averaged: Whether to take the moving average of the weights, if there is one.

    Raises:
        ModelError: If the file is missing or is not a checkpoint.
    """
    path = path / CHECKPOINT if path.is_dir() else path
    parts = find_parts(path)
    if not parts:
        raise ModelError(f"no checkpoint {path}")
    file = io.BytesIO(b"".join(part.read_bytes() for part in parts))
    if not zipfile.is_zipfile(file):  # torch would read anything else as its old format
        raise ModelError(f"{path} is not a checkpoint of brushwork")
    try:
        file.seek(0)
        state = torch.load(file, map_location="cpu", weights_only=True)
        network = PasticheNetwork(PasticheConfig(**state.pop("config")))
        weights = state.pop("network")
        weights = state["averaged"] if averaged and "averaged" in state else weights
        network.load_state_dict({**counters(network), **weights})
    except (OSError, EOFError, RuntimeError, KeyError, TypeError, AttributeError, pickle.UnpicklingError):
        raise ModelError(f"{path} is not a checkpoint of brushwork") from None
    return network, state


def save_slim(path: Path, network: PasticheNetwork) -> list[Path]:
    """Write only the weights, in float16, as a checkpoint in parts of at most 15 MiB, and return the parts."""
    state = {key: value.half() for key, value in network.state_dict().items() if value.is_floating_point()}
    torch.save({"config": dataclasses.asdict(network.config), "network": state}, path)
    return split(path)


def split(path: Path, size: int = 15 * 2**20) -> list[Path]:
    """Split a file into ``NAME.part00`` and so on, each of at most `size` bytes, and remove the file."""
    data = path.read_bytes()
    parts = []
    for number, start in enumerate(range(0, len(data), size)):
        parts.append(path.with_name(f"{path.name}.part{number:02d}"))
        parts[-1].write_bytes(data[start : start + size])
    path.unlink()
    return parts


def find_parts(path: Path) -> list[Path]:
    """Return the file itself, or its parts in order; none if neither exists. The path may be that of the first part."""
    if path.suffix == ".part00":
        path = path.with_suffix("")
    return [path] if path.is_file() else sorted(path.parent.glob(f"{path.name}.part[0-9][0-9]"))
