"""Quantises convolutions to 8-bit integers, the fastest arithmetic of a CPU without bfloat16.

Affine quantisation as in Jacob et al. 2018 (arXiv 1712.05877, equations 1 to 4), with two differences. The range of
each convolution's input is measured for every content and style, so no calibration is needed. And weights are rounded
so that errors cancel between neighbouring taps of a kernel: pictures are smooth, so the result hardly changes. Without
this, the first layer alone would lose 16 dB.
"""

import numpy as np
from numpy.typing import NDArray

from brushwork.runtime.bindings import ConstantFolding, Manager, ops, ov
from brushwork.runtime.layers import layers_of, outputs_of

# Weights have 7 bits, features 8 (0 to 255). AVX2 adds pairs of products in 16 bits, which must hold 2 * 255 * 64.
WEIGHT, LEVELS = 63, 256
SMALLEST = 1e-6  # least range, for constant features
AXES = (1, 2, 3)


def quantise(model: ov.Model) -> ov.Model:
    """Quantise the convolutions of a style transfer graph in place and return the graph.

    Transposed convolutions are unchanged because CPUs have no integer version.

    Args:
        model: A graph with the input ``content`` in [0, 1], read by OpenVINO from a model folder.

    Raises:
        UserError: If an older version exported the graph without the metadata that names its layers.
    """
    folding = Manager()
    folding.register_pass(ConstantFolding())  # some weights are computed from others
    folding.run_passes(model)
    outputs = outputs_of(model)
    for layer in layers_of(model):
        padded = outputs[layer.padded]
        (entry,) = padded.get_target_inputs()
        if entry.get_node().get_type_name() == "Convolution":
            _quantise(entry.get_node(), padded.get_node())
    model.validate_nodes_and_infer_types()
    return model


def rounded(weights: NDArray[np.float32]) -> NDArray[np.int8]:
    """Round weights (O, I, H, W) to integers such that the error of every running sum over the taps is at most 0.5.

    Taps are visited row by row, alternately left to right and right to left, so consecutive taps are neighbours.
    """
    taps = _there_and_back(weights.astype(np.float64)).reshape(*weights.shape[:2], -1)
    sums = np.rint(np.cumsum(taps, axis=-1))
    return _there_and_back(np.diff(sums, axis=-1, prepend=0).reshape(weights.shape)).astype(np.int8)


def _there_and_back(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reverse every other row of a kernel."""
    turned = weights.copy()
    turned[:, :, 1::2] = weights[:, :, 1::2, ::-1]
    return turned


def _quantise(convolution: ov.Node, pad: ov.Node) -> None:
    """Quantise the inputs of a convolution and of the padding before it, and scale its output back."""
    weights = np.array(convolution.input_value(1).get_node().data, np.float32)
    unit = np.maximum(np.abs(weights).max(axis=AXES, keepdims=True), np.float32(SMALLEST)) / np.float32(WEIGHT)
    integers = rounded(weights / unit)
    kernel = ops.multiply(ops.convert(ops.constant(integers), np.float32), ops.constant(unit))
    convolution.input(1).replace_source_output(kernel.output(0))
    # Padding and transposing integers moves a quarter of the bytes of floats.
    entry = pad.input(0)
    features = entry.get_source_output()
    if features.get_node().get_type_name() == "Transpose":  # of the content, in [0, 1]
        entry = features.get_node().input(0)
        entry.replace_source_output(_integers(entry.get_source_output()).output(0))
        return
    low, size = _range(features)
    entry.replace_source_output(_integers(ops.divide(ops.subtract(features, low), size)).output(0))
    # convolve(low + size * u) = size * convolve(u) + low * sum(weights), because padding reflects and adds no zeros.
    users = list(convolution.output(0).get_target_inputs())
    sums = (integers * unit).sum(axis=AXES).reshape(1, -1, 1, 1)
    back = ops.add(ops.multiply(convolution, size), ops.multiply(low, ops.constant(sums)))
    for user in users:
        user.replace_source_output(back.output(0))


def _range(features: ov.Output) -> tuple[ov.Node, ov.Node]:
    """Return minimum and range, both (B, 1, 1, 1), of each content's features (B, C, H, W)."""
    axes = ops.constant(np.asarray(AXES))
    low = ops.reduce_min(features, axes, keep_dims=True)
    size = ops.subtract(ops.reduce_max(features, axes, keep_dims=True), low)
    return low, ops.maximum(size, _scalar(SMALLEST))


def _integers(features: ov.Output | ov.Node) -> ov.Node:
    """Quantise features in [0, 1]; OpenVINO then stores them as integers."""
    low, high = _scalar(0), _scalar(1)
    return ops.fake_quantize(features, low, high, low, high, LEVELS)


def _scalar(value: float) -> ov.Node:
    return ops.constant(np.float32(value))
