"""Fitting a style to its picture: it comes closer, the content is kept, and the network is unchanged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from brushwork import model_folder
from brushwork.errors import UserError
from brushwork.losses import grid_power
from brushwork.model_folder import ModelFolder
from brushwork.networks import PasticheNetwork
from brushwork.networks.deep import deepen, parameters_size
from brushwork.runtime import Array
from brushwork.styles import own_file
from brushwork.training import content_weight, learn_style
from brushwork.training.learn_style import PHOTOS, Learned, as_own_style, learn
from brushwork.training.learning_squares import Stage

START = np.zeros((1, 100), np.float32)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learn_style, "STAGES", (Stage(48, 0.0, 2), Stage(64, 0.5, 2)))
    monkeypatch.setattr(learn_style, "STYLE_SCALE", 64)
    monkeypatch.setattr(learn_style, "RATES", {"embedding": 0.05, "parameters": 0.02})  # for few steps
    monkeypatch.setattr(learn_style, "REGULAR", 0.0)  # the pastiches of a random network are grids
    monkeypatch.setattr(content_weight, "FIRST_WEIGHT", 0.8)
    monkeypatch.setattr(content_weight, "GAIN", 1.0)
    monkeypatch.setattr(content_weight, "AIM", 0.0)


def ticking() -> Callable[[], float]:
    times = iter(range(1000))
    return lambda: float(next(times))


@pytest.fixture
def pictures(random: np.random.Generator) -> tuple[Array, Array]:
    """A style and a photo."""
    return np.round(random.random((64, 64, 3), np.float32)), random.random((80, 64, 3), np.float32)


@pytest.mark.parametrize("deep", [False, True])
def test_a_learned_style_is_closer_to_its_picture(
    deep: bool, predicted_network: PasticheNetwork, pictures: tuple[Array, Array]
) -> None:
    style, photo = pictures
    network = predicted_network.transfer
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    seen: list[float] = []
    learned = learn(
        network, START, style, [photo], 20, deep=deep, clock=ticking(), progress=lambda gone, share: seen.append(gone)
    )
    assert learned.share[1] < learned.share[0]
    assert learned.content[1] < 1.05 * learned.content[0]
    assert learned.steps == 19 and seen == sorted(seen) and seen[-1] == 1
    size = parameters_size(network)
    assert learned.embedding.shape == (100 + size * deep,)
    assert bool(learned.embedding[100:].any()) == deep
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, weights[name], rtol=0, atol=0)


def test_a_deep_style_fits_its_embedding_first(
    predicted_network: PasticheNetwork, pictures: tuple[Array, Array]
) -> None:
    def learned(steps: int) -> Array:
        def stop(gone: float, share: float) -> None:
            if gone * 20 >= steps and gone < 1:
                raise KeyboardInterrupt

        style, photo = pictures
        found = learn(
            predicted_network.transfer, START, style, [photo], 20, deep=True, clock=ticking(), progress=stop
        )  # fmt: skip
        assert found.steps == steps
        return found.embedding

    alone, both = learned(1), learned(2)  # at 0.05 and 0.1 of the time
    assert alone[:100].any() and not alone[100:].any() and both[100:].any()


def test_grids_are_penalised(
    predicted_network: PasticheNetwork, pictures: tuple[Array, Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    style, photo = pictures
    network = deepen(predicted_network.transfer)
    content = torch.from_numpy(photo[:64]).permute(2, 0, 1)[None]

    def power(weight: float) -> float:
        monkeypatch.setattr(learn_style, "REGULAR", weight)
        found = learn(predicted_network.transfer, START, style, [photo], 20, deep=True, clock=ticking())
        with torch.no_grad():
            return grid_power(network(content, torch.from_numpy(found.embedding[None]))).item()

    assert power(10.0) < 0.8 * power(0.0)


def test_ctrl_c_keeps_what_was_learned(predicted_network: PasticheNetwork, pictures: tuple[Array, Array]) -> None:
    style, photo = pictures

    def stop(gone: float, share: float) -> None:
        if gone < 1:
            raise KeyboardInterrupt

    learned = learn(predicted_network.transfer, START, style, [photo], 30, clock=ticking(), progress=stop)
    assert learned.steps == 1 and learned.embedding.any()


@pytest.mark.parametrize(("call", "steps"), [(1, None), (2, 1), (11, 10)])
def test_ctrl_c_while_a_square_is_made_keeps_what_was_learned(
    call: int,
    steps: int | None,
    predicted_network: PasticheNetwork,
    pictures: tuple[Array, Array],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    style, photo = pictures
    monkeypatch.setattr(learn_style, "STAGES", (Stage(48, 0.0, 50), Stage(64, 0.5, 50)))  # each step makes a square
    calls = iter(range(1, 1000))
    ready = learn_style._Run._ready

    def interrupted(run: Any, pixels: torch.Tensor) -> Any:
        if next(calls) == call:
            raise KeyboardInterrupt
        return ready(run, pixels)

    monkeypatch.setattr(learn_style._Run, "_ready", interrupted)
    if steps is None:  # nothing was learned
        with pytest.raises(KeyboardInterrupt):
            learn(predicted_network.transfer, START, style, [photo], 20, clock=ticking())
        return
    learned = learn(predicted_network.transfer, START, style, [photo], 20, clock=ticking())
    assert learned.steps == steps and learned.embedding.any() and np.isfinite(learned.share).all()


def test_ctrl_c_while_the_style_is_evaluated_keeps_what_was_learned(
    predicted_network: PasticheNetwork, pictures: tuple[Array, Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(run: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(learn_style._Run, "judge", interrupted)
    learned = learn(predicted_network.transfer, START, pictures[0], [pictures[1]], 5, clock=ticking())
    assert learned.embedding.any() and np.isnan([*learned.share, *learned.content]).all()


def test_too_small_styles_and_missing_photos_are_refused(
    predicted_network: PasticheNetwork, pictures: tuple[Array, Array]
) -> None:
    for style, photos in ((pictures[0][:40], [pictures[1]]), (pictures[0], [])):
        with pytest.raises(UserError, match="sides of at least 64 pixels"):
            learn(predicted_network.transfer, START, style, photos, 1)


def test_a_learned_style_is_saved_as_an_own_style(
    predicted_folder: ModelFolder, pictures: tuple[Array, Array], tmp_path: Path
) -> None:
    def made(length: int) -> own_file.OwnFile:
        learned = Learned(np.ones(length, np.float32), 3, (0.4, 0.2), (1, 1))
        return as_own_style(learned, pictures[0], "a.png", predicted_folder)

    plain, deep = made(100), made(794)
    assert (plain.about, plain.digest) == ("learned from a.png", own_file.digest_of(predicted_folder))
    assert (deep.about, deep.digest) == ("learned from a.png, deep", predicted_folder.sha256[model_folder.WEIGHTS])
    own_file.write(tmp_path / "deep.json", deep)
    assert len(next(iter(own_file.read(tmp_path / "deep.json").embeddings.values()))) == 794


def test_photos_for_learning_are_shipped() -> None:
    assert len(list(PHOTOS.glob("*.webp"))) == 7


def test_the_guide_states_how_many_photos_are_used() -> None:
    most = learn_style.MOST_PHOTOS
    guide = Path(__file__).parents[2] / "docs" / "guide" / "styles.md"
    assert f"of more than {most}, {most} are used" in " ".join(guide.read_text(encoding="utf-8").split())
