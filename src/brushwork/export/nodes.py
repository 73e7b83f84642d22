"""The list of nodes from which a changed ONNX graph is built."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, helper, numpy_helper


class NodeList:
    """Nodes that replace those of a graph.

    Args:
        prefix: Prefix of the names of new tensors.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._nodes: list[NodeProto] = []

    def append(self, node: NodeProto) -> None:
        """Append a node."""
        self._nodes.append(node)

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Append a new node with one output, and return the name of the output."""
        name = f"{self._prefix}.{len(self._nodes)}"
        self.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def constant(self, values: NDArray[Any] | np.generic) -> str:
        """Append a constant, and return its name."""
        return self.add("Constant", value=numpy_helper.from_array(np.asarray(values)))

    def replace(self, graph: GraphProto) -> None:
        """Replace the nodes of a graph by those that its outputs need, each after the nodes that it needs."""
        made_by = {name: node for node in self._nodes for name in node.output}
        order: dict[int, NodeProto] = {}

        def visit(name: str) -> None:
            node = made_by.get(name)
            if node is None or id(node) in order:
                return
            for needed in node.input:
                visit(needed)
            order[id(node)] = node

        for output in graph.output:
            visit(output.name)
        del graph.node[:]
        graph.node.extend(order.values())
