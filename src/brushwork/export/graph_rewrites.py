"""Exact rewrites of a style transfer graph: the same features from half of the arithmetic of the most costly layers.

A CPU multiplies eight or sixteen channels at a time and executes every multiplication of a graph. Two kinds of layers
waste both; each is replaced by one that gives the same features, up to rounding. The graph computes the new kernels
from the weights when it is compiled, so a model folder still holds every weight once.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import GraphProto, NodeProto, helper

from brushwork.export import layers
from brushwork.export.nodes import NodeList
from brushwork.runtime.layers import Layer

# Turns a kernel of 3 into its equal after upsampling by 2: pixels 2 i and 2 i + 1 are the same, so taps that meet both
# are added.
SPREAD = np.array([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]], np.float32)
ENLARGED = 2
# Fewer channels than this leave most of a CPU's vector idle, even with two rows of pixels side by side.
FEW = 4


def rewrite(path: Path) -> None:
    """Rewrite a style transfer graph, or a variant of one, in place."""
    model = onnx.load(path, load_external_data=False)
    _Rewriter(model.graph, layers.read(model)).rewrite()
    path.write_bytes(model.SerializeToString())
    onnx.checker.check_model(str(path))


class _Rewriter:
    """Replaces layers of a graph."""

    def __init__(self, graph: GraphProto, found: Sequence[Layer]) -> None:
        self.graph = graph
        convolved = {node.output[0] for node in graph.node if node.op_type == "Conv"}
        self.layers = {layer.raw: layer for layer in found if layer.raw in convolved}
        self.nodes = NodeList("rewritten")

    def rewrite(self) -> None:
        """Replace every layer that can be replaced."""
        padded = {layer.padded for layer in self.layers.values() if layer.enlarged == ENLARGED}
        for node in list(self.graph.node):
            layer = self.layers.get(node.output[0])
            if layer and layer.enlarged == ENLARGED:
                self._transpose(layer, node)
            elif layer and layer.channels < FEW:
                self._pair_rows(layer, node)
            elif node.output[0] not in padded:
                self.nodes.append(node)
        self.nodes.replace(self.graph)

    def _transpose(self, layer: Layer, convolution: NodeProto) -> None:
        """Replace upsampling by 2 and a kernel of 3 by a transposed convolution of stride 2 with a kernel of 4.

        It makes no checkerboard, because every pixel still meets the sum of all taps, and needs 4 of 9 multiplications.
        Reflecting the enlarged features by one pixel is repeating the last pixel of the small ones.
        """
        pads = self.nodes.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1]))
        self.nodes.append(helper.make_node("Pad", [layer.features, pads], [layer.padded], mode="edge"))
        spread = self.nodes.constant(SPREAD), self.nodes.constant(SPREAD.T.copy())
        kernel = self.nodes.add("MatMul", self.nodes.add("MatMul", spread[0], convolution.input[1]), spread[1])
        kernel = self.nodes.add("Transpose", kernel, perm=[1, 0, 2, 3])
        transposed = helper.make_node(
            "ConvTranspose",
            [layer.padded, kernel, *convolution.input[2:]],
            convolution.output,
            kernel_shape=[4, 4],
            strides=[2, 2],
            pads=[3, 3, 3, 3],  # 2 for the padded pixel, which is enlarged, and 1 as the kernel is 1 wider than 3
        )
        self.nodes.append(transposed)

    def _pair_rows(self, layer: Layer, convolution: NodeProto) -> None:
        """Compute two rows of pixels at once: a stride of 2, twice the channels, and a kernel one row higher.

        Each half of the channels uses its own rows of the kernel. The number of rows of pixels is even, as they have
        been upsampled.
        """
        weight, bias = convolution.input[1:]
        rows = [np.array([0, 0, top, 0, 0, 0, 1 - top, 0]) for top in (0, 1)]
        kernels = [self.nodes.add("Pad", weight, self.nodes.constant(row)) for row in rows]
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in convolution.attribute}
        height, width = attributes["kernel_shape"]
        attributes |= {"kernel_shape": [height + 1, width], "strides": [2, 1]}
        pair = self.nodes.add(
            "Conv",
            layer.padded,
            self.nodes.add("Concat", *kernels, axis=0),
            self.nodes.add("Concat", bias, bias, axis=0),
            **attributes,
        )
        # (B, 2 C, H / 2, W) -> (B, H / 2, 2 C, W) -> (B, H, C, W) -> (B, C, H, W)
        lines = self.nodes.add("Transpose", pair, perm=[0, 2, 1, 3])
        shape = self.nodes.constant(np.array([0, -1, layer.channels, 0]))
        single = self.nodes.add("Reshape", lines, shape)
        self.nodes.append(helper.make_node("Transpose", [single], convolution.output, perm=[0, 2, 1, 3]))
