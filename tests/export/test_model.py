"""Exported model folders: runtimes agree on them, and they contain nothing unexpected."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from brushwork import model_folder
from brushwork.errors import UserError
from brushwork.export.model import export
from brushwork.model_folder import ModelCard, ModelError, ModelFolder
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.runtime import Array, NormInputs
from brushwork.runtime.openvino import OpenVINORuntime
from brushwork.runtime.pytorch import TorchRuntime
from tests.conftest import shaken

pytestmark = pytest.mark.numeric

SIZES = [(64, 64), (61, 83), (96, 128)]


def onnx_runtime(folder: ModelFolder, graph: str, **inputs: Array) -> Array:
    return onnx_answers(folder, graph, **inputs)[0]


def onnx_answers(folder: ModelFolder, graph: str, **inputs: Array) -> list[Array]:
    session = onnxruntime.InferenceSession(folder.path / graph, providers=["CPUExecutionProvider"])
    return [np.asarray(answer) for answer in session.run(None, inputs)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("batch", [1, 2])
def test_three_runtimes_agree_on_one_folder(
    table_folder: ModelFolder,
    predicted_folder: ModelFolder,
    random: np.random.Generator,
    size: tuple[int, int],
    batch: int,
) -> None:
    for folder in (table_folder, predicted_folder):
        ours = OpenVINORuntime(folder.path, folder.sha256[model_folder.WEIGHTS], precision="f32")
        torch_runtime = TorchRuntime(model_folder.load_network(folder), precision="f32")
        content = random.random((batch, *size, 3), dtype=np.float32)
        embedding = random.standard_normal((batch, folder.embedding_size), dtype=np.float32)
        pastiche = ours.transfer(content, embedding)
        assert pastiche.shape == content.shape and pastiche.std() > 0.01
        np.testing.assert_allclose(torch_runtime.transfer(content, embedding), pastiche, atol=1e-3)
        theirs = onnx_runtime(folder, "transfer.onnx", content=content, embedding=embedding)
        np.testing.assert_allclose(theirs, pastiche, atol=1e-3)


@pytest.mark.parametrize("regions", [0, 1, 3])
def test_three_runtimes_agree_on_the_variants_of_a_graph(
    predicted_folder: ModelFolder, random: np.random.Generator, regions: int
) -> None:
    """Without regions, and with some; statistics measured, and half held."""
    folder, batch, size = predicted_folder, 2, (61, 83)
    ours = OpenVINORuntime(folder.path, folder.sha256[model_folder.WEIGHTS], precision="f32")
    torch_runtime = TorchRuntime(model_folder.load_network(folder), precision="f32")
    content = random.random((batch, *size, 3), dtype=np.float32)
    embedding = random.standard_normal((batch, regions, 100) if regions else (batch, 100), dtype=np.float32)
    masks = random.dirichlet(np.ones(regions), (batch, *size)).astype(np.float32) if regions else None
    graph = "transfer-regions.onnx" if regions else "transfer-statistics.onnx"
    _, statistics = ours.transfer_with_statistics(content[::-1].copy(), embedding, NormInputs(masks=masks))
    assert statistics.shape == (batch, 694 + 2 * (8 + 16 + 32))  # the encoder of this model has instance norms
    for hold in (0.0, 0.5):
        pastiche, used = ours.transfer_with_statistics(content, embedding, NormInputs(statistics, hold, masks))
        inputs = {"content": content, "embedding": embedding, "statistics": statistics}
        theirs = onnx_answers(
            folder,
            graph,
            hold=np.full(batch, hold, np.float32),
            **inputs,
            **({} if masks is None else {"masks": masks}),
        )
        for other in (
            torch_runtime.transfer_with_statistics(content, embedding, NormInputs(statistics, hold, masks)),
            theirs,
        ):
            np.testing.assert_allclose(other[0], pastiche, atol=1e-3)
            np.testing.assert_allclose(other[1], used, atol=1e-3 * float(np.abs(used).max()))


def test_holding_the_measured_statistics_equals_the_plain_graph(
    table_folder: ModelFolder, predicted_folder: ModelFolder, random: np.random.Generator
) -> None:
    for folder in (table_folder, predicted_folder):
        runtime = OpenVINORuntime(folder.path, folder.sha256[model_folder.WEIGHTS], precision="f32")
        content = random.random((1, 50, 71, 3), dtype=np.float32)
        embedding = random.standard_normal((1, folder.embedding_size), dtype=np.float32)
        plain = runtime.transfer(content, embedding)
        measured, statistics = runtime.transfer_with_statistics(content, embedding)
        held, again = runtime.transfer_with_statistics(content, embedding, NormInputs(statistics, 1.0))
        one = np.ones((1, 50, 71, 1), np.float32)
        everywhere, _ = runtime.transfer_with_statistics(content, embedding[:, None], NormInputs(masks=one))
        for other in (measured, held, everywhere):
            np.testing.assert_allclose(other, plain, atol=1e-4)
        np.testing.assert_array_equal(again, statistics)


@pytest.mark.parametrize("size", [(96, 96), (97, 150), (200, 128)])
def test_three_runtimes_agree_on_the_embedding(
    predicted_folder: ModelFolder, random: np.random.Generator, size: tuple[int, int]
) -> None:
    style = random.random((1, *size, 3), dtype=np.float32)
    embedding = OpenVINORuntime(predicted_folder.path, "0" * 64, precision="f32").predict(style)
    assert embedding.shape == (1, 100) and embedding.std() > 0
    for other in (
        TorchRuntime(model_folder.load_network(predicted_folder), precision="f32").predict(style),
        onnx_runtime(predicted_folder, "predictor.onnx", style=style),
    ):
        np.testing.assert_allclose(other, embedding, atol=1e-3 * float(np.abs(embedding).max()))


def test_batch_norms_and_inception_survive_the_export(tmp_path: Path, random: np.random.Generator) -> None:
    network = shaken(PasticheConfig(backbone={"name": "inception_v3", "activation": "relu6"}, width=0.125))
    folder = export(network, tmp_path / "inception", ModelCard("Inception", "CC0-1.0", "random"))
    style, content = random.random((1, 99, 130, 3), dtype=np.float32), random.random((1, 40, 33, 3), dtype=np.float32)
    ours = OpenVINORuntime(folder.path, folder.sha256[model_folder.WEIGHTS], precision="f32")
    reference = TorchRuntime(network, precision="f32")
    embedding = reference.predict(style)
    np.testing.assert_allclose(ours.predict(style), embedding, atol=2e-3 * float(np.abs(embedding).max()))
    np.testing.assert_allclose(ours.transfer(content, embedding), reference.transfer(content, embedding), atol=5e-3)


def test_graphs_contain_no_weights_and_no_paths_of_the_machine(predicted_folder: ModelFolder) -> None:
    for name in ("predictor.onnx", "transfer.onnx", "transfer-statistics.onnx", "transfer-regions.onnx"):
        path = predicted_folder.path / name
        assert path.stat().st_size < 300_000
        assert b".py" not in path.read_bytes() and str(Path.cwd()).encode() not in path.read_bytes()
        graph = onnx.load(path, load_external_data=False).graph
        outside = [tensor for tensor in graph.initializer if tensor.external_data]
        assert len(outside) > 10
        assert {entry.value for tensor in outside for entry in tensor.external_data if entry.key == "location"} == {
            "model.safetensors"
        }
        inside = sum(np.prod(tensor.dims) for tensor in graph.initializer if not tensor.external_data)
        assert inside < 25_000  # scales of ones and biases of zeros that the operators ask for


def test_weights_are_float16_under_their_state_dict_names(predicted_folder: ModelFolder) -> None:
    data = predicted_folder.weights.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    header.pop("__metadata__")
    network = PasticheNetwork(PasticheConfig(**predicted_folder.network))
    assert set(header) == {key for key, value in network.state_dict().items() if value.is_floating_point()}
    assert {entry["dtype"] for entry in header.values()} == {"F16"}


def test_a_folder_rebuilds_its_network(table_folder: ModelFolder, table_network: PasticheNetwork) -> None:
    network = model_folder.load_network(model_folder.find(table_folder.path))
    assert network.config == table_network.config
    for key, value in network.state_dict().items():
        assert torch.equal(value, table_network.state_dict()[key].half().float()), key


def copied(folder: ModelFolder, target: Path) -> Path:
    shutil.copytree(folder.path, target)
    return target


@pytest.mark.parametrize("name", ["model.safetensors", "transfer.onnx"])
def test_a_changed_byte_is_detected(table_folder: ModelFolder, tmp_path: Path, name: str) -> None:
    copy = copied(table_folder, tmp_path / "copy")
    model_folder.find(copy)
    data = bytearray((copy / name).read_bytes())
    data[-1] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(ModelError, match=f"{name} is damaged"):
        model_folder.find(copy)


def test_exporting_replaces_a_model(table_folder: ModelFolder, table_network: PasticheNetwork, tmp_path: Path) -> None:
    folder = copied(table_folder, tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"old")
    assert export(table_network, folder, ModelCard("Second", "CC0-1.0", "random")).card.title == "Second"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_exporting_replaces_nothing_but_a_model(table_network: PasticheNetwork, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"dear to me")
    with pytest.raises(ModelError, match="not a model folder; nothing was written"):
        export(table_network, tmp_path, ModelCard("Third", "CC0-1.0", "random"))
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]
    assert (tmp_path / "photo.jpg").read_bytes() == b"dear to me"


def test_a_network_that_no_runtime_could_execute_is_not_exported(tmp_path: Path) -> None:
    network = PasticheNetwork(PasticheConfig(styles=("a",), width=0.05, decoder_norm="batch"))
    with pytest.raises(ModelError, match="decoder_norm is batch; only instance can be exported"):
        export(network, tmp_path / "model", ModelCard("t", "l", "s"))
    assert not (tmp_path / "model").exists()


def test_a_folder_without_variants_stylises_and_names_what_is_missing(
    table_folder: ModelFolder, tmp_path: Path
) -> None:
    old = copied(table_folder, tmp_path / "old")
    for name in ("transfer-statistics.onnx", "transfer-regions.onnx"):
        (old / name).unlink()
    config = json.loads((old / "config.json").read_text())
    config["sha256"] = {name: digest for name, digest in config["sha256"].items() if "-" not in name}
    (old / "config.json").write_text(json.dumps(config))
    folder = model_folder.find(old)
    runtime = OpenVINORuntime(folder.path, folder.sha256[model_folder.WEIGHTS], precision="f32")
    content, embedding = np.zeros((1, 32, 32, 3), np.float32), np.ones((1, 3), np.float32)
    assert runtime.transfer(content, embedding).shape == content.shape
    with pytest.raises(UserError, match=r"no transfer-statistics\.onnx because an older version exported it"):
        runtime.transfer_with_statistics(content, embedding)


def test_holding_without_statistics_is_an_error(table_folder: ModelFolder) -> None:
    runtime = OpenVINORuntime(table_folder.path, table_folder.sha256[model_folder.WEIGHTS], precision="f32")
    with pytest.raises(ValueError, match="no statistics are given"):
        runtime.transfer_with_statistics(
            np.zeros((1, 32, 32, 3), np.float32), np.ones((1, 3), np.float32), NormInputs(hold=0.5)
        )
