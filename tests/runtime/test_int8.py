"""8-bit integers: how weights are rounded, and when they are used."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from brushwork import images, model_folder
from brushwork.errors import UserError
from brushwork.model_folder import WEIGHTS
from brushwork.runtime import Array, int8, precisions
from brushwork.runtime.bindings import ops, ov
from brushwork.runtime.compiled import core
from brushwork.runtime.layers import METADATA, Layer, to_metadata
from brushwork.runtime.openvino import TRANSFER, OpenVINORuntime
from brushwork.stylizer import load

FOLDER = model_folder.find("brushwork-mobile")
F32 = {"INFERENCE_PRECISION_HINT": "f32"}
# 8-bit samples, as all films have them.
EIGHT_BIT = np.float32(255)


def runtime(precision: str) -> OpenVINORuntime:
    return OpenVINORuntime(FOLDER.path, FOLDER.sha256[WEIGHTS], precision=precision)


def psnr(one: Array, other: Array) -> float:
    return float(10 * np.log10(1 / np.mean((one - other) ** 2)))


@pytest.fixture(scope="module")
def content() -> Array:
    photo = images.resize(images.open(Path("examples/cat.jpg")).image, (180, 240))
    rounded: Array = np.rint(photo[None] * EIGHT_BIT).astype(np.float32) / EIGHT_BIT
    return rounded


@pytest.fixture(scope="module")
def embedding() -> Array:
    return load("brushwork-mobile").embed(images.open(Path("examples/glass.jpg")).image)


def test_errors_of_rounded_taps_cancel() -> None:
    taps = np.array([[0.4, 0.4, 0.4], [0.4, 0.4, 0.4]], np.float32)[None, None]
    # There: sums 0.4, 0.8, 1.2 are 0, 1, 1; and back, from the right: 1.6, 2.0, 2.4 are 2, 2, 2.
    np.testing.assert_array_equal(int8.rounded(taps)[0, 0], [[0, 1, 0], [0, 0, 1]])


def test_sums_of_rounded_kernels_differ_by_at_most_a_half(random: np.random.Generator) -> None:
    weights = random.uniform(-int8.WEIGHT, int8.WEIGHT, (5, 3, 9, 9)).astype(np.float32)
    integers = int8.rounded(weights)
    assert np.abs(integers).max() <= 64  # so that two products of 8 bits by it fit into 16
    assert np.abs(integers - weights).max() < 1
    np.testing.assert_allclose(integers.sum(axis=(2, 3)), weights.sum(axis=(2, 3)), atol=0.5001)


def convolved(low: float, high: float) -> tuple[ov.Model, NDArray[np.float32]]:
    """A graph that spreads a content over a range and convolves it, and the kernel."""
    kernel = np.random.default_rng(0).normal(size=(8, 8, 3, 3)).astype(np.float32)
    content = ops.parameter([1, 8, 24, 20], np.float32, name="content")
    features = ops.add(ops.multiply(content, np.float32(high - low)), np.float32(low))
    pads = np.array([0, 0, 1, 1])
    padded = ops.pad(features, pads, pads, "reflect")
    padded.output(0).set_names({"padded"})
    model = ov.Model([ops.convolution(padded, kernel, [1, 1], [0, 0], [0, 0], [1, 1])], [content])
    layer = Layer("layer", "features", "padded", "raw", None, None, None, 8, 1, 1)
    model.set_rt_info(to_metadata([layer]), ["framework", METADATA])
    return model, kernel


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 5), (2, 2), (-1e3, -9e2)])
def test_features_of_any_range_are_restored(low: float, high: float, random: np.random.Generator) -> None:
    model, kernel = convolved(low, high)
    given = random.random((1, 8, 24, 20), dtype=np.float32)
    (plain,) = core().compile_model(model, "CPU", F32)([given]).values()
    (quantised,) = core().compile_model(int8.quantise(model), "CPU", F32)([given]).values()
    # A feature is off by half a level at most; a weight by less than a unit, which leaves out what all features share,
    # for the errors of a kernel's taps sum up to half a unit.
    unit = np.abs(kernel).max(axis=(1, 2, 3)) / int8.WEIGHT
    features = np.abs(kernel).sum(axis=(1, 2, 3)) * (high - low) / (2 * 255)
    weights = unit * (kernel[0].size * (high - low) + len(kernel[0]) * abs(low) / 2)
    off = np.abs(quantised - plain).max(axis=(0, 2, 3))
    assert (off <= 1.01 * (features + weights) + 1e-3).all()


def test_every_convolution_of_the_default_model_uses_integers() -> None:
    model = int8.quantise(core().read_model(str(FOLDER.path / TRANSFER)))
    model.reshape({"content": [1, 64, 64, 3], "embedding": [1, FOLDER.embedding_size]})
    run = core().compile_model(model, "CPU", F32).get_runtime_model()
    kinds = [(op.rt_info["layerType"].value, op.rt_info["runtimePrecision"].value) for op in run.get_ops()]
    used = [precision for kind, precision in kinds if kind == "Convolution"]
    assert len(used) == 14 and set(used) <= {"u8", "i8"}, used


def test_int8_is_close_to_f32(content: Array, embedding: Array) -> None:
    exact, integers = runtime("f32"), runtime("int8")
    plain = exact.transfer(content, embedding)
    assert 38 < psnr(integers.transfer(content, embedding), plain) < 60
    two = np.repeat(content, 2, axis=0), np.repeat(embedding, 2, axis=0)
    assert psnr(integers.transfer(*two)[1:], plain) > 38
    np.testing.assert_allclose(  # what holds statistics is not painted in integers
        integers.transfer_with_statistics(content, embedding)[0], plain, atol=1e-4
    )


def test_video_uses_integers_if_auto_would_be_f32(
    content: Array, embedding: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precisions, "_capable", lambda device: ["FP32", "INT8"])
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    auto, exact = runtime("auto"), runtime("f32").transfer(content, embedding)
    assert auto.precision == "f32"
    np.testing.assert_allclose(auto.transfer(content, embedding), exact, atol=1e-4)  # one picture
    auto.expect(*content.shape[1:3])
    assert 38 < psnr(auto.transfer(content, embedding), exact) < 60


@pytest.mark.parametrize(
    ("capable", "machine", "precision", "still", "film"),
    [
        (["FP32", "INT8"], "x86_64", "auto", "f32", "int8"),
        (["FP32", "INT8"], "AMD64", "auto", "f32", "int8"),
        (["FP32", "INT8"], "arm64", "auto", "f32", "f32"),
        (["FP32", "INT8", "BF16"], "x86_64", "auto", "bf16", "bf16"),
        (["FP32", "INT8"], "x86_64", "f32", "f32", "f32"),
        (["FP32", "INT8"], "arm64", "int8", "int8", "int8"),
        (["FP32"], "x86_64", "auto", "f32", "f32"),
    ],
)
def test_auto_chooses_the_precision_by_processor(
    capable: list[str], machine: str, precision: str, still: str, film: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precisions, "_capable", lambda device: capable)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert precisions.choose("CPU", precision) == still
    assert precisions.choose_for_frames("CPU", precision) == film


def test_int8_is_refused_on_a_processor_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precisions, "_capable", lambda device: ["FP32"])
    with pytest.raises(UserError, match="this CPU has no native int8; use --precision auto or f32"):
        precisions.choose("CPU", "int8")
