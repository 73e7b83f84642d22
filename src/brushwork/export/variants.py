"""Variants of a style transfer graph: with given and returned statistics, and with styles under masks.

They are made from the plain graph by replacing its instance norms, as tracing them again would take minutes. They share
its weights, so each takes kilobytes. `brushwork.networks.normalization.HeldStatistics` does the same in torch.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper

from brushwork.export import layers
from brushwork.export.nodes import NodeList
from brushwork.model_folder import REGIONS, STATISTICS, TRANSFER
from brushwork.runtime.layers import Layer

QUARTER = 4  # scale from the smallest features to the picture


def write_variants(folder: Path) -> None:
    """Write the variants of a model folder's style transfer graph."""
    for name, regions in ((STATISTICS, False), (REGIONS, True)):
        plain = onnx.load(folder / TRANSFER, load_external_data=False)
        (folder / name).write_bytes(_Variant(plain, regions).build().SerializeToString())
        onnx.checker.check_model(str(folder / name))


class _Variant:
    """Replaces the norms of a plain graph by those of a variant."""

    def __init__(self, model: onnx.ModelProto, regions: bool) -> None:
        self.model = model
        self.regions = regions
        self.nodes = NodeList("variant")
        self.norms = [layer for layer in layers.read(model) if layer.normalised]
        self.made_by = {name: node for node in model.graph.node for name in node.output}
        self.used: list[str] = []
        self.masks: dict[int, str] = {}

    def build(self) -> onnx.ModelProto:
        """Return the variant."""
        graph = self.model.graph
        if self.regions:
            self._pool_masks()
        self._split_statistics()
        normalised = {layer.normalised: layer for layer in self.norms}
        gammas = {layer.gamma: layer for layer in self.norms if layer.gamma}
        for node in graph.node:
            held = next((normalised[name] for name in node.output if name in normalised), None)
            styled = next((gammas[name] for name in node.output if name in gammas), None)
            if held:
                self._hold(held, node)
            elif styled and self.regions:
                self._mix(styled, node)
            else:
                self.nodes.append(node)
        together = self.nodes.add("Concat", *self.used, axis=1)
        self.nodes.append(helper.make_node("Squeeze", [together, self._integers(2, 3)], ["used"]))
        batch, size = "batch", 2 * sum(layer.channels for layer in self.norms)
        given: list[tuple[str, list[str | int | None]]] = [("statistics", [batch, size]), ("hold", [batch])]
        if self.regions:
            given.insert(0, ("masks", [batch, "height", "width", "regions"]))
            graph.input[1].type.tensor_type.shape.dim.insert(1, onnx.TensorShapeProto.Dimension(dim_param="regions"))
        graph.input.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in given)
        graph.output.append(helper.make_tensor_value_info("used", TensorProto.FLOAT, [batch, size]))
        self.nodes.replace(graph)
        return self.model

    def _integers(self, *values: int) -> str:
        return self.nodes.constant(np.asarray(values, np.int64))

    def _split_statistics(self) -> None:
        """Split the given statistics into those of each norm, (B, C, 1, 1), and compute 1 - hold."""
        sizes = [size for layer in self.norms for size in [layer.channels] * 2]
        wide = self.nodes.add("Unsqueeze", "statistics", self._integers(2, 3))
        self.given = [f"given.{index}" for index in range(len(sizes))]
        self.nodes.append(helper.make_node("Split", [wide, self._integers(*sizes)], self.given, axis=1))
        self.hold = self.nodes.add("Unsqueeze", "hold", self._integers(1, 2, 3))
        one = self.nodes.constant(np.asarray(1, np.float32))
        self.rest = self.nodes.add("Sub", one, self.hold)

    def _hold(self, layer: Layer, norm: NodeProto) -> None:
        """Normalise by a mean and a population variance between the measured and the given ones."""
        features = layer.raw
        axes = self._integers(2, 3)
        mean = self.nodes.add("ReduceMean", features, axes)
        off = self.nodes.add("Sub", features, mean)
        variance = self.nodes.add("ReduceMean", self.nodes.add("Mul", off, off), axes)
        used: list[str] = []
        for measured in (mean, variance):
            given = self.given[len(self.used) + len(used)]
            weighted = self.nodes.add("Mul", self.rest, measured), self.nodes.add("Mul", self.hold, given)
            used.append(self.nodes.add("Add", *weighted))
        self.used += used
        epsilon = self.nodes.constant(np.asarray(norm.attribute[0].f, np.float32))
        deviation = self.nodes.add("Sqrt", self.nodes.add("Add", used[1], epsilon))
        centred = self.nodes.add("Sub", features, used[0])
        self.nodes.append(helper.make_node("Div", [centred, deviation], norm.output))

    def _pool_masks(self) -> None:
        """Average the masks over the area of a feature, once for each size of features."""
        first = self.nodes.add("Transpose", "masks", perm=[0, 3, 1, 2])
        # Halving twice rounds up, so the last features extend up to 3 pixels beyond the masks.
        wide = self.nodes.add("Pad", first, self._integers(0, 0, 0, 0, 0, 0, QUARTER, QUARTER), mode="edge")
        self.masks[1] = wide
        for scale in (2, QUARTER):
            self.masks[scale] = self.nodes.add("AveragePool", wide, kernel_shape=[scale] * 2, strides=[scale] * 2)

    def _mix(self, layer: Layer, split: NodeProto) -> None:
        """Compute betas and gammas (B, 2 C, H, W) of each position: those of the styles, weighted by their masks."""
        assert layer.affine is not None
        affine = self.made_by[layer.affine]
        weight = self.nodes.add("Transpose", affine.input[1], perm=[1, 0])
        parameters = self.nodes.add("MatMul", "embedding", weight)
        if len(affine.input) > 2:
            parameters = self.nodes.add("Add", parameters, affine.input[2])
        size = self.nodes.add("Shape", layer.raw, start=2, end=4)
        mask = self.nodes.add("Slice", self.masks[layer.scale], self._integers(0, 0), size, self._integers(2, 3))
        flat = self.nodes.add("Reshape", mask, self._integers(0, 0, -1))
        mixed = self.nodes.add("MatMul", self.nodes.add("Transpose", parameters, perm=[0, 2, 1]), flat)
        shape = self.nodes.add("Concat", self._integers(0, 0), size, axis=0)
        styled = self.nodes.add("Reshape", mixed, shape)
        self.nodes.append(helper.make_node("Split", [styled, *split.input[1:]], split.output, axis=1, num_outputs=2))
