"""The torch runtime: precisions and devices."""

import copy

import numpy as np
import pytest
import torch

from brushwork.errors import UserError
from brushwork.networks import PasticheNetwork
from brushwork.runtime.pytorch import TorchRuntime

pytestmark = pytest.mark.numeric


def test_half_precision_is_close_to_float32(table_network: PasticheNetwork, random: np.random.Generator) -> None:
    content, embedding = random.random((1, 48, 40, 3), dtype=np.float32), np.ones((1, 3), np.float32)
    exact = TorchRuntime(copy.deepcopy(table_network), precision="f32").transfer(content, embedding)
    half = TorchRuntime(copy.deepcopy(table_network), precision="bf16").transfer(content, embedding)
    assert half.dtype == np.float32 and half.shape == exact.shape
    assert np.abs(half - exact).mean() < 0.02


@pytest.mark.parametrize("precision", ["bf16", "f16"])
def test_the_predictor_is_exact_in_every_precision(
    predicted_network: PasticheNetwork, random: np.random.Generator, precision: str
) -> None:
    style = random.random((1, 96, 64, 3), dtype=np.float32)
    exact = TorchRuntime(copy.deepcopy(predicted_network), precision="f32").predict(style)
    np.testing.assert_array_equal(
        TorchRuntime(copy.deepcopy(predicted_network), precision=precision).predict(style), exact
    )


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_missing_device_is_a_one_line_error(
    table_network: PasticheNetwork, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UserError, match=f"no device '{device}'; use --device cpu"):
        TorchRuntime(table_network, device=device)


def test_int8_is_refused_by_torch(table_network: PasticheNetwork) -> None:
    with pytest.raises(UserError, match="int8 is only available on CPUs; on cpu use --precision auto"):
        TorchRuntime(table_network, precision="int8")
