"""The machine of a measurement: processor, cores, native precisions, load, and versions of the software."""

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version

from rich.console import Console

from brushwork.runtime.compiled import core

PACKAGES = ("brushwork", "openvino", "onnxruntime", "torch", "numpy", "pillow")
# Other programs that use more than this fraction of a core make timings unreliable.
BUSY = 0.3


@dataclass(frozen=True)
class Machine:
    """A machine and the software on it.

    Attributes:
        processor: Its name.
        system: Operating system and architecture.
        cores: Cores that this process may use.
        threads: Threads that every engine is given.
        native: Precisions that OpenVINO says the processor computes natively.
        load: Average number of running processes over the last minute, before anything was measured.
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


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe(threads: int, peer: Mapping[str, str]) -> Machine:
    """Describe this machine and its current load.

    Args:
        threads: Threads that every engine is given.
        peer: Versions in the peer's own environment.
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
    """Print a machine, one fact a line, and warn where it is busy."""
    facts = asdict(machine)
    facts["native"] = " ".join(machine.native)
    facts["versions"] = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    for name, value in facts.items():
        console.print(f"[bold]{name:>10}[/]  {value}", highlight=False, soft_wrap=True)
    if machine.busy:
        console.print(f"[yellow]other programs are running (load {machine.load:.2f}): these timings are unreliable[/]")
