"""Chooses and opens the runtime for a device."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from brushwork import extras
from brushwork.errors import UserError, unknown
from brushwork.runtime import Runtime

# Device file of NVIDIA's driver on Linux, also in containers without nvidia-smi.
DEVICE_FILE = Path("/dev/nvidiactl")
DEVICES = ("auto", "cpu", "gpu", "cuda", "mps")
PRECISIONS = ("auto", "f32", "bf16", "f16", "int8")


def check_choices(device: str, precision: str, threads: int | None) -> None:
    """Raise `UserError` if a device or precision is unknown or the number of threads is below 1."""
    for kind, value, known in (("device", device, DEVICES), ("precision", precision, PRECISIONS)):
        if value not in known:
            raise UserError(unknown(kind, value, known))
    if threads is not None and threads < 1:
        raise UserError(f"threads is {threads}; it must be at least 1")


def open_runtime(
    folder: Path,
    digest: str,
    network: Callable[[], Any],
    *,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
) -> Runtime:
    """Open a runtime for a model: OpenVINO on CPUs and Intel GPUs, torch on other GPUs.

    Args:
        folder: The model folder.
        digest: Digest of its weights, which names the folder of compiled graphs.
        network: Loads the `PasticheNetwork` if torch executes it.
        device: ``auto``, ``cpu``, ``gpu`` (an Intel GPU), ``cuda`` or ``mps``.
        precision: ``auto``, ``f32``, ``bf16``, ``f16`` or ``int8``.
        threads: Number of CPU threads; None for all cores.

    Raises:
        UserError: If the device or precision is not available.
    """
    if device == "auto":
        device = "cuda" if has_cuda() else "cpu"
    if device in ("cpu", "gpu"):
        from brushwork.runtime.openvino import OpenVINORuntime

        return OpenVINORuntime(folder, digest, device=device, precision=precision, threads=threads)
    extras.require("torch", f"device {device!r}")
    from brushwork.runtime.pytorch import TorchRuntime

    return TorchRuntime(network(), device=device, precision=precision, threads=threads)


def has_cuda() -> bool:
    """Return whether torch can use an NVIDIA GPU. Importing torch takes seconds, so a driver is looked for first."""
    if not (shutil.which("nvidia-smi") or DEVICE_FILE.exists()) or not extras.installed("torch"):
        return False
    import torch

    return torch.cuda.is_available()
