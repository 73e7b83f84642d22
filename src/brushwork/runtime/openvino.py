"""Runs the ONNX graphs of a model folder with OpenVINO: the default runtime, for all CPUs and for Intel GPUs."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from brushwork.errors import UserError
from brushwork.runtime import MEASURED, Array, NormInputs, Stage, int8, precisions
from brushwork.runtime.bindings import ov
from brushwork.runtime.compiled import CompiledGraphs, core
from brushwork.runtime.deep_graphs import deepen
from brushwork.runtime.stages import StageGraphs, run_stage
from brushwork.runtime.visible import weigh_visible

PREDICTOR, TRANSFER = "predictor.onnx", "transfer.onnx"
# Graphs compiled on first use, because a single picture may not need them.
STATISTICS, REGIONS = "transfer-statistics.onnx", "transfer-regions.onnx"
# Properties of the predictor: bf16 shifts embeddings by 6 to 10 % and loses a quarter of the style.
EXACT = {"INFERENCE_PRECISION_HINT": "f32"}


class OpenVINORuntime:
    """Runs graphs that are compiled once for pictures of any size.

    Args:
        folder: A model folder.
        digest: Digest of its weights, which is the key of the cache of compiled graphs: graph files do not change when
            the weights do.
        device: ``cpu`` or ``gpu`` (an Intel GPU).
        precision: ``auto``, ``f32``, ``bf16``, ``f16`` or ``int8``. Auto is bf16 (f16 on a GPU) if the device supports
            it, else f32, but int8 for contents announced by `expect`. With int8, the graph for one style computes in
            8-bit integers, while regions, exact tiles and held statistics use f32. The predictor always runs in f32.
        threads: Number of CPU threads; None for all cores.
        cache: Folder for compiled graphs; None for the user's cache folder.
        deep: Whether this runtime takes only deep styles, see `brushwork.runtime.deep_graphs`. Otherwise it creates
            such a runtime when it gets the first deep style.

    Raises:
        UserError: If the device or precision is not available.
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
        deep: bool = False,
    ) -> None:
        self.folder = folder
        self._is_deep = deep
        again = {"device": device, "precision": precision, "threads": threads, "cache": cache}
        self._make_deep = partial(OpenVINORuntime, folder, digest, **again, deep=True)  # type: ignore[arg-type]
        self._deep: OpenVINORuntime | None = None
        self.device = device.upper()
        known = core().available_devices
        if not any(name.split(".")[0] == self.device for name in known):
            raise UserError(f"no device {device!r}; OpenVINO finds {', '.join(known)}")
        self.precision = precisions.choose(self.device, precision)
        self._for_frames = precisions.choose_for_frames(self.device, precision)
        properties: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": precisions.HINTS[self.precision],
        }
        if threads is not None:
            properties["INFERENCE_NUM_THREADS"] = threads
            if self.device == "CPU":
                # By default, OpenVINO pins the threads to the first cores, in every process: all workers of a cluster
                # or of a data loader would share one core.
                properties["ENABLE_CPU_PINNING"] = False
        self._graphs = CompiledGraphs((cache or user_cache_path("brushwork")) / digest[:16], self.device, properties)
        self._requests = threading.local()
        # Both graphs are compiled concurrently while the caller decodes pictures.
        graphs = [graph for graph in (TRANSFER, PREDICTOR)[: 1 if deep else 2] if (folder / graph).exists()]
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
                self.folder / graph, self._part("int8"), lambda: int8.quantise(self._read(graph))
            )
        exact = EXACT if graph == PREDICTOR else None
        return self._graphs.compile(self.folder / graph, self._part(""), lambda: self._read(graph), exact)

    def _compile_visible(self, graph: str) -> Any:
        path = self.folder / graph
        return self._graphs.compile(path, self._part("visible"), lambda: weigh_visible(self._read(graph)))

    def _read(self, graph: str) -> ov.Model:
        """Read a graph of the folder without compiling it."""
        model = core().read_model(str(self.folder / graph))
        return deepen(model) if self._is_deep else model

    def _part(self, name: str) -> str:
        """Return the name under which a variant of a graph is cached."""
        return f"{name} deep".strip() if self._is_deep else name

    def _taking(self, embedding: Array) -> "OpenVINORuntime":
        """Return the runtime for embeddings (..., D) of this length: this one, or the one for deep styles.

        Raises:
            UserError: If the length fits neither.
        """
        shape = self._open(TRANSFER).input("embedding").partial_shape
        plain, given = shape[len(shape) - 1].get_length(), embedding.shape[-1]
        if given == plain or self._is_deep:
            return self
        if self._deep is None:
            self._deep = self._make_deep()
        shape = self._deep._open(TRANSFER).input("embedding").partial_shape
        if given != shape[len(shape) - 1].get_length():
            raise UserError(f"the style belongs to another model: it has {given} numbers, this model's have {plain}")
        if self._expected is not None:
            self._deep.expect(*self._expected, self._together)
        return self._deep

    def _open(self, graph: str, visible: bool = False) -> Any:
        """Return a compiled graph; a variant is compiled on first use."""
        key = f"visible {graph}" if visible else graph
        with self._compiling:
            if key not in self._compiled:
                self._find(graph)
                self._compiled[key] = Future()
                self._compiled[key].set_result(self._compile_visible(graph) if visible else self._compile(graph))
        return self._compiled[key].result()

    def _find(self, graph: str) -> None:
        """Raise `UserError` if the model folder lacks a graph."""
        if not (self.folder / graph).exists():
            raise UserError(
                f"the model {self.folder.name} has no {graph} because an older version exported it; "
                "export it again, or choose another --model"
            )

    def _infer(self, graph: str, inputs: dict[str, Array]) -> list[Array]:
        """Run a graph. Each thread has its own request, which holds the buffers of a run."""
        try:
            compiled = self._fit(graph, inputs)
            made_of, request = getattr(self._requests, graph, (None, None))
            if request is None or made_of is not compiled:
                request = compiled.create_infer_request()
                setattr(self._requests, graph, (compiled, request))
            return list(request.infer(inputs, share_inputs=True).values())
        except RuntimeError as error:  # OpenVINO raises this for all errors, including lack of memory
            raise UserError(f"OpenVINO failed on this picture; try --size ({str(error).splitlines()[-1]})") from error

    def _fit(self, graph: str, inputs: dict[str, Array]) -> Any:
        """Return the graph for any size, or that for a fixed size if many contents of it are expected."""
        visible = "visible" in inputs
        if graph == PREDICTOR or visible or inputs["content"].shape[:3] != (1, *(self._expected or ())):
            return self._open(graph, visible)
        assert self._expected is not None
        with self._compiling:
            key = (graph, self._expected, self._together)
            if key not in self._fitted:
                self._find(graph)
                model = self._read(graph)
                model.reshape({name: list(values.shape) for name, values in inputs.items()})
                if graph == TRANSFER and self._for_frames == "int8":
                    int8.quantise(model)
                # Only the latest size is kept, because the number of sizes is unlimited.
                self._fitted = {known: each for known, each in self._fitted.items() if known[1:] == key[1:]}
                self._fitted[key] = self._graphs.compile_once(model, self._sharing())
            return self._fitted[key]

    def _sharing(self) -> dict[str, Any]:
        """Return the properties by which graphs share the cores with each other, with decoding and encoding.

        Threads pinned to cores would wait. Contents in parallel, each on a part of the cores, take a tenth less time
        than one after the other on all cores.
        """
        return {"NUM_STREAMS": str(self._together), "ENABLE_CPU_PINNING": False} if self.device == "CPU" else {}

    def expect(self, height: int, width: int, together: int = 1) -> None:
        """See `Runtime.expect`. A graph of fixed size is a tenth faster, because elementwise operations are fused."""
        self._expected, self._together = (height, width), together

    def predict(self, style: Array) -> Array:
        """See `Runtime.predict`."""
        return self._infer(PREDICTOR, {"style": style})[0]

    def transfer(self, content: Array, embedding: Array) -> Array:
        """See `Runtime.transfer`."""
        return self._taking(embedding)._infer(TRANSFER, {"content": content, "embedding": embedding})[0]

    def transfer_with_statistics(
        self, content: Array, embedding: Array, norms: NormInputs = MEASURED
    ) -> tuple[Array, Array]:
        """See `Runtime.transfer_with_statistics`."""
        graph = STATISTICS if norms.masks is None else REGIONS
        size = self._open(graph).input("statistics").partial_shape[1].get_length()
        statistics, hold = norms.held(len(content), size)
        inputs = {"content": content, "embedding": embedding, "statistics": statistics, "hold": hold}
        optional = {"masks": norms.masks, "visible": norms.visible}
        inputs |= {name: given for name, given in optional.items() if given is not None}
        pastiche, used = self._taking(embedding)._infer(graph, inputs)
        return pastiche, used

    def norms(self, masked: bool) -> Sequence[int]:
        """See `Runtime.norms`."""
        return self._stages(masked).channels

    def open_stage(self, stage: int, masked: bool) -> Stage:
        """See `Runtime.open_stage`."""
        plain = self._open_stage(stage, masked)
        deep: dict[bool, Stage] = {}

        def run(given: Mapping[str, Array]) -> Mapping[str, Array]:
            if "embedding" not in given or (taking := self._taking(given["embedding"])) is self:
                return plain(given)
            if not deep:
                deep[True] = taking._open_stage(stage, masked)
            return deep[True](given)

        return run

    def _open_stage(self, stage: int, masked: bool) -> Stage:
        """See `Runtime.open_stage`; for embeddings of this runtime's length."""
        stages = self._stages(masked)
        path = self.folder / (REGIONS if masked else STATISTICS)
        compiled = self._graphs.compile(path, self._part(f"stage {stage}"), lambda: stages.cut(stage))
        return run_stage(compiled)

    def _stages(self, masked: bool) -> StageGraphs:
        graph = REGIONS if masked else STATISTICS
        self._find(graph)
        if graph not in self._cut:
            self._cut[graph] = StageGraphs(partial(self._read, graph))
        return self._cut[graph]
