"""Compiles graphs with OpenVINO and caches them on the disk from one run to the next."""

import functools
import hashlib
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from brushwork import atomic
from brushwork.runtime.bindings import ops, ov

_starting = threading.Lock()
# OpenVINO keeps the kernels of each layer for the last 5,000 shapes, 0.4 to 1 MB for each size of picture. Without them
# a picture of another size than the one before takes 1 to 2 ms more, one of the same size nothing.
SHAPES_CACHED = "CPU_RUNTIME_CACHE_CAPACITY"


def core() -> ov.Core:
    """Return the one core of this process, which has run a graph before any thread can use it.

    Each core moves the stack on which signals are handled; after several have been created and destroyed it lies in
    memory that was freed, and the next Ctrl-C would be a crash.

    The first inference initialises static variables of OpenVINO's bindings, and may release the interpreter lock while
    it does. A second thread would then wait for the variables while it holds that lock: a deadlock.
    """
    with _starting:
        return _start()


@functools.cache
def _start() -> ov.Core:
    core = ov.Core()
    with suppress(RuntimeError):  # of a version without this property
        core.set_property("CPU", {SHAPES_CACHED: "0"})
    number = ops.parameter([1], np.float32, name="number")
    model = ov.Model([ops.add(number, ops.constant(np.ones(1, np.float32)))], [number])
    request = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": "1"}).create_infer_request()
    for share in (True, False):
        list(request.infer({"number": np.zeros(1, np.float32)}, share_inputs=share).values())
    return core


class CompiledGraphs:
    """Compiles graphs, or loads them from a folder of compiled graphs.

    OpenVINO's own cache is not used: it maps files into memory that another process may be writing, and a process that
    reads them then crashes. Here a file appears whole or not at all.

    Args:
        folder: Folder of compiled graphs. If it cannot be written, only the start is slower.
        device: OpenVINO's name of the device.
        properties: Properties with which graphs are compiled.
    """

    def __init__(self, folder: Path, device: str, properties: Mapping[str, Any]) -> None:
        self._folder = folder
        self._device = device
        self._properties = dict(properties)
        maker = core().get_property(device, "FULL_DEVICE_NAME")
        self._where = f"{ov.__version__} {device} {maker}"

    def compile(
        self,
        path: Path,
        part: str = "",
        read: Callable[[], ov.Model] | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return a compiled graph.

        Args:
            path: The graph's file.
            part: Name of the part that is compiled; the whole graph unless given.
            read: Returns that part.
            properties: Further properties, which override those of all graphs.
        """
        properties = {**self._properties, **(properties or {})}
        words = f"{self._where} {sorted(properties.items())} {part} "
        key = hashlib.sha256(words.encode() + path.read_bytes()).hexdigest()
        cached = self._folder / f"{path.stem}-{key[:16]}.blob"
        try:
            return core().import_model(cached.read_bytes(), self._device, properties)
        except (OSError, RuntimeError):  # missing, or from another version
            compiled = self.compile_once(read() if read else core().read_model(str(path)), properties)
            _store(cached, compiled.export_model().getvalue())
            return compiled

    def compile_once(self, model: ov.Model, properties: Mapping[str, Any] | None = None) -> Any:
        """Return a compiled graph that is not cached; its properties override those of all graphs."""
        return core().compile_model(model, self._device, {**self._properties, **(properties or {})})


def _store(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; an error is ignored, since the cache is optional."""
    with suppress(OSError):
        atomic.write_bytes(path, data)
