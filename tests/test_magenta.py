"""The shipped Magenta model against values recorded from the published one (TensorFlow Lite, Apache-2.0)."""

from pathlib import Path

import numpy as np
import pytest

from brushwork.model_folder import WEIGHTS, find, load_network
from brushwork.runtime import Runtime
from brushwork.runtime.openvino import OpenVINORuntime
from brushwork.runtime.pytorch import TorchRuntime

pytestmark = pytest.mark.numeric

CASE = np.load(Path(__file__).parent / "data" / "magenta_mobile_case.npz")


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_embedding_and_pastiche_equal_the_published_ones(engine: str) -> None:
    folder = find("magenta-mobile")
    runtime: Runtime
    if engine == "openvino":
        runtime = OpenVINORuntime(folder.path, folder.sha256[WEIGHTS], precision="f32")
    else:
        runtime = TorchRuntime(load_network(folder), precision="f32")
    embedding = runtime.predict(CASE["style"][None].astype(np.float32) / 255)
    expected = CASE["embedding"]
    cosine = (embedding @ expected.T).item() / (np.linalg.norm(embedding) * np.linalg.norm(expected))
    assert cosine >= 0.9999
    pastiche = runtime.transfer(CASE["content"][None].astype(np.float32) / 255, embedding)[0]
    assert np.abs(pastiche - CASE["pastiche"]).mean() <= 0.004
