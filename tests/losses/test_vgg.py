"""The loss network equals a plain recomputation, and nothing can train it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from torch.nn import functional as F

import brushwork.losses
from brushwork.losses import LAYERS, VGGFeatures

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def network() -> VGGFeatures:
    return VGGFeatures()


def convolve(x: Array, weight: Array, bias: Array) -> Array:
    """3 x 3, padded with zeros, ReLU: (C, H, W) -> (K, H, W), one tap of the kernel after the other."""
    _, height, width = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    result = np.zeros((len(weight), height, width)) + bias[:, None, None]
    for row in range(3):
        for column in range(3):
            shifted = padded[:, row : row + height, column : column + width]
            result += np.einsum("kc,chw->khw", weight[:, :, row, column], shifted)
    return np.maximum(result, 0)


def test_features_equal_a_plain_recomputation(network: VGGFeatures) -> None:
    file = Path(brushwork.losses.__file__).with_name("vgg16.safetensors")
    weights = {key: array.astype(np.float64) for key, array in load_file(file).items()}
    image = np.random.default_rng(0).random((3, 18, 16))
    x = image * 255 - np.array([123.68, 116.779, 103.939])[:, None, None]
    expected = {}
    for block, keys in enumerate(((0, 2), (5, 7), (10, 12, 14), (17, 19, 21)), start=1):
        if block > 1:
            corners = np.stack([x[:, a : a + x.shape[1] // 2 * 2 : 2, b::2] for a in (0, 1) for b in (0, 1)])
            x = corners.mean(axis=0)
        for place, key in enumerate(keys, start=1):
            x = convolve(x, weights[f"features.{key}.weight"], weights[f"features.{key}.bias"])
            expected[f"relu{block}_{place}"] = x
    features = network(torch.from_numpy(image)[None].float(), LAYERS)
    assert list(features) == list(expected) == list(LAYERS)
    for layer, values in expected.items():
        np.testing.assert_allclose(features[layer][0], values, rtol=2e-4, atol=1e-3 * values.std())


def test_only_the_requested_layers_are_computed(network: VGGFeatures, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = F.conv2d

    def counting(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        return original(*arguments, **options)

    monkeypatch.setattr(F, "conv2d", counting)
    assert list(network(torch.rand(1, 3, 8, 8), ("relu3_3", "relu1_2"))) == ["relu1_2", "relu3_3"]
    assert len(calls) == 7


def test_an_unknown_layer_names_the_nearest(network: VGGFeatures) -> None:
    with pytest.raises(ValueError, match=r"unknown layer 'relu33'; did you mean 'relu3_3'"):
        network(torch.rand(1, 3, 8, 8), ("relu33",))


def test_it_is_frozen_and_in_no_state_dict(network: VGGFeatures) -> None:
    assert list(network.parameters()) == []
    assert network.state_dict() == {}
    assert not any(buffer.requires_grad for buffer in network.requires_grad_().buffers())
    assert {buffer.dtype for buffer in network.buffers()} == {torch.float32}


def test_features_are_the_same_in_channels_last_and_close_under_autocast(network: VGGFeatures) -> None:
    images = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    expected = network(images)
    other = VGGFeatures().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
    last = other(images.to(memory_format=torch.channels_last))
    with torch.autocast("cpu", torch.bfloat16):
        half = other(images)
    for layer, features in expected.items():
        assert last[layer].is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(last[layer], features, rtol=1e-3, atol=1e-2)
        assert half[layer].dtype == torch.bfloat16
        assert (half[layer] - features).norm() < 0.02 * features.norm()
