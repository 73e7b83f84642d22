"""The layers of a style transfer graph: names of its tensors, which the export writes into the graph."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from brushwork.errors import UserError
from brushwork.runtime.bindings import ov

# The key of the graph's metadata; OpenVINO has what ONNX calls metadata under "framework".
METADATA = "brushwork.layers"


@dataclass(frozen=True)
class Layer:
    """A convolution and the norm after it; all but the numbers are names of tensors.

    Attributes:
        name: The convolution in the network, such as ``transfer.residual.0.conv1``.
        features: What enters the layer (B, I, h, w), before it is enlarged and padded.
        padded: What is convolved.
        raw: What the convolution gives, its bias included: (B, C, H, W).
        normalised: What the instance norm makes of it; None where the layer has none.
        affine: Betas and gammas (B, 2 C) of a conditional norm, an affine map of the embedding; else None. The graph
            with styles under masks has no such tensor: there they are (B, 2 C, H, W).
        gamma: What normalised features are multiplied by, (B, C, 1, 1) or (B, C, H, W); else None.
        channels: C.
        scale: How many times smaller than the content's sides H and W are.
        enlarged: How many times the features are enlarged before they are padded.
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
    """Layers as text."""
    return json.dumps([asdict(layer) for layer in layers], separators=(",", ":"))


def from_metadata(text: str) -> list[Layer]:
    """Layers of a text that `to_metadata` made."""
    return [Layer(**values) for values in json.loads(text)]


def layers_of(model: ov.Model) -> list[Layer]:
    """The layers of a graph that OpenVINO read from a model folder.

    Raises:
        UserError: If an older brushwork exported it, which wrote no layers.
    """
    path = ["framework", METADATA]
    if not model.has_rt_info(path):
        raise UserError("an older brushwork exported this model: brushwork export FOLDER FOLDER writes it anew")
    return from_metadata(model.get_rt_info(path).value)


def outputs_of(model: ov.Model) -> Mapping[str, Any]:
    """Name of a tensor -> the output that gives it."""
    return {name: output for node in model.get_ops() for output in node.outputs() for name in output.get_names()}
