"""Finds the layers of a traced style transfer graph once; all later steps read them from its metadata."""

from collections import defaultdict

from onnx import GraphProto, ModelProto, NodeProto

from brushwork.runtime.layers import METADATA, Layer, from_metadata, to_metadata


def find(graph: GraphProto) -> list[Layer]:
    """Return the layers, in order, of a graph as the exporter traced it, with weights under their state-dict names."""
    made_by = {name: node for node in graph.node for name in node.output}
    users: dict[str, list[NodeProto]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            users[name].append(node)
    channels = {tensor.name: tensor.dims[0] for tensor in graph.initializer}

    def user(name: str, operator: str) -> NodeProto | None:
        return next((node for node in users[name] if node.op_type == operator), None)

    found, scale = [], 1
    for convolution in (node for node in graph.node if node.op_type == "Conv"):
        padded, weight = convolution.input[:2]
        name, (raw,) = weight.removesuffix(".weight"), convolution.output
        features, enlarged = made_by[padded].input[0], 1
        if made_by[features].op_type == "Resize":
            features, enlarged = made_by[features].input[0], 2
        scale = scale * _stride(convolution) // enlarged
        norm, affine, gamma = user(raw, "InstanceNormalization"), None, None
        normalised = norm.output[0] if norm else None
        if normalised and (product := user(normalised, "Mul")):
            (affine,) = users[f"{'.norm'.join(name.rsplit('.conv', 1))}.affine.weight"][0].output
            (gamma,) = set(product.input) - {normalised}
        found.append(Layer(name, features, padded, raw, normalised, affine, gamma, channels[weight], scale, enlarged))
    return found


def _stride(convolution: NodeProto) -> int:
    return next(int(attribute.ints[0]) for attribute in convolution.attribute if attribute.name == "strides")


def write(model: ModelProto, layers: list[Layer]) -> None:
    """Replace the metadata of a graph by its layers."""
    del model.metadata_props[:]
    model.metadata_props.add(key=METADATA, value=to_metadata(layers))


def read(model: ModelProto) -> list[Layer]:
    """Return the layers that `write` wrote."""
    (text,) = (entry.value for entry in model.metadata_props if entry.key == METADATA)
    return from_metadata(text)
