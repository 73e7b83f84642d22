"""Compiled graphs, kept from one run to the next."""

import functools
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import openvino as ov

from brushwork import atomic


@functools.cache
def core() -> ov.Core:
    """The core of this process: there is one, and it stays.

    Each core moves the stack on which signals are handled, and when several have come and gone it lies in memory that
    is no longer there: the next Ctrl-C would be a crash.
    """
    return ov.Core()


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
        self._where = f"{ov.__version__} {device} {maker} {sorted(self._properties.items())}"

    def compile(self, path: Path, part: str = "", read: Callable[[], ov.Model] | None = None) -> Any:
        """A compiled graph.

        Args:
            path: The graph's file.
            part: What is taken of it; all of it unless given.
            read: Gives that part.
        """
        key = hashlib.sha256(f"{self._where} {part} ".encode() + path.read_bytes()).hexdigest()
        kept = self._folder / f"{path.stem}-{key[:16]}.blob"
        try:
            return core().import_model(kept.read_bytes(), self._device, self._properties)
        except (OSError, RuntimeError):  # not there, or of no use
            compiled = self.compile_once(read() if read else core().read_model(str(path)))
            _keep(kept, compiled.export_model().getvalue())
            return compiled

    def compile_once(self, model: ov.Model, properties: Mapping[str, Any] | None = None) -> Any:
        """A compiled graph that is not worth keeping; properties of its own go before the others."""
        return core().compile_model(model, self._device, {**self._properties, **(properties or {})})


def _keep(path: Path, data: bytes) -> None:
    """Writes a file, whole or not at all; does without where that is not possible."""
    with suppress(OSError):
        atomic.write_bytes(path, data)
