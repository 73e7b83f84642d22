"""Widens a style transfer graph for deep styles, whose embeddings are longer; see `brushwork.networks.deep`.

The graph is changed in memory; a model folder has no file for it.
"""

import re
from typing import Any

import numpy as np

from brushwork.runtime.bindings import ops, ov

_NORM = re.compile(r"transfer\.(residual|expand)\.(\d+)\.norm(\d?)\.affine\.weight")


def deepen(model: ov.Model) -> ov.Model:
    """Widen the input ``embedding`` of a graph from D to D + P numbers, in place, and return the graph.

    The weight of each affine map of the embedding gets P columns, which select the numbers of its betas and gammas.
    """
    (entry,) = (node for node in model.get_parameters() if "embedding" in node.output(0).get_names())
    users = sorted((target.get_node() for target in entry.output(0).get_target_inputs()), key=_place)
    sizes = [_outputs(user) for user in users]
    start, total = 0, sum(sizes)
    for user, size in zip(users, sizes, strict=True):
        choice = np.zeros((size, total), np.float32)
        choice[:, start : start + size] = np.eye(size, dtype=np.float32)
        flipped = bool(user.get_attributes()["transpose_b"])
        added = ops.constant(choice if flipped else np.ascontiguousarray(choice.T))
        user.input(1).replace_source_output(ops.concat([user.input_value(1), added], 1 if flipped else 0).output(0))
        start += size
    shape = entry.get_partial_shape()
    entry.set_partial_shape(ov.PartialShape([*list(shape)[:-1], shape[len(shape) - 1].get_length() + total]))
    model.validate_nodes_and_infer_types()
    return model


def _outputs(user: Any) -> int:
    """Return the number of outputs of an affine map of the embedding."""
    shape = user.output(0).get_partial_shape()
    return int(shape[len(shape) - 1].get_length())


def _place(user: Any) -> tuple[bool, int, str]:
    """Return a key for the layer order of an affine map, from the name of its weight (possibly converted)."""
    node = user.input_value(1).get_node()
    while not (found := _NORM.search(node.get_friendly_name())):
        node = node.input_value(0).get_node()
    return found[1] == "expand", int(found[2]), found[3]
