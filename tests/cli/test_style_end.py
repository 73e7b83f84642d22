"""`brushwork export --style-end`: a model folder with the weights of both ends of detail."""

import shutil
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from brushwork import model_folder
from brushwork.export.model import write_style_end
from brushwork.model_detail import at_detail
from brushwork.model_folder import STYLE_WEIGHTS, ModelCard, ModelError, ModelFolder
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.training.checkpoints import save_checkpoint
from tests.cli.conftest import Run
from tests.conftest import shaken

# With batch norms, whose counters are no weights.
TABLE = PasticheConfig(styles=("a", "b"), width=0.125)
PREDICTED = PasticheConfig(backbone={"name": "mobilenet_v2"}, width=0.125, hidden=4)


def other_end(network: PasticheNetwork) -> PasticheNetwork:
    """The same style prediction network with another style transfer network."""
    end = shaken(network.config, seed=1)
    if network.predictor is not None and end.predictor is not None:
        end.predictor.load_state_dict(network.predictor.state_dict())
    return end


@pytest.fixture
def ends(here: Path) -> tuple[PasticheNetwork, PasticheNetwork]:
    """Two networks, and their checkpoints ``content.pt`` and ``style.pt``."""
    network = shaken(TABLE)
    end = other_end(network)
    save_checkpoint(here / "content.pt", network)
    save_checkpoint(here / "style.pt", end)
    return network, end


def assert_weights_of(path: Path, network: PasticheNetwork) -> None:
    """The file holds the weights of a style transfer network, in float16, and nothing else."""
    expected = {
        f"transfer.{name}": value.half().numpy()
        for name, value in network.transfer.state_dict().items()
        if value.is_floating_point()
    }
    found = load_file(path)
    assert found.keys() == expected.keys()
    for name, value in found.items():
        assert value.dtype == np.float16
        np.testing.assert_array_equal(value, expected[name])


def test_a_folder_gets_the_weights_of_both_ends(
    brushwork: Run, here: Path, ends: tuple[PasticheNetwork, PasticheNetwork]
) -> None:
    ended = brushwork("export", "content.pt", "model", "--style-end", "style.pt")
    assert (ended.code, ended.err) == (0, "")
    folder = model_folder.find(here / "model")
    folder.verify()
    path = folder.path / STYLE_WEIGHTS
    assert_weights_of(path, ends[1])
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    one, other, mixed = (load_file(each) for each in (folder.weights, path, at_detail(folder, 0.5).weights))
    for name, value in mixed.items():
        np.testing.assert_allclose(value, (one[name].astype(np.float32) + other[name]) / 2, rtol=1e-3, atol=1e-6)


def test_a_folder_can_be_moved_away_from_the_style_end(
    brushwork: Run, here: Path, ends: tuple[PasticheNetwork, PasticheNetwork]
) -> None:
    """A weight of 1 whose style end is 3 becomes 0 if it moves by half of the difference."""
    network, end = ends
    for weights, number in ((network, 1.0), (end, 3.0)):
        torch.nn.init.constant_(weights.transfer.get_parameter("expand.0.conv.weight"), number)
    save_checkpoint(here / "content.pt", network)
    save_checkpoint(here / "style.pt", end)
    ended = brushwork("export", "content.pt", "model", "--style-end", "style.pt", "--away", "0.5")
    assert (ended.code, ended.err) == (0, "")
    folder = model_folder.find(here / "model")
    assert not load_file(folder.weights)["transfer.expand.0.conv.weight"].any()
    assert_weights_of(folder.path / STYLE_WEIGHTS, end)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--away", "0.5"), "--away needs --style-end"),
        (("--style-end", "style.pt", "--away", "3"), "--away is 3; it must be between 0 and 2"),
        (("--style-end", "style.pt", "--away", "nan"), "--away is nan; it must be between 0 and 2"),
    ],
)
def test_no_model_is_moved_away_from_nothing_or_too_far(
    brushwork: Run, here: Path, ends: tuple[PasticheNetwork, PasticheNetwork], options: tuple[str, ...], error: str
) -> None:
    ended = brushwork("export", "content.pt", "model", *options)
    assert (ended.code, ended.lines) == (1, [f"brushwork: {error}"])
    assert not (here / "model").exists()


def test_another_export_of_a_folder_keeps_the_end_or_replaces_it(
    brushwork: Run,
    here: Path,
    ends: tuple[PasticheNetwork, PasticheNetwork],
    table_folder: ModelFolder,
    table_network: PasticheNetwork,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The graphs are not needed, and take seconds: only the files that come along are looked at."""
    shutil.copytree(table_folder.path, here / "model")
    first, second = shaken(table_network.config, seed=2), shaken(table_network.config, seed=3)
    write_style_end(table_network, first, here / "model")
    model_folder.write(here / "model", table_folder.card, table_folder.network)
    save_checkpoint(here / "second.pt", second)
    along: list[str] = []

    def export(network: PasticheNetwork, folder: Path, card: ModelCard, extras: Sequence[Path]) -> ModelFolder:
        along.extend(path.name for path in extras)
        shutil.copy(extras[-1], here / "written")
        return model_folder.find(here / "model")

    monkeypatch.setattr("brushwork.export.model.export", export)
    for options, end in (((), first), (("--style-end", "second.pt"), second)):
        assert brushwork("export", "model", "model", *options).code == 0
        assert along == [STYLE_WEIGHTS]
        assert_weights_of(here / "written", end)
        along.clear()


def test_another_predictor_is_refused_in_one_line(brushwork: Run, here: Path) -> None:
    save_checkpoint(here / "content.pt", shaken(PREDICTED))
    save_checkpoint(here / "style.pt", shaken(PREDICTED, seed=1))
    ended = brushwork("export", "content.pt", "model", "--style-end", "style.pt")
    assert (ended.code, ended.lines) == (
        1,
        ["brushwork: the two ends of detail need one style prediction network; freeze it in training"],
    )
    assert not (here / "model").exists()


def test_a_missing_end_is_refused_in_one_line(
    brushwork: Run, here: Path, ends: tuple[PasticheNetwork, PasticheNetwork]
) -> None:
    ended = brushwork("export", "content.pt", "model", "--style-end", "gone.pt")
    assert (ended.code, ended.lines) == (1, ["brushwork: no checkpoint gone.pt"])
    assert not (here / "model").exists()


@pytest.mark.parametrize(
    "name", ["backbone.features.0.0.weight", "bottleneck.bias", "hidden.0.bias", "hidden.2.weight"]
)
def test_every_weight_of_the_predictor_must_agree(tmp_path: Path, name: str) -> None:
    network = shaken(PREDICTED)
    end = other_end(network)
    assert_weights_of(write_style_end(network, end, tmp_path), end)
    assert end.predictor is not None
    with torch.no_grad():
        end.predictor.get_parameter(name).view(-1)[0] += 0.1
    with pytest.raises(ModelError, match="one style prediction network"):
        write_style_end(network, end, tmp_path)


def test_predictors_agree_as_they_are_stored(tmp_path: Path) -> None:
    """A model folder has the weights in float16, and an end may be trained from the checkpoint before its export."""
    network = shaken(PREDICTED)
    end = other_end(network)
    network.half().float()
    assert_weights_of(write_style_end(network, end, tmp_path), end)


def test_networks_that_differ_in_more_than_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="one style prediction network"):
        write_style_end(shaken(TABLE), shaken(replace(TABLE, width=0.25)), tmp_path)
    assert not list(tmp_path.iterdir())
