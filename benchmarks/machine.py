"""The machine of a measurement: processor, cores, native precisions, load, and versions of the software."""

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from brushwork.evaluation.machine import cores
from brushwork.runtime.compiled import core

PACKAGES = ("brushwork", "openvino", "onnxruntime", "torch", "numpy", "pillow")
PAGE = 4096  # bytes of a page of memory on Linux
# Other programs that use more than this fraction of a core make timings unreliable.
BUSY = 0.3


@dataclass(frozen=True)
class Machine:
    """A machine and the software on it.

    Attributes:
        processor: Name of the processor.
        system: Operating system and architecture.
        cores: Cores that this process may use.
        threads: Threads of every engine.
        native: Precisions that the processor computes natively, according to OpenVINO.
        load: Average number of running processes over the minute before the measurement.
        versions: Package name -> version.
    """

    processor: str
    system: str
    cores: int
    threads: int
    native: list[str]
    load: float
    versions: dict[str, str]

    @property
    def busy(self) -> bool:
        """Whether other programs were running."""
        return self.load > BUSY


def resident(pid: int | str = "self") -> float:
    """Return the resident memory of a process in megabytes (Linux)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1e6


def describe(threads: int, peer: Mapping[str, str]) -> Machine:
    """Describe this machine and its current load.

    Args:
        threads: Threads of every engine.
        peer: Versions in the peer's environment.
    """
    return Machine(
        processor=core().get_property("CPU", "FULL_DEVICE_NAME").strip(),
        system=f"{platform.system()} {platform.machine()}",
        cores=cores(),
        threads=threads,
        native=list(core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")),
        load=os.getloadavg()[0],
        versions={"python": platform.python_version(), **{name: version(name) for name in PACKAGES}, **peer},
    )


def show(console: Console, machine: Machine) -> None:
    """Print a machine, one property per line, and warn if it is busy."""
    properties = asdict(machine)
    properties["native"] = " ".join(machine.native)
    properties["versions"] = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    for name, value in properties.items():
        console.print(f"[bold]{name:>10}[/]  {value}", highlight=False, soft_wrap=True)
    if machine.busy:
        console.print(f"[yellow]other programs are running (load {machine.load:.2f}): these timings are unreliable[/]")
