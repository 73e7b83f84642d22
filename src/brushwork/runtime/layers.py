"""The layers of a style transfer graph: names of their tensors, which the export stores in the graph's metadata."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from brushwork.errors import UserError
from brushwork.runtime.bindings import ov

# Key of the graph's metadata; OpenVINO stores ONNX metadata under "framework".
METADATA = "brushwork.layers"


@dataclass(frozen=True)
class Layer:
    """A convolution and its norm; all attributes but the numbers are names of tensors.

    Attributes:
        name: Name of the convolution in the network, such as ``transfer.residual.0.conv1``.
        features: Input (B, I, h, w) of the layer, before upsampling and padding.
        padded: Input of the convolution.
        raw: Output (B, C, H, W) of the convolution with bias.
        normalised: Output of the instance norm; None if the layer has no norm.
        affine: Betas and gammas (B, 2 C) of a conditional norm, computed from the embedding; else None. The graph with
            masks has no such tensor: there they are (B, 2 C, H, W).
        gamma: Gammas (B, C, 1, 1) or (B, C, H, W) of a conditional norm; else None.
        channels: C.
        scale: Ratio of the content's sides to H and W.
        enlarged: Upsampling factor of the features.
    """

    name: str
    features: str
    padded: str
    raw: str
    normalised: str | None
    affine: str | None
    gamma: str | None
    channels: int
    scale: int
    enlarged: int


def to_metadata(layers: Sequence[Layer]) -> str:
    """Serialise layers to text."""
    return json.dumps([asdict(layer) for layer in layers], separators=(",", ":"))


def from_metadata(text: str) -> list[Layer]:
    """Parse layers from the text of `to_metadata`."""
    return [Layer(**values) for values in json.loads(text)]


def layers_of(model: ov.Model) -> list[Layer]:
    """Return the layers of a graph that OpenVINO read from a model folder.

    Raises:
        UserError: If an older version exported it without layers.
    """
    path = ["framework", METADATA]
    if not model.has_rt_info(path):
        raise UserError("an older version exported this model; export it again with brushwork export FOLDER FOLDER")
    return from_metadata(model.get_rt_info(path).value)


def outputs_of(model: ov.Model) -> Mapping[str, Any]:
    """Return name of a tensor -> output of the graph's node that computes it."""
    return {name: output for node in model.get_ops() for output in node.outputs() for name in output.get_names()}
