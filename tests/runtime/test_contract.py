"""One suite for every runtime: what all of them promise."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pytest

from brushwork.errors import UserError
from brushwork.model_folder import WEIGHTS, ModelFolder
from brushwork.networks import PasticheNetwork
from brushwork.runtime import CONDITIONAL, Array, NormInputs, Runtime
from brushwork.runtime.openvino import OpenVINORuntime
from brushwork.runtime.pytorch import TorchRuntime
from brushwork.testing import FakeRuntime


class Candidate(NamedTuple):
    """A runtime, the size of its embeddings, and the largest and mean change of a pixel by rounding."""

    runtime: Runtime
    size: int
    most: float
    mean: float


@pytest.fixture(scope="module", params=["f32", "bf16", "int8", "torch", "fake"])
def candidate(
    request: pytest.FixtureRequest, predicted_folder: ModelFolder, predicted_network: PasticheNetwork
) -> Candidate:
    if request.param == "fake":
        return Candidate(FakeRuntime(), 3, 1e-5, 1e-6)
    if request.param == "torch":
        return Candidate(TorchRuntime(predicted_network, precision="f32"), 100, 1e-3, 1e-4)
    digest = predicted_folder.sha256[WEIGHTS]
    try:
        runtime = OpenVINORuntime(predicted_folder.path, digest, precision=request.param)
    except UserError as error:
        pytest.skip(f"{error}")
    most, mean = (1e-3, 1e-4) if request.param == "f32" else (0.3, 0.02)
    return Candidate(runtime, 100, most, mean)


@pytest.fixture
def close(candidate: Candidate) -> Callable[[Array, Array], None]:
    """Assert that two pastiches are equal except for the rounding of the runtime."""

    def check(found: Array, expected: Array) -> None:
        apart = np.abs(found - expected)
        assert apart.max() <= candidate.most and apart.mean() <= candidate.mean

    return check


def random(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def test_every_runtime_has_the_methods_of_the_protocol(candidate: Candidate) -> None:
    names = [name for name in vars(Runtime) if not name.startswith("_")]
    assert {"predict", "transfer", "transfer_with_statistics", "expect", "norms", "open_stage"} <= set(names)
    assert all(callable(getattr(candidate.runtime, name)) for name in names)
    assert isinstance(candidate.runtime.streams, bool)


@pytest.mark.parametrize("shape", [(1, 96, 96, 3), (1, 80, 131, 3), (2, 97, 83, 3)])
def test_embeddings_have_shape_1_d(candidate: Candidate, shape: tuple[int, ...]) -> None:
    embeddings = candidate.runtime.predict(random(*shape))
    assert embeddings.shape == (shape[0], candidate.size)
    assert embeddings.dtype == np.float32
    assert np.isfinite(embeddings).all()


@pytest.mark.parametrize("shape", [(1, 16, 16, 3), (1, 17, 50, 3), (2, 35, 22, 3), (1, 16, 200, 3)])
def test_pastiches_have_the_size_of_the_content(candidate: Candidate, shape: tuple[int, ...]) -> None:
    pastiche = candidate.runtime.transfer(random(*shape), random(shape[0], candidate.size))
    assert pastiche.shape == shape
    assert pastiche.dtype == np.float32
    assert pastiche.min() >= 0 and pastiche.max() <= 1


def test_arguments_are_not_changed(candidate: Candidate) -> None:
    content, embedding = random(1, 24, 32, 3), random(1, candidate.size)
    candidate.runtime.transfer(content, embedding)
    candidate.runtime.transfer_with_statistics(content, embedding)
    np.testing.assert_array_equal(content, random(1, 24, 32, 3))
    np.testing.assert_array_equal(embedding, random(1, candidate.size))


def test_a_batch_equals_its_pictures(candidate: Candidate, close: Callable[[Array, Array], None]) -> None:
    contents, embeddings = random(2, 32, 40, 3), random(2, candidate.size)
    both = candidate.runtime.transfer(contents, embeddings)
    for number in range(2):
        one = slice(number, number + 1)
        close(both[one], candidate.runtime.transfer(contents[one], embeddings[one]))


def test_measuring_statistics_changes_no_pixel(candidate: Candidate, close: Callable[[Array, Array], None]) -> None:
    content, embedding = random(1, 32, 40, 3), random(1, candidate.size)
    pastiche, statistics = candidate.runtime.transfer_with_statistics(content, embedding)
    close(pastiche, candidate.runtime.transfer(content, embedding))
    assert (statistics.ndim, len(statistics)) == (2, 1)
    assert statistics.dtype == np.float32
    again, used = candidate.runtime.transfer_with_statistics(content, embedding, NormInputs(statistics, 1.0))
    close(again, pastiche)
    np.testing.assert_allclose(used, statistics, rtol=1e-3, atol=1e-3)


def test_held_statistics_are_a_moving_average(candidate: Candidate) -> None:
    """The first norm's own do not depend on what is held before it, so half of each can be worked out."""
    first, second = random(1, 32, 40, 3), random(1, 24, 24, 3, seed=1) * np.float32(0.5)
    embedding = random(1, candidate.size)
    runtime = candidate.runtime
    one, other = (runtime.transfer_with_statistics(content, embedding)[1] for content in (first, second))
    _, all_held = runtime.transfer_with_statistics(second, embedding, NormInputs(one, 1.0))
    np.testing.assert_allclose(all_held, one, rtol=1e-3, atol=1e-3)
    _, half = runtime.transfer_with_statistics(second, embedding, NormInputs(one, 0.5))
    channels = 3 if isinstance(runtime, FakeRuntime) else 8  # of the first norm at a quarter of the paper's width
    expected = (one[:, :channels] + other[:, :channels]) / 2
    np.testing.assert_allclose(half[:, :channels], expected, rtol=2e-2, atol=2e-2)


def test_holding_without_statistics_is_an_error(candidate: Candidate) -> None:
    with pytest.raises(ValueError, match="hold is not 0 but no statistics are given"):
        candidate.runtime.transfer_with_statistics(
            random(1, 16, 16, 3), random(1, candidate.size), NormInputs(None, 0.5)
        )


def test_masks_choose_between_styles(candidate: Candidate, close: Callable[[Array, Array], None]) -> None:
    content, embeddings = random(1, 32, 40, 3), random(1, 2, candidate.size)
    masks = np.zeros((1, 32, 40, 2), np.float32)
    masks[..., 1] = 1
    pastiche, _ = candidate.runtime.transfer_with_statistics(content, embeddings, NormInputs(masks=masks))
    close(pastiche, candidate.runtime.transfer(content, embeddings[:, 1]))


@pytest.mark.parametrize("masked", [False, True])
def test_hidden_pixels_are_not_measured(candidate: Candidate, masked: bool) -> None:
    """They do not change visible pixels farther away than the 54 pixels that a pixel depends on."""
    content, visible = random(1, 33, 194, 3), np.zeros((1, 33, 194), np.float32)
    visible[..., :50] = 1
    other = content.copy()
    other[:, :, 114:] = random(1, 33, 80, 3, seed=1) * np.float32(0.1)
    embedding = random(1, 2, candidate.size) if masked else random(1, candidate.size)
    masks = np.full((1, 33, 194, 2), 0.5, np.float32) if masked else None
    run = candidate.runtime.transfer_with_statistics
    (first, one), (second, two) = (
        run(each, embedding, NormInputs(None, 0, masks, visible)) for each in (content, other)
    )
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(first[:, :, :50], second[:, :, :50])
    assert np.abs(run(content, embedding, NormInputs(None, 0, masks))[1] - one).max() > 1e-3


def test_equal_weights_of_visible_pixels_change_nothing(
    candidate: Candidate, close: Callable[[Array, Array], None]
) -> None:  # fmt: skip
    content, embedding = random(2, 33, 46, 3), random(2, candidate.size)
    visible = np.full((2, 33, 46), 0.25, np.float32)
    pastiche, _ = candidate.runtime.transfer_with_statistics(content, embedding, NormInputs(visible=visible))
    close(pastiche, candidate.runtime.transfer(content, embedding))


def test_an_announced_size_gives_the_same_pastiche(candidate: Candidate, close: Callable[[Array, Array], None]) -> None:
    contents, embedding = [random(1, 40, 32, 3), random(1, 33, 50, 3)], random(1, candidate.size)
    before = [candidate.runtime.transfer(content, embedding) for content in contents]
    candidate.runtime.expect(40, 32)
    for content, pastiche in zip(contents, before, strict=True):
        close(candidate.runtime.transfer(content, embedding), pastiche)


def test_threads_can_share_a_runtime(candidate: Candidate, close: Callable[[Array, Array], None]) -> None:
    contents, embedding = [random(1, 20 + 4 * n, 24, 3) for n in range(4)], random(1, candidate.size)
    alone = [candidate.runtime.transfer(content, embedding) for content in contents]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda content: candidate.runtime.transfer(content, embedding), contents))
    for found, expected in zip(together, alone, strict=True):
        close(found, expected)


def test_runtimes_that_render_layer_by_layer_state_their_layers(candidate: Candidate) -> None:
    for masked in (False, True):
        if candidate.runtime.streams:
            channels = candidate.runtime.norms(masked)
            assert len(channels) >= CONDITIONAL and channels[-1] == 3
        else:
            with pytest.raises(UserError):
                candidate.runtime.norms(masked)
            with pytest.raises(UserError):
                candidate.runtime.open_stage(0, masked)
