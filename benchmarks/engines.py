"""Times engines that execute a model's transfer graph on a CPU, on the same input."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime
import torch

from brushwork import model_folder
from brushwork.export.model import export
from brushwork.model_folder import TRANSFER, WEIGHTS, ModelCard, ModelFolder
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.runtime import Array
from brushwork.runtime.openvino import OpenVINORuntime
from brushwork.runtime.pytorch import TorchRuntime

FULL_WIDTH = "full-width"
AUTO, F32, ONNXRUNTIME, TORCH = "OpenVINO auto", "OpenVINO f32", "onnxruntime f32", "torch f32"
# Spinning threads of an engine would slow the next one until they sleep.
PAUSE = 0.05


@dataclass(frozen=True)
class Engine:
    """An engine that executes a transfer graph.

    Attributes:
        transfer: Returns the pastiche (1, S, S, 3) of a content (1, S, S, 3) and an embedding (1, D).
        precision: Precision of its arithmetic.
    """

    transfer: Callable[[Array, Array], Array]
    precision: str = "f32"


@dataclass
class Cell:
    """The measurements of an engine with one model at one size.

    Attributes:
        model: Name of the model.
        engine: Name of the engine.
        precision: Precision of its arithmetic.
        size: Side of the square content in pixels.
        first: Seconds of the first, cold run; None if the engine was too slow at a smaller size.
        seconds: Seconds of the warm runs; empty if the first run was too slow.
        difference: Largest and mean absolute difference from the pastiche of the first engine; None without a run.
    """

    model: str
    engine: str
    precision: str
    size: int
    first: float | None = None
    seconds: list[float] = field(default_factory=list)
    difference: tuple[float, float] | None = None

    @property
    def median(self) -> float | None:
        """Median seconds of the warm runs, if there were any."""
        return median(self.seconds) if self.seconds else None


def full_width(folder: Path, seed: int = 0) -> ModelFolder:
    """Export the paper's style transfer network with random weights, and a small predictor that is not run.

    Its time is that of a trained network, as no computation depends on the values of weights.
    """
    torch.manual_seed(seed)
    network = PasticheNetwork(PasticheConfig(backbone={"name": "mobilenet_v2"}))
    return export(network, folder, ModelCard("Random weights at full width", "Apache-2.0", "nobody trained it"))


def open_engines(folder: ModelFolder, threads: int, cache: Path) -> dict[str, Engine]:
    """Return the engines by name, each with a model loaded and the same number of threads."""

    def openvino(precision: str) -> Engine:
        digest = folder.sha256[WEIGHTS]
        runtime = OpenVINORuntime(folder.path, digest, precision=precision, threads=threads, cache=cache)
        return Engine(runtime.transfer, runtime.precision)

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(folder.path / TRANSFER), options, providers=["CPUExecutionProvider"])

    def onnx(content: Array, embedding: Array) -> Array:
        pastiche: Array = session.run(None, {"content": content, "embedding": embedding})[0]
        return pastiche

    auto = openvino("auto")
    f32 = auto if auto.precision == "f32" else openvino("f32")  # if both are the same, they show the noise of timings
    network = TorchRuntime(model_folder.load_network(folder), precision="f32", threads=threads)
    return {
        F32: f32,
        AUTO: auto,
        ONNXRUNTIME: Engine(onnx),
        TORCH: Engine(network.transfer),
    }


def embedding_of(folder: ModelFolder, style: Array, cache: Path) -> Array:
    """Return the embedding (1, D) of a style (1, H, W, 3); random if no predictor was trained."""
    if folder.name == FULL_WIDTH or folder.styles:
        random = np.random.default_rng(0)
        return random.standard_normal((1, folder.embedding_size), dtype=np.float32)
    return OpenVINORuntime(folder.path, folder.sha256[WEIGHTS], precision="f32", cache=cache).predict(style)


def compare(
    model: str, engines: dict[str, Engine], contents: Sequence[Array], embedding: Array, repeats: int, cap: float
) -> Iterator[Cell]:
    """Time engines on squares of increasing size, with interleaved runs, so that drift affects all equally.

    Args:
        model: Name of the model, for the table.
        engines: Name -> engine; the others' pastiches are compared with the first's.
        contents: Squares (1, S, S, 3), the smallest first.
        embedding: Embedding (1, D) of the style.
        repeats: Warm runs of each engine at each size.
        cap: Seconds of a first run above which an engine is not timed at this size, and not run at larger ones.
    """
    slow: set[str] = set()
    for content in contents:
        cells = {name: Cell(model, name, engine.precision, content.shape[1]) for name, engine in engines.items()}
        reference: Array | None = None
        for name in (name for name in engines if name not in slow):
            cells[name].first, pastiche = timed(engines[name].transfer, content, embedding)
            reference = pastiche if reference is None else reference
            distance = np.abs(pastiche - reference)
            cells[name].difference = float(distance.max()), float(distance.mean())
        slow |= {name for name, cell in cells.items() if cell.first and cell.first > cap}
        for _ in range(repeats):
            for name in (name for name in engines if name not in slow):
                cells[name].seconds.append(timed(engines[name].transfer, content, embedding)[0])
        yield from cells.values()


def timed(transfer: Callable[[Array, Array], Array], content: Array, embedding: Array) -> tuple[float, Array]:
    """Return the seconds of one run, and its pastiche."""
    time.sleep(PAUSE)
    start = time.perf_counter()
    pastiche = transfer(content, embedding)
    return time.perf_counter() - start, pastiche
