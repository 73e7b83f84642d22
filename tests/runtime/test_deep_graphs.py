"""Deep styles: every OpenVINO graph renders them as torch does, and plain styles are unchanged."""

import numpy as np
import pytest
import torch

from brushwork.errors import UserError
from brushwork.model_folder import ModelFolder, load_network
from brushwork.networks import PasticheNetwork
from brushwork.networks.deep import deepen, parameters_size
from brushwork.runtime import Array, NormInputs
from brushwork.runtime.openvino import OpenVINORuntime
from brushwork.runtime.pytorch import TorchRuntime
from brushwork.stylizer import Stylizer


@pytest.fixture(scope="module")
def network(predicted_folder: ModelFolder) -> PasticheNetwork:
    return load_network(predicted_folder)


@pytest.fixture(scope="module")
def runtime(predicted_folder: ModelFolder) -> OpenVINORuntime:
    return OpenVINORuntime(predicted_folder.path, predicted_folder.sha256["model.safetensors"], precision="f32")


@pytest.fixture(scope="module")
def content() -> Array:
    return np.random.default_rng(1).random((1, 40, 48, 3), np.float32)


@pytest.fixture(scope="module")
def styles(network: PasticheNetwork) -> Array:
    """A plain style, the same with zeros, and a deep one, (3, D + P)."""
    random = np.random.default_rng(2)
    plain = np.pad(random.standard_normal((1, 100), np.float32), ((0, 0), (0, parameters_size(network.transfer))))
    deep = plain + 0.2 * random.standard_normal(plain.shape, np.float32) * (np.arange(plain.shape[1]) >= 100)
    return np.concatenate([plain, deep]).astype(np.float32)


def painted(network: PasticheNetwork, content: Array, style: Array) -> Array:
    with torch.no_grad():
        found = deepen(network.transfer)(torch.tensor(content).permute(0, 3, 1, 2), torch.tensor(style[None]))
    pixels: Array = found.permute(0, 2, 3, 1).numpy()
    return pixels


def test_a_deep_style_has_one_number_for_each_beta_and_gamma(network: PasticheNetwork, styles: Array) -> None:
    """Layer by layer: what the affine maps give, plus the numbers of the deep style in the same order."""
    deep = torch.tensor(styles[1:])
    plain = network.transfer.style_parameters(deep[:, :100])
    assert parameters_size(network.transfer) == plain.shape[1]
    torch.testing.assert_close(deepen(network.transfer).style_parameters(deep), plain + deep[:, 100:])


def test_zeros_added_to_a_style_change_nothing(runtime: OpenVINORuntime, content: Array, styles: Array) -> None:
    np.testing.assert_allclose(
        runtime.transfer(content, styles[:1]), runtime.transfer(content, styles[:1, :100]), atol=1e-6
    )


def test_every_graph_renders_a_deep_style_as_torch_does(
    runtime: OpenVINORuntime, network: PasticheNetwork, content: Array, styles: Array
) -> None:
    expected = painted(network, content, styles[1])
    assert np.abs(expected - painted(network, content, styles[0])).max() > 0.01
    np.testing.assert_allclose(runtime.transfer(content, styles[1:]), expected, atol=1e-4)
    np.testing.assert_allclose(runtime.transfer_with_statistics(content, styles[1:])[0], expected, atol=1e-4)
    masks = np.full((1, 40, 48, 2), 0.5, np.float32)
    both = np.stack([styles[1], styles[1]])[None]
    np.testing.assert_allclose(
        runtime.transfer_with_statistics(content, both, NormInputs(masks=masks))[0], expected, atol=1e-4
    )
    runtime.expect(40, 48)
    np.testing.assert_allclose(runtime.transfer(content, styles[1:]), expected, atol=1e-4)
    torch_runtime = TorchRuntime(network)
    np.testing.assert_allclose(torch_runtime.transfer(content, styles[1:]), expected, atol=1e-4)
    np.testing.assert_allclose(torch_runtime.transfer_with_statistics(content, styles[1:])[0], expected, atol=1e-4)


def test_exact_tiles_render_a_deep_style(
    runtime: OpenVINORuntime, network: PasticheNetwork, content: Array, styles: Array
) -> None:
    tiled = Stylizer(runtime, width=0.25).stylize(content[0], styles[1], tile="exact", tile_size=128, stroke="own")
    wide = np.pad(content, ((0, 0), (4, 4), (4, 4), (0, 0)), mode="reflect")  # the border that is painted with it
    np.testing.assert_allclose(tiled, painted(network, wide, styles[1])[0, 4:-4, 4:-4], atol=1e-4)


def test_an_embedding_of_another_length_is_refused(runtime: OpenVINORuntime, content: Array, styles: Array) -> None:
    with pytest.raises(UserError, match="belongs to another model: it has 99 numbers, this model's have 100"):
        runtime.transfer(content, styles[:1, :99])
