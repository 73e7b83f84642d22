"""Writes a trained network as a model folder: the weights once, and ONNX graphs that point into them."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import onnxscript.optimizer
import torch
from onnx import TensorProto, helper
from safetensors.torch import save_file
from torch import Tensor, nn

from brushwork import model_folder
from brushwork.export import graph_rewrites, layers
from brushwork.export.variants import write_variants
from brushwork.model_folder import PREDICTOR, REGIONS, STATISTICS, TRANSFER, WEIGHTS, ModelCard, ModelFolder
from brushwork.networks import PasticheNetwork
from brushwork.runtime import SMALLEST_SIDE

# The deepest backbone halves a style five times without padding; from smaller ones no features remain to average.
SMALLEST_STYLE = 76


class TransferGraph(nn.Module):
    """The style transfer network with the interface of the runtimes: pictures are (B, H, W, 3)."""

    def __init__(self, network: PasticheNetwork) -> None:
        super().__init__()
        self.transfer = network.transfer

    def forward(self, content: Tensor, embedding: Tensor) -> Tensor:
        """Return pastiches (B, H, W, 3) of contents (B, H, W, 3) in [0, 1] and embeddings (B, D)."""
        pastiche: Tensor = self.transfer(content.permute(0, 3, 1, 2), embedding)
        return pastiche.permute(0, 2, 3, 1)


class PredictorGraph(nn.Module):
    """The style prediction network with the interface of the runtimes."""

    def __init__(self, network: PasticheNetwork) -> None:
        super().__init__()
        self.predictor = network.predictor

    def forward(self, style: Tensor) -> Tensor:
        """Return embeddings (B, D) of styles (B, H, W, 3) in [0, 1]."""
        assert self.predictor is not None
        embedding: Tensor = self.predictor(style.permute(0, 3, 1, 2))
        return embedding


def export(network: PasticheNetwork, folder: Path, card: ModelCard, extras: Sequence[Path] = ()) -> ModelFolder:
    """Write a model folder: float16 weights, graphs without weights, ``config.json``.

    An existing model folder is replaced when the new one is complete.

    Args:
        network: The trained network.
        folder: The model folder; its name becomes the model's.
        card: The card of the model.
        extras: Files that are copied into the folder, see `ModelFolder.extras`.

    Raises:
        ModelError: If the folder exists and is not a model folder, or the network cannot be exported.
    """
    if network.config.system != "conditional":
        raise model_folder.ModelError(f"{network.config.system} is a baseline of experiments and cannot be exported")
    if network.config.decoder_norm != "instance":
        raise model_folder.ModelError(f"decoder_norm is {network.config.decoder_norm}; only instance can be exported")
    if folder.exists() and not (folder / model_folder.CONFIG).is_file() and any(folder.iterdir()):
        raise model_folder.ModelError(f"{folder} exists and is not a model folder; nothing was written")
    network = network.cpu().float().eval()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
        new = Path(temporary) / "model"
        new.mkdir()
        save_file(
            _weights(network), new / WEIGHTS, metadata={"format": "pt", "title": card.title, "licence": card.licence}
        )
        (new / WEIGHTS).chmod(0o644)  # safetensors makes files that only their owner can read
        _write_graph(TransferGraph(network), new / TRANSFER, network.config.embedding_size)
        if network.predictor is not None:
            _write_graph(PredictorGraph(network), new / PREDICTOR, network.config.embedding_size)
        write_variants(new)
        for graph in (TRANSFER, STATISTICS, REGIONS):
            graph_rewrites.rewrite(new / graph)
        for extra in extras:
            shutil.copy(extra, new)
        model_folder.write(new, card, dataclasses.asdict(network.config))
        if folder.exists():
            folder.replace(Path(temporary) / "old")
        new.replace(folder)
    return model_folder.find(folder)


def write_style_end(network: PasticheNetwork, end: PasticheNetwork, folder: Path) -> Path:
    """Write the weights of the other end of ``detail`` into a folder and return the file, for the extras of `export`.

    Args:
        network: The network of the model.
        end: The same network trained on with less weight on content; only its style transfer network is written.
        folder: An existing folder.

    Raises:
        ModelError: If the two differ in more than weights, or predict different embeddings.
    """
    first, second = _weights(network), _weights(end)
    if network.config != end.config or not all(
        torch.equal(value, second[name]) for name, value in first.items() if name.startswith("predictor.")
    ):
        raise model_folder.ModelError("the two ends of detail need one style prediction network; freeze it in training")
    path = folder / model_folder.STYLE_WEIGHTS
    save_file({name: value for name, value in second.items() if name.startswith("transfer.")}, path)
    path.chmod(0o644)
    return path


@torch.no_grad()
def mix_weights(
    networks: Sequence[PasticheNetwork], parts: Sequence[float], prefix: str = "transfer."
) -> PasticheNetwork:
    """Return a copy of the first network whose weights are a weighted sum of all networks' weights.

    Both losses go on along the line through two sets of weights that were trained from the same start, between them
    and beyond (Wortsman et al. 2022, *Model soups*, arXiv 2203.05482), so that the balance of content and style can be
    chosen after training: ``(1 + p, -p)`` moves the first away from the second. A mean of several is often better than
    each.

    Args:
        networks: Networks of one architecture; they are not changed.
        parts: The part of each; they add up to 1.
        prefix: Only weights whose names begin with this are mixed; the others are those of the first network.

    Raises:
        ModelError: If the architectures differ, or the parts do not add up to 1.
    """
    if abs(sum(parts) - 1) > 1e-6:
        raise model_folder.ModelError(f"the weights of the models add up to {sum(parts):g}, not to 1")
    if any(network.config != networks[0].config for network in networks):
        raise model_folder.ModelError("the models have different architectures")
    mixed = copy.deepcopy(networks[0])
    states = [network.state_dict() for network in networks]
    for name, value in mixed.state_dict().items():
        if name.startswith(prefix) and value.is_floating_point():
            terms = [part * state[name].float() for part, state in zip(parts, states, strict=True)]
            value.copy_(torch.stack(terms).sum(dim=0))
    return mixed


def _weights(network: PasticheNetwork) -> dict[str, Tensor]:
    """Return the weights of a network in float16; the batch counters of batch norms are integers and not weights."""
    state = network.state_dict().items()
    return {name: value.half().contiguous() for name, value in state if value.is_floating_point()}


def _trace(graph: nn.Module, embedding_size: int) -> onnx.ModelProto:
    """Return the ONNX graph of a module for any batch, height and width; weights are inline under state-dict names."""
    batch = torch.export.Dim("batch")
    smallest = SMALLEST_SIDE if isinstance(graph, TransferGraph) else SMALLEST_STYLE
    picture = {0: batch, 1: torch.export.Dim("height", min=smallest), 2: torch.export.Dim("width", min=smallest)}
    if isinstance(graph, TransferGraph):
        inputs: dict[str, Tensor] = {"content": torch.rand(2, 67, 94, 3), "embedding": torch.rand(2, embedding_size)}
        shapes: dict[str, Any] = {"content": picture, "embedding": {0: batch}}
        name = "pastiche"
    else:
        inputs, shapes, name = {"style": torch.rand(2, 267, 294, 3)}, {"style": picture}, "embedding"
    # The exporter warns about its own deprecations and about missing torchvision; neither concerns the user.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph.eval(), tuple(inputs.values()), dynamo=True, optimize=False, verbose=False,
            input_names=list(inputs), output_names=[name], dynamic_shapes=shapes,
        )  # fmt: skip
        assert program is not None
        # Only constants are folded. The exporter's full optimisation would also fold batch norms into convolutions, and
        # the graph could then no longer point at the stored weights.
        onnxscript.optimizer.inline(program.model)
        onnxscript.optimizer.fold_constants(program.model)
        onnxscript.optimizer.remove_unused_nodes(program.model)
        return program.model_proto


def _write_graph(graph: nn.Module, path: Path, embedding_size: int) -> None:
    """Trace a module and write its graph, with weights replaced by pointers into the safetensors file beside it."""
    model = _trace(graph, embedding_size)
    found = layers.find(model.graph) if isinstance(graph, TransferGraph) else None
    casts = _point_to_weights(model, path.parent / WEIGHTS)
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    # These fields hold traces of the source code: paths of the exporting machine, and most of the bytes.
    del model.graph.value_info[:], model.metadata_props[:], model.graph.metadata_props[:]
    if found:
        layers.write(model, found)
    for part in (*model.graph.node, *model.graph.input, *model.graph.output):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    path.write_bytes(model.SerializeToString())
    onnx.checker.check_model(str(path))


def _point_to_weights(model: onnx.ModelProto, weights: Path) -> list[onnx.NodeProto]:
    """Replace weights by external data in a safetensors file, in place, and return the casts from float16 they need.

    An offset is 8 bytes of header length + the header + the tensor's own offset (safetensors' format).
    """
    with weights.open("rb") as file:
        header_length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(header_length))
    casts = []
    for tensor in model.graph.initializer:
        if tensor.name not in header:
            continue  # a constant of the graph itself, such as the unit scale of an instance norm
        name, shape = tensor.name, list(tensor.dims)
        start, end = header[name]["data_offsets"]
        tensor.Clear()
        tensor.name, tensor.data_type, tensor.data_location = f"{name}.half", TensorProto.FLOAT16, TensorProto.EXTERNAL
        tensor.dims.extend(shape)
        location = {"location": weights.name, "offset": 8 + header_length + start, "length": end - start}
        for key, value in location.items():
            tensor.external_data.add(key=key, value=str(value))
        casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    return casts
