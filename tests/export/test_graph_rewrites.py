"""Graph rewrites change how a graph is computed, not its result."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from brushwork.export import layers
from brushwork.export.graph_rewrites import rewrite
from brushwork.model_folder import ModelFolder
from brushwork.runtime.layers import Layer

pytestmark = pytest.mark.numeric


def graph(folder: Path, nodes: list[onnx.NodeProto], weight: np.ndarray, enlarged: int = 1) -> Path:
    """A layer whose nodes lead from `features` to `answer`, with a weight, a bias of 0 and sizes of a padding."""
    reach = weight.shape[2] // 2
    constants = {
        "weight": weight,
        "bias": np.zeros(len(weight), np.float32),
        "around": np.array([0, 0, reach, reach] * 2),
        "twice": np.array([1, 1, 2, 2], np.float32),
    }
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "layer",
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, weight.shape[1], "h", "w"])],
            [helper.make_tensor_value_info("answer", TensorProto.FLOAT, [1, len(weight), "y", "x"])],
            [numpy_helper.from_array(value, name) for name, value in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=10,
    )
    padded = nodes[-1].input[0]
    layer = Layer("layer", "features", padded, "answer", None, None, None, len(weight), 1, enlarged)
    layers.write(model, [layer])
    path = folder / "layer.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def answer(path: Path, features: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"features": features})[0])


def operators(path: Path) -> list[str]:
    return [node.op_type for node in onnx.load(path, load_external_data=False).graph.node]


@pytest.mark.parametrize("size", [(2, 2), (3, 5), (8, 7)])
def test_upsampling_and_convolution_become_one_transposed_convolution(
    tmp_path: Path, random: np.random.Generator, size: tuple[int, int]
) -> None:
    weight = random.standard_normal((4, 5, 3, 3), dtype=np.float32)
    nearest = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    nodes = [
        helper.make_node("Resize", ["features", "", "twice"], ["large"], **nearest),
        helper.make_node("Pad", ["large", "around"], ["padded"], mode="reflect"),
        helper.make_node("Conv", ["padded", "weight", "bias"], ["answer"], kernel_shape=[3, 3]),
    ]
    path = graph(tmp_path, nodes, weight, enlarged=2)
    features = random.standard_normal((1, 5, *size), dtype=np.float32)
    plain = answer(path, features)
    rewrite(path)
    assert "ConvTranspose" in operators(path) and not {"Resize", "Conv"} & set(operators(path))
    np.testing.assert_allclose(answer(path, features), plain, atol=1e-4)


def test_an_enlarged_row_by_hand(tmp_path: Path) -> None:
    """A kernel of ones over [1, 2] enlarged to [1, 1, 2, 2]: rows of [1+1+1, 1+1+2, 1+2+2, 2+2+2], three alike."""
    nearest = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    nodes = [
        helper.make_node("Resize", ["features", "", "twice"], ["large"], **nearest),
        helper.make_node("Pad", ["large", "around"], ["padded"], mode="reflect"),
        helper.make_node("Conv", ["padded", "weight", "bias"], ["answer"], kernel_shape=[3, 3]),
    ]
    path = graph(tmp_path, nodes, np.ones((4, 1, 3, 3), np.float32), enlarged=2)
    rewrite(path)
    row = answer(path, np.array([[[[1, 2], [1, 2]]]], np.float32))[0, 0, 0]
    np.testing.assert_allclose(row, [9, 12, 15, 18], rtol=1e-6)


@pytest.mark.parametrize("size", [(2, 1), (6, 5), (8, 8)])
def test_layers_with_few_channels_compute_two_rows_at_once(
    tmp_path: Path, random: np.random.Generator, size: tuple[int, int]
) -> None:
    weight = random.standard_normal((3, 8, 9, 9), dtype=np.float32)
    node = helper.make_node("Conv", ["features", "weight", "bias"], ["answer"], kernel_shape=[9, 9])
    path = graph(tmp_path, [node], weight)
    features = random.standard_normal((1, 8, size[0] + 8, size[1] + 8), dtype=np.float32)
    plain = answer(path, features)
    rewrite(path)
    rewritten = answer(path, features)
    assert operators(path).count("Conv") == 1 and rewritten.shape == plain.shape == (1, 3, *size)
    np.testing.assert_allclose(rewritten, plain, atol=1e-3)


@pytest.mark.parametrize("name", ["transfer.onnx", "transfer-statistics.onnx", "transfer-regions.onnx"])
def test_every_graph_of_a_model_is_rewritten(predicted_folder: ModelFolder, name: str) -> None:
    found = operators(predicted_folder.path / name)
    assert found.count("ConvTranspose") == 2 and "Resize" not in found
    assert found.count("Conv") == 3 + 10 + 1


def test_rewriting_twice_changes_nothing_more(predicted_folder: ModelFolder, tmp_path: Path) -> None:
    path = tmp_path / "transfer.onnx"
    shutil.copy(predicted_folder.path / "model.safetensors", tmp_path)
    path.write_bytes((predicted_folder.path / "transfer.onnx").read_bytes())
    before = operators(path)
    rewrite(path)
    assert operators(path) == before
