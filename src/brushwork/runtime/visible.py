"""Restricts the instance norms of a style transfer graph to the visible pixels of a cut-out.

The graph is changed in memory; a model folder has no file for it.
"""

import numpy as np

from brushwork.runtime.bindings import ops, ov
from brushwork.runtime.layers import layers_of, outputs_of

# Ratio of the content's size to that of the smallest features.
QUARTER = 4


def weigh_visible(model: ov.Model) -> ov.Model:
    """Add the input ``visible`` to a graph with statistics, in place, and return the graph.

    Args:
        model: A graph that measures means and variances, read by OpenVINO from a model folder. The new input is the
            weight of each pixel in them, (B, H, W), not 0 everywhere.

    Raises:
        UserError: If an older version exported the graph without the metadata that names its layers.
    """
    visible = ops.parameter([-1, -1, -1], dtype=np.float32, name="visible")
    visible.output(0).get_tensor().set_names({"visible"})
    pooled = _pool(visible)
    outputs = outputs_of(model)
    for layer in layers_of(model):
        if layer.normalised:
            _weigh(outputs[layer.raw], pooled[layer.scale])
    model.add_parameters([visible])
    model.validate_nodes_and_infer_types()
    return model


def _pool(visible: ov.Node) -> dict[int, ov.Node]:
    """Average weights (B, H, W) over the pixels that a feature covers; returns scale -> (B, 1, h, w)."""
    planes = ops.unsqueeze(visible, ops.constant(np.array([1])))
    # Halving twice rounds up, so the last features extend up to 3 pixels beyond the content.
    begin, end = np.zeros(4, np.int64), np.array([0, 0, QUARTER, QUARTER])
    pooled = {1: ops.pad(planes, ops.constant(begin), ops.constant(end), "edge")}
    for scale in (2, QUARTER):
        sides = [scale, scale]
        pooled[scale] = ops.avg_pool(pooled[1], sides, [0, 0], [0, 0], sides, exclude_pad=False)
    return pooled


def _weigh(raw: ov.Output, pooled: ov.Node) -> None:
    """Weight the terms of the mean and the variance of raw features, with weights normalised to a mean of 1."""
    axes = ops.constant(np.array([2, 3]))
    start = ops.constant(np.array([0, 0]))
    size = ops.gather(ops.shape_of(raw), axes, ops.constant(np.array(0)))
    weights = ops.slice(pooled, start, size, ops.constant(np.array([1, 1])), axes)
    weights = ops.divide(weights, ops.reduce_mean(weights, axes, keep_dims=True))
    mean = _user(raw, "ReduceMean")
    (off,) = [node for node in _users(mean.output(0)) if node.get_type_name() == "Subtract"]
    squares = _user(off.output(0), "Multiply")
    for average, averaged in ((mean, raw), (_user(squares.output(0), "ReduceMean"), squares.output(0))):
        average.input(0).replace_source_output(ops.multiply(averaged, weights).output(0))


def _users(output: ov.Output) -> list[ov.Node]:
    return [entry.get_node() for entry in output.get_target_inputs()]


def _user(output: ov.Output, kind: str) -> ov.Node:
    return next(node for node in _users(output) if node.get_type_name() == kind)
