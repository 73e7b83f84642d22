"""Compiles graphs with OpenVINO and caches them on disk between runs."""

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
_kept: list[Any] = []
# By default, OpenVINO caches the kernels of each layer for the last 5,000 shapes, 0.4 to 1 MB per size of picture.
# Without this cache, a picture takes 1 to 2 ms longer if its size differs from that of the previous one.
SHAPES_CACHED = "CPU_RUNTIME_CACHE_CAPACITY"


def core() -> ov.Core:
    """Return the only OpenVINO core of this process, after it has run a graph once.

    Each core replaces the alternate signal stack. After several cores have been created and destroyed, the stack is in
    freed memory, and the next Ctrl-C crashes the process.

    The first inference initialises static variables of OpenVINO's bindings and may release the interpreter lock
    meanwhile. A second thread would then hold that lock while waiting for the variables: a deadlock.
    """
    with _starting:
        return _start()


@functools.cache
def _start() -> ov.Core:
    """Return a new core, after an inference whose request is kept.

    OpenVINO hands the threads of freed models to new models with the same number of threads. In a forked process these
    threads do not exist, and the first model that is loaded there would wait for them for ever.
    """
    core = ov.Core()
    with suppress(RuntimeError):  # older versions lack this property
        core.set_property("CPU", {SHAPES_CACHED: "0"})
    number = ops.parameter([1], np.float32, name="number")
    model = ov.Model([ops.add(number, ops.constant(np.ones(1, np.float32)))], [number])
    request = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": "1"}).create_infer_request()
    for share in (True, False):
        list(request.infer({"number": np.zeros(1, np.float32)}, share_inputs=share).values())
    _kept.append(request)
    return core


class CompiledGraphs:
    """Compiles graphs, or loads them from a folder of compiled graphs.

    OpenVINO's own cache is not used because it maps files that another process may be writing, and a process that reads
    such a file crashes. Here, files are written atomically.

    Args:
        folder: Folder of compiled graphs. If it is not writable, only the start is slower.
        device: OpenVINO's name for the device.
        properties: OpenVINO properties for compiling.
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
            path: File of the graph.
            part: Name of the part to compile; the whole graph by default.
            read: Returns that part.
            properties: Further properties, which take precedence.
        """
        properties = {**self._properties, **(properties or {})}
        words = f"{self._where} {sorted(properties.items())} {part} "
        key = hashlib.sha256(words.encode() + path.read_bytes()).hexdigest()
        cached = self._folder / f"{path.stem}-{key[:16]}.blob"
        try:
            return core().import_model(cached.read_bytes(), self._device, properties)
        except (OSError, RuntimeError):  # missing, or written by another version
            compiled = self.compile_once(read() if read else core().read_model(str(path)), properties)
            _store(cached, compiled.export_model().getvalue())
            return compiled

    def compile_once(self, model: ov.Model, properties: Mapping[str, Any] | None = None) -> Any:
        """Return a compiled graph without caching it; its properties take precedence."""
        return core().compile_model(model, self._device, {**self._properties, **(properties or {})})


def _store(path: Path, data: bytes) -> None:
    """Write a file atomically; errors are ignored because the cache is optional."""
    with suppress(OSError):
        atomic.write_bytes(path, data)
