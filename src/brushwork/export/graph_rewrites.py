"""Exact shortcuts through a style transfer graph: the same numbers, from half of the arithmetic where it costs most.

A CPU multiplies eight or sixteen channels at a time and does every multiplication that a graph asks for. Two kinds of
layers waste both; each is put as another that gives the same features, up to rounding. The kernels are computed from
the weights in the graph itself, once, when it is compiled: a model folder still holds every weight once.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, helper, numpy_helper

from brushwork.export import layers
from brushwork.runtime.layers import Layer

# What a kernel of 3 becomes after up-sampling by 2: pixels 2 i and 2 i + 1 are one, so taps that meet both are added.
SPREAD = np.array([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]], np.float32)
ENLARGED = 2
# Fewer channels than this leave most of a CPU's vector idle, even with two rows of pixels side by side.
FEW = 4


def take_shortcuts(path: Path) -> None:
    """Rewrite a style transfer graph, or a variant of one, in place."""
    model = onnx.load(path, load_external_data=False)
    _Shortcuts(model.graph, layers.read(model)).take()
    path.write_bytes(model.SerializeToString())
    onnx.checker.check_model(str(path))


class _Shortcuts:
    """A graph on its way to one with shortcuts: its nodes in order, and what is put in their place."""

    def __init__(self, graph: GraphProto, found: Sequence[Layer]) -> None:
        self.graph = graph
        convolved = {node.output[0] for node in graph.node if node.op_type == "Conv"}
        self.layers = {layer.raw: layer for layer in found if layer.raw in convolved}
        self.nodes: list[NodeProto] = []

    def take(self) -> None:
        """Take every shortcut there is."""
        padded = {layer.padded for layer in self.layers.values() if layer.enlarged == ENLARGED}
        for node in list(self.graph.node):
            layer = self.layers.get(node.output[0])
            if layer and layer.enlarged == ENLARGED:
                self._transpose(layer, node)
            elif layer and layer.channels < FEW:
                self._pair_rows(layer, node)
            elif node.output[0] not in padded:
                self.nodes.append(node)
        del self.graph.node[:]
        self.graph.node.extend(self._alive())

    def _alive(self) -> list[NodeProto]:
        """The nodes that something still needs: what was enlarged and padded is not."""
        needed = {answer.name for answer in self.graph.output}
        alive = []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                needed.update(node.input)
                alive.append(node)
        return alive[::-1]

    def _transpose(self, layer: Layer, convolution: NodeProto) -> None:
        """Up-sampling by 2 and a kernel of 3 are a transposed convolution of stride 2 with a kernel of 4.

        Without its checkerboard, for every pixel still meets the sum of all taps. 4 of 9 multiplications are left. To
        reflect the enlarged features by one pixel is to repeat the last of the small ones.
        """
        pads = self._constant(np.array([0, 0, 1, 1, 0, 0, 1, 1]))
        self.nodes.append(helper.make_node("Pad", [layer.features, pads], [layer.padded], mode="edge"))
        spread = self._constant(SPREAD), self._constant(SPREAD.T.copy())
        kernel = self._add("MatMul", self._add("MatMul", spread[0], convolution.input[1]), spread[1])
        kernel = self._add("Transpose", kernel, perm=[1, 0, 2, 3])
        transposed = helper.make_node(
            "ConvTranspose",
            [layer.padded, kernel, *convolution.input[2:]],
            convolution.output,
            kernel_shape=[4, 4],
            strides=[2, 2],
            pads=[3, 3, 3, 3],  # 1 that was padded makes 2 pixels; 1 that the kernel of 4 reaches beyond that of 3
        )
        self.nodes.append(transposed)

    def _pair_rows(self, layer: Layer, convolution: NodeProto) -> None:
        """Two rows of pixels at once: a stride of 2, twice the channels, and a kernel one row higher.

        Each half of the channels uses its own rows of the kernel. The rows of pixels are even in number, as those of
        all that was up-sampled are.
        """
        weight, bias = convolution.input[1:]
        rows = [np.array([0, 0, top, 0, 0, 0, 1 - top, 0]) for top in (0, 1)]
        kernels = [self._add("Pad", weight, self._constant(row)) for row in rows]
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in convolution.attribute}
        height, width = attributes["kernel_shape"]
        attributes |= {"kernel_shape": [height + 1, width], "strides": [2, 1]}
        pair = self._add(
            "Conv",
            layer.padded,
            self._add("Concat", *kernels, axis=0),
            self._add("Concat", bias, bias, axis=0),
            **attributes,
        )
        # (B, 2 C, H / 2, W) -> (B, H / 2, 2 C, W) -> (B, H, C, W) -> (B, C, H, W)
        lines = self._add("Transpose", pair, perm=[0, 2, 1, 3])
        shape = self._constant(np.array([0, -1, layer.channels, 0]))
        single = self._add("Reshape", lines, shape)
        self.nodes.append(helper.make_node("Transpose", [single], convolution.output, perm=[0, 2, 1, 3]))

    def _add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Append a node; the name of its answer."""
        name = f"shortcut.{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def _constant(self, values: NDArray[Any]) -> str:
        return self._add("Constant", value=numpy_helper.from_array(values))
