"""Fixtures for all tests: networks and model folders that are made once per session."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock

from brushwork import model_folder
from brushwork.export.model import export
from brushwork.model_folder import ModelCard, ModelFolder
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.runtime import precisions
from brushwork.testing import FakeRuntime

# A shell ignores Ctrl-C for what it runs in the background, and every program started from there would, too.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Tests run side by side; more threads would only wait for each other.
torch.set_num_threads(1)


def shaken(config: PasticheConfig, seed: int = 0) -> PasticheNetwork:
    """A network whose every weight and statistic differs from its initial value, so that a forgotten one is noticed."""
    torch.manual_seed(seed)
    network = PasticheNetwork(config)
    for key, value in network.state_dict().items():
        if key.endswith("running_var"):
            value.uniform_(0.5, 2.0)
        elif value.is_floating_point():
            value.add_(0.05 * torch.randn_like(value))
    return network.eval()


def exported(factory: pytest.TempPathFactory, name: str, network: PasticheNetwork, card: ModelCard) -> ModelFolder:
    """A model folder that all processes of a run share: an export takes seconds of a core. Tests only read it."""
    base = factory.getbasetemp()
    path = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "models" / name
    path.parent.mkdir(exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        return model_folder.find(path) if path.exists() else export(network, path, card)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--precision", help="what OpenVINO's precision `auto` means in tests: f32, bf16 or int8")


def pytest_configure(config: pytest.Config) -> None:
    """Let OpenVINO's precision `auto` mean what --precision says, for the whole session and in this process."""
    wanted = config.getoption("--precision")
    for name in ("choose", "choose_for_frames") if wanted else ():
        plain = getattr(precisions, name)
        setattr(precisions, name, lambda device, name, plain=plain: plain(device, wanted if name == "auto" else name))


@pytest.fixture(scope="session")
def table_network() -> PasticheNetwork:
    return shaken(PasticheConfig(styles=("waves", "dots", "ink"), width=0.25))


@pytest.fixture(scope="session")
def table_folder(table_network: PasticheNetwork, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    card = ModelCard("A table of three styles", "CC0-1.0", "random weights")
    return exported(tmp_path_factory, "table", table_network, card)


@pytest.fixture(scope="session")
def predicted_network() -> PasticheNetwork:
    config = PasticheConfig(
        backbone={"name": "mobilenet_v2", "pixels": "imagenet"}, width=0.25, encoder_norm="instance"
    )
    return shaken(config)


@pytest.fixture(scope="session")
def predicted_folder(predicted_network: PasticheNetwork, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    card = ModelCard("Predicted", "CC0-1.0", "random weights", style_size=96)
    return exported(tmp_path_factory, "predicted", predicted_network, card)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Compiled graphs go to a folder of this test session, never to the user's cache."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(folder))
    return folder


@pytest.fixture(autouse=True)
def own_data(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of own styles is an empty one for each test, never the user's."""
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("BRUSHWORK_DATA", str(folder))
    return folder


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def fake_runtime() -> FakeRuntime:
    return FakeRuntime()
