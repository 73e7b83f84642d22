"""The style prediction network: its pooling, its precision, and its graph."""

import os
import runpy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

from brushwork.export.model import export
from brushwork.model_folder import WEIGHTS, ModelCard
from brushwork.networks import PasticheConfig, PasticheNetwork, StylePredictionNetwork
from brushwork.networks.backbones import Backbone, InceptionV3, MobileNetV2
from brushwork.runtime.openvino import OpenVINORuntime
from tests.conftest import shaken

pytestmark = pytest.mark.numeric

SCRIPT = Path(__file__).parents[2] / "scripts" / "convert_brushwork.py"
GIVEN = Path(os.environ.get("BRUSHWORK_WEIGHTS", "weights"))


class TwoLevels(Backbone):
    """The image itself and its double as levels, its negative as the last features."""

    channels = 3
    level_channels = (3, 3)

    def forward_levels(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        return [images, 2 * images], -images


def test_statistics_are_means_and_deviations_of_each_level_and_means_of_the_last() -> None:
    network = StylePredictionNetwork(TwoLevels(), 4, "statistics")
    style = torch.tensor([[0.0, 1.0], [0.25, 0.25], [0.5, 0.1]])[None, :, None]  # (1, 3, 1, 2)
    mean, deviation = [0.5, 0.25, 0.3], [0.5, 0.0, 0.2]
    expected = [*mean, *deviation, *(2 * m for m in mean), *(2 * d for d in deviation), *(-m for m in mean)]
    torch.testing.assert_close(network.features(style)[0], torch.tensor(expected), rtol=0, atol=2e-6)


def test_features_are_standardised_and_clamped_before_the_affine_map() -> None:
    network = StylePredictionNetwork(TwoLevels(), 1, "statistics")
    network.feature_mean.fill_(1.0)
    network.feature_deviation.fill_(0.5)
    with torch.no_grad():
        network.bottleneck.weight.fill_(0.0)
        network.bottleneck.weight[0, :3] = 1.0
        network.bottleneck.bias.fill_(0.25)
    features = torch.zeros(1, 15)
    features[0, :3] = torch.tensor([1.5, 1000.0, -1000.0])
    assert network.project(features).tolist() == [[1 + 30 - 30 + 0.25]]


@pytest.mark.parametrize("backbone", [MobileNetV2, InceptionV3])
def test_levels_have_the_stated_channels_and_the_last_is_the_backbone_s(backbone: type[Backbone]) -> None:
    network = backbone().eval()
    levels, last = network.forward_levels(style := torch.rand(1, 3, 96, 107))
    assert tuple(level.shape[1] for level in levels) == network.level_channels
    assert len(levels) == 8
    torch.testing.assert_close(last, network(style))


def test_mobilenet_gives_2768_numbers_and_gradients_are_finite_where_a_channel_is_constant() -> None:
    network = StylePredictionNetwork(MobileNetV2(norm="folded"), 5, "statistics")
    assert network.bottleneck.weight.shape == (5, 2768)
    network(torch.zeros(1, 3, 64, 64)).sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("pooling", ["last", "statistics"])
def test_the_predictor_computes_in_float32_under_autocast(pooling: str) -> None:
    config = PasticheConfig(backbone={"name": "mobilenet_v2"}, width=0.125, pooling=pooling)  # type: ignore[arg-type]
    network = shaken(config)
    style = torch.rand(1, 3, 80, 80)
    expected = network.embed(style)
    with torch.autocast("cpu", torch.bfloat16):
        embedding = network.embed(style)
    assert embedding.dtype == torch.float32
    assert torch.equal(embedding, expected)


def test_an_unknown_pooling_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="last, statistics"):
        PasticheNetwork(PasticheConfig(backbone={"name": "mobilenet_v2"}, pooling="mean"))  # type: ignore[arg-type]


def test_statistics_and_a_hidden_layer_give_the_same_embedding_at_any_size_once_exported(tmp_path: Path) -> None:
    config = PasticheConfig(backbone={"name": "mobilenet_v2"}, width=0.125, pooling="statistics", hidden=16)
    network = shaken(config)
    folder = export(network, tmp_path / "model", ModelCard("Statistics", "CC0-1.0", "random weights"))
    runtime = OpenVINORuntime(folder.path, folder.sha256[WEIGHTS], precision="f32")
    session = onnxruntime.InferenceSession(folder.path / "predictor.onnx", providers=["CPUExecutionProvider"])
    predictor = network.predictor
    assert predictor is not None
    for height, width in ((96, 131), (200, 90)):
        style = torch.rand(1, 3, height, width)
        with torch.no_grad():
            expected = network.embed(style)[0].numpy()
            predictor.hidden, hidden = None, predictor.hidden
            affine = network.embed(style)[0].numpy()
            predictor.hidden = hidden
        assert np.abs(expected - affine).max() > 0.05 * np.abs(expected).max()  # what the hidden layer adds
        pixels = style.permute(0, 2, 3, 1).numpy()
        for found in (runtime.predict(pixels)[0], np.asarray(session.run(None, {"style": pixels})[0])[0]):
            assert np.abs(found - expected).max() < 0.01 * np.abs(expected).max()


@pytest.mark.skipif(
    not (GIVEN / "brushwork_w50.safetensors").is_file(),
    reason="set BRUSHWORK_WEIGHTS to the folder of brushwork_w50.safetensors and its reference case",
)
def test_the_converted_default_model_reproduces_its_reference_case() -> None:
    network = runpy.run_path(str(SCRIPT))["load"](GIVEN / "brushwork_w50.safetensors")
    case = np.load(GIVEN / "brushwork_w50_reference.npz")
    style, content = (
        torch.from_numpy(case[name]).permute(2, 0, 1)[None].float() / 255 for name in ("style", "content")
    )
    with torch.no_grad():
        embedding = network.embed(style)
        pastiche = network(content, embedding)[0].permute(1, 2, 0).numpy()
    assert torch.cosine_similarity(embedding[0], torch.from_numpy(case["embedding"]), dim=0) >= 0.9999
    assert np.abs(pastiche - case["pastiche"]).mean() <= 0.004
