"""Variants of a style transfer graph: with statistics that are given and handed back, and with styles under masks.

They are made of the plain graph by replacing its instance norms, for tracing them again takes minutes. They share its
weights, so each costs kilobytes. `brushwork.networks.normalization.HeldStatistics` is the same thing in torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from brushwork.export import layers
from brushwork.model_folder import REGIONS, STATISTICS, TRANSFER
from brushwork.runtime.layers import Layer

# How many times smaller than the picture the smallest features are.
QUARTER = 4


def write_variants(folder: Path) -> None:
    """Write the variants of a model folder's style transfer graph beside it."""
    for name, regions in ((STATISTICS, False), (REGIONS, True)):
        plain = onnx.load(folder / TRANSFER, load_external_data=False)
        (folder / name).write_bytes(_Variant(plain, regions).build().SerializeToString())
        onnx.checker.check_model(str(folder / name))


class _Variant:
    """A plain graph on its way to a variant: its nodes in order, and what is put in their place."""

    def __init__(self, model: onnx.ModelProto, regions: bool) -> None:
        self.model = model
        self.regions = regions
        self.nodes: list[NodeProto] = []
        self.norms = [layer for layer in layers.read(model) if layer.normalised]
        self.made_by = {name: node for node in model.graph.node for name in node.output}
        self.used: list[str] = []
        self.masks: dict[int, str] = {}

    def build(self) -> onnx.ModelProto:
        """The variant."""
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
        together = self._add("Concat", *self.used, axis=1)
        self.nodes.append(helper.make_node("Squeeze", [together, self._ints(2, 3)], ["used"]))
        batch, size = "batch", 2 * sum(layer.channels for layer in self.norms)
        given: list[tuple[str, list[str | int | None]]] = [("statistics", [batch, size]), ("hold", [batch])]
        if self.regions:
            given.insert(0, ("masks", [batch, "height", "width", "regions"]))
            graph.input[1].type.tensor_type.shape.dim.insert(1, onnx.TensorShapeProto.Dimension(dim_param="regions"))
        graph.input.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in given)
        graph.output.append(helper.make_tensor_value_info("used", TensorProto.FLOAT, [batch, size]))
        del graph.node[:]
        graph.node.extend(self._alive())
        return self.model

    def _add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Append a node; the name of its answer."""
        name = f"variant.{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def _ints(self, *values: int) -> str:
        tensor = numpy_helper.from_array(np.asarray(values, np.int64))
        return self._add("Constant", value=tensor)

    def _split_statistics(self) -> None:
        """Parts the given statistics into each norm's, as (B, C, 1, 1), and makes 1 - hold."""
        sizes = [size for layer in self.norms for size in [layer.channels] * 2]
        wide = self._add("Unsqueeze", "statistics", self._ints(2, 3))
        self.given = [f"given.{index}" for index in range(len(sizes))]
        self.nodes.append(helper.make_node("Split", [wide, self._ints(*sizes)], self.given, axis=1))
        self.hold = self._add("Unsqueeze", "hold", self._ints(1, 2, 3))
        one = self._add("Constant", value=numpy_helper.from_array(np.asarray(1, np.float32)))
        self.rest = self._add("Sub", one, self.hold)

    def _hold(self, layer: Layer, norm: NodeProto) -> None:
        """Normalise by a mean and a population variance between the measured and the given ones."""
        features = layer.raw
        axes = self._ints(2, 3)
        mean = self._add("ReduceMean", features, axes)
        off = self._add("Sub", features, mean)
        variance = self._add("ReduceMean", self._add("Mul", off, off), axes)
        used: list[str] = []
        for measured in (mean, variance):
            given = self.given[len(self.used) + len(used)]
            shares = self._add("Mul", self.rest, measured), self._add("Mul", self.hold, given)
            used.append(self._add("Add", *shares))
        self.used += used
        epsilon = numpy_helper.from_array(np.asarray(norm.attribute[0].f, np.float32))
        spread = self._add("Sqrt", self._add("Add", used[1], self._add("Constant", value=epsilon)))
        centred = self._add("Sub", features, used[0])
        self.nodes.append(helper.make_node("Div", [centred, spread], norm.output))

    def _pool_masks(self) -> None:
        """Average the masks over what a feature of each size covers, once a size."""
        first = self._add("Transpose", "masks", perm=[0, 3, 1, 2])
        # The two halvings round up, so features reach up to 3 pixels beyond the masks.
        wide = self._add("Pad", first, self._ints(0, 0, 0, 0, 0, 0, QUARTER, QUARTER), mode="edge")
        self.masks[1] = wide
        for scale in (2, QUARTER):
            self.masks[scale] = self._add("AveragePool", wide, kernel_shape=[scale] * 2, strides=[scale] * 2)

    def _mix(self, layer: Layer, split: NodeProto) -> None:
        """Betas and gammas (B, 2 C, H, W) of every place: those of each style (B, K, 2 C), weighted by its mask."""
        assert layer.affine is not None
        affine = self.made_by[layer.affine]
        weight = self._add("Transpose", affine.input[1], perm=[1, 0])
        parameters = self._add("MatMul", "embedding", weight)
        if len(affine.input) > 2:
            parameters = self._add("Add", parameters, affine.input[2])
        size = self._add("Shape", layer.raw, start=2, end=4)
        mask = self._add("Slice", self.masks[layer.scale], self._ints(0, 0), size, self._ints(2, 3))
        flat = self._add("Reshape", mask, self._ints(0, 0, -1))
        mixed = self._add("MatMul", self._add("Transpose", parameters, perm=[0, 2, 1]), flat)
        shape = self._add("Concat", self._ints(0, 0), size, axis=0)
        styled = self._add("Reshape", mixed, shape)
        self.nodes.append(helper.make_node("Split", [styled, *split.input[1:]], split.output, axis=1, num_outputs=2))

    def _alive(self) -> list[NodeProto]:
        """The nodes that something still needs, in an order in which each comes after what it needs."""
        made_by = {name: node for node in self.nodes for name in node.output}
        order: dict[int, NodeProto] = {}

        def visit(name: str) -> None:
            node = made_by.get(name)
            if node is None or id(node) in order:
                return
            for needed in node.input:
                visit(needed)
            order[id(node)] = node

        for answer in self.model.graph.output:
            visit(answer.name)
        return list(order.values())
