"""Compiled graphs, kept from one run to the next."""

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


def core() -> ov.Core:
    """Return the core of this process: there is one, it stays, and it has run a graph before any thread can ask it to.

    Each core moves the stack on which signals are handled, and when several have come and gone it lies in memory that
    is no longer there: the next Ctrl-C would be a crash.

    The first run initialises static variables of OpenVINO's bindings, and that may let go of the interpreter. A second
    thread that came in between would wait for the variables with the interpreter in hand, and both would for ever.
    """
    with _starting:
        return _start()


@functools.cache
def _start() -> ov.Core:
    core = ov.Core()
    number = ops.parameter([1], np.float32, name="number")
    model = ov.Model([ops.add(number, ops.constant(np.ones(1, np.float32)))], [number])
    request = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": "1"}).create_infer_request()
    for share in (True, False):
        list(request.infer({"number": np.zeros(1, np.float32)}, share_inputs=share).values())
    return core


class CompiledGraphs:
    """Compiles graphs, or takes them from a folder where they lie compiled.

    OpenVINO's own cache is left alone: it maps files into memory that another process may be writing, and a process
    that reads them then dies. Here a file appears whole or not at all.

    Args:
        folder: Where compiled graphs lie. Where it cannot be written only the start is slower.
        device: OpenVINO's name of the device.
        properties: How it compiles.
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
        """A compiled graph.

        Args:
            path: The graph's file.
            part: What is taken of it; all of it unless given.
            read: Gives that part.
            properties: Of its own, which go before the others.
        """
        properties = {**self._properties, **(properties or {})}
        words = f"{self._where} {sorted(properties.items())} {part} "
        key = hashlib.sha256(words.encode() + path.read_bytes()).hexdigest()
        kept = self._folder / f"{path.stem}-{key[:16]}.blob"
        try:
            return core().import_model(kept.read_bytes(), self._device, properties)
        except (OSError, RuntimeError):  # not there, or of no use
            compiled = self.compile_once(read() if read else core().read_model(str(path)), properties)
            _keep(kept, compiled.export_model().getvalue())
            return compiled

    def compile_once(self, model: ov.Model, properties: Mapping[str, Any] | None = None) -> Any:
        """A compiled graph that is not worth keeping; properties of its own go before the others."""
        return core().compile_model(model, self._device, {**self._properties, **(properties or {})})


def _keep(path: Path, data: bytes) -> None:
    """Writes a file, whole or not at all; does without where that is not possible."""
    with suppress(OSError):
        atomic.write_bytes(path, data)
