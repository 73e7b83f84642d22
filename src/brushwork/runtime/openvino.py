"""Runs a model folder's ONNX graphs with OpenVINO: the default runtime, for CPUs of any maker and Intel GPUs."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from brushwork.errors import UserError
from brushwork.runtime import Array, Stage, held, int8, precisions
from brushwork.runtime.compiled import CompiledGraphs, core
from brushwork.runtime.stages import StageGraphs
from brushwork.runtime.visible import weigh_visible

PREDICTOR, TRANSFER = "predictor.onnx", "transfer.onnx"
# Compiled when they are first asked for, so that a single picture does not wait for them.
STATISTICS, REGIONS = "transfer-statistics.onnx", "transfer-regions.onnx"
# The predictor's: bf16 moves an embedding by 6 to 10 %, and takes a quarter of the style along.
EXACT = {"INFERENCE_PRECISION_HINT": "f32"}
KEPT = {"raw", "features"}  # what stages give


class OpenVINORuntime:
    """Compiles each graph once, for any size of picture.

    Args:
        folder: A model folder.
        digest: Digest of its weights. Compiled graphs are cached under it: a graph file does not change when its
            weights do, so a cache by file alone would go stale.
        device: ``cpu`` or ``gpu`` (Intel).
        precision: ``auto``, ``f32``, ``bf16``, ``f16`` or ``int8``. Auto is bf16 (a GPU: f16) where the device has it,
            else f32, but int8 for what `expect` announces. With int8 the graph of one style paints in 8-bit integers;
            regions, exact tiles and what holds statistics stay in f32. The predictor is f32 whatever is asked for.
        threads: Threads of the CPU; None for all cores.
        cache: Folder for compiled graphs; None for the user's cache folder.

    Raises:
        UserError: If there is no such device here, or it lacks the precision.
    """

    streams = True

    def __init__(
        self,
        folder: Path,
        digest: str,
        *,
        device: str = "cpu",
        precision: str = "auto",
        threads: int | None = None,
        cache: Path | None = None,
    ) -> None:
        self.folder = folder
        self.device = device.upper()
        known = core().available_devices
        if not any(name.split(".")[0] == self.device for name in known):
            raise UserError(f"no device {device!r} here; OpenVINO sees {', '.join(known)}")
        self.precision = precisions.choose(self.device, precision)
        self._for_frames = precisions.choose_for_frames(self.device, precision)
        properties: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": precisions.HINTS[self.precision],
        }
        if threads is not None:
            properties["INFERENCE_NUM_THREADS"] = threads
        self._graphs = CompiledGraphs((cache or user_cache_path("brushwork")) / digest[:16], self.device, properties)
        self._requests = threading.local()
        # Both graphs are compiled side by side, while the caller decodes pictures.
        graphs = [graph for graph in (TRANSFER, PREDICTOR) if (folder / graph).exists()]
        pool = ThreadPoolExecutor(len(graphs))
        self._compiled: dict[str, Future[Any]] = {graph: pool.submit(self._compile, graph) for graph in graphs}
        pool.shutdown(wait=False)
        self._compiling = threading.Lock()
        self._cut: dict[str, StageGraphs] = {}
        self._expected: tuple[int, int] | None = None
        self._together = 1
        self._fitted: dict[tuple[str, tuple[int, int], int], Any] = {}

    def _compile(self, graph: str) -> Any:
        if graph == TRANSFER and self.precision == "int8":
            return self._graphs.compile(
                self.folder / graph, "int8", lambda: int8.quantise(core().read_model(str(self.folder / graph)))
            )
        return self._graphs.compile(self.folder / graph, properties=EXACT if graph == PREDICTOR else None)

    def _compile_visible(self, graph: str) -> Any:
        path = self.folder / graph
        return self._graphs.compile(path, "visible", lambda: weigh_visible(core().read_model(str(path))))

    def _open(self, graph: str, visible: bool = False) -> Any:
        """A compiled graph; a variant is compiled when it is first asked for."""
        key = f"visible {graph}" if visible else graph
        with self._compiling:
            if key not in self._compiled:
                self._find(graph)
                self._compiled[key] = Future()
                self._compiled[key].set_result(self._compile_visible(graph) if visible else self._compile(graph))
        return self._compiled[key].result()

    def _find(self, graph: str) -> None:
        """Says what is missing where the model folder lacks a variant."""
        if not (self.folder / graph).exists():
            raise UserError(
                f"the model {self.folder.name} has no {graph}: an older brushwork wrote it; "
                "export it again, or choose another --model"
            )

    def _infer(self, graph: str, inputs: dict[str, Array]) -> list[Array]:
        """Runs a graph. A request holds the buffers of one run, so each thread has its own."""
        try:
            compiled = self._fit(graph, inputs)
            made_of, request = getattr(self._requests, graph, (None, None))
            if request is None or made_of is not compiled:
                request = compiled.create_infer_request()
                setattr(self._requests, graph, (compiled, request))
            return list(request.infer(inputs, share_inputs=True).values())
        except RuntimeError as error:  # all that OpenVINO raises: no memory left, for one
            raise UserError(f"OpenVINO failed on this picture, try --size ({str(error).splitlines()[-1]})") from error

    def _fit(self, graph: str, inputs: dict[str, Array]) -> Any:
        """The graph for any size, or for one size alone where many contents of it are expected."""
        visible = "visible" in inputs
        if graph == PREDICTOR or visible or inputs["content"].shape[:3] != (1, *(self._expected or ())):
            return self._open(graph, visible)
        assert self._expected is not None
        with self._compiling:
            key = (graph, self._expected, self._together)
            if key not in self._fitted:
                self._find(graph)
                model = core().read_model(str(self.folder / graph))
                model.reshape({name: list(values.shape) for name, values in inputs.items()})
                if graph == TRANSFER and self._for_frames == "int8":
                    int8.quantise(model)
                # Sizes are without number: kept they pile up. Frames of one clip take one graph or another.
                self._fitted = {known: each for known, each in self._fitted.items() if known[1:] == key[1:]}
                self._fitted[key] = self._graphs.compile_once(model, self._sharing())
            return self._fitted[key]

    def _sharing(self) -> dict[str, Any]:
        """How a graph shares the cores with itself, and with decoding and encoding: threads tied to cores would wait.

        Contents side by side, each on its part of the cores, take a tenth less time than one after the other on all.
        """
        return {"NUM_STREAMS": str(self._together), "ENABLE_CPU_PINNING": False} if self.device == "CPU" else {}

    def expect(self, height: int, width: int, together: int = 1) -> None:
        """See `Runtime.expect`. A graph of fixed size runs its simple arithmetic in fewer passes: a tenth faster."""
        self._expected, self._together = (height, width), together

    def predict(self, style: Array) -> Array:
        """See `Runtime.predict`."""
        return self._infer(PREDICTOR, {"style": style})[0]

    def transfer(self, content: Array, embedding: Array) -> Array:
        """See `Runtime.transfer`."""
        return self._infer(TRANSFER, {"content": content, "embedding": embedding})[0]

    def transfer_with_statistics(
        self,
        content: Array,
        embedding: Array,
        statistics: Array | None = None,
        hold: float | Array = 0.0,
        masks: Array | None = None,
        visible: Array | None = None,
    ) -> tuple[Array, Array]:
        """See `Runtime.transfer_with_statistics`."""
        graph = STATISTICS if masks is None else REGIONS
        size = self._open(graph).input("statistics").partial_shape[1].get_length()
        given, share = held(statistics, hold, len(content), size)
        inputs = {"content": content, "embedding": embedding, "statistics": given, "hold": share}
        inputs |= {name: given for name, given in (("masks", masks), ("visible", visible)) if given is not None}
        pastiche, used = self._infer(graph, inputs)
        return pastiche, used

    def norms(self, masked: bool) -> Sequence[int]:
        """See `Runtime.norms`."""
        return self._stages(masked).channels

    def open_stage(self, stage: int, masked: bool) -> Stage:
        """See `Runtime.open_stage`."""
        stages = self._stages(masked)
        path = self.folder / (REGIONS if masked else STATISTICS)
        compiled = self._graphs.compile(path, f"stage {stage}", lambda: stages.cut(stage))
        request = compiled.create_infer_request()
        taken = {name.removesuffix("_in"): name for port in compiled.inputs for name in port.get_names()}

        def run(given: Mapping[str, Array]) -> Mapping[str, Array]:
            try:
                answer = request.infer({taken[key]: given[key] for key in taken if key != "hold"} | _hold(taken))
            except RuntimeError as error:
                raise UserError(
                    f"OpenVINO failed on a tile, try --tile-size ({str(error).splitlines()[-1]})"
                ) from error
            return {name: array for port, array in answer.items() for name in port.get_names() if name in KEPT}

        return run

    def _stages(self, masked: bool) -> StageGraphs:
        graph = REGIONS if masked else STATISTICS
        self._find(graph)
        if graph not in self._cut:
            self._cut[graph] = StageGraphs(core(), self.folder / graph)
        return self._cut[graph]


def _hold(names: Mapping[str, str]) -> dict[str, Array]:
    """A stage holds the statistics of the layers before it; the first stages have none before them."""
    return {"hold": np.ones(1, np.float32)} if "hold" in names else {}
