"""Precisions that OpenVINO computes in, and which of them a device has."""

import platform

from brushwork.errors import UserError
from brushwork.runtime.compiled import core

# OpenVINO's inference precision; with int8 the graph itself states which products are of integers.
HINTS = {"f32": "f32", "bf16": "bf16", "f16": "f16", "int8": "f32"}
# The capability that a device must have for a precision to be worth using.
CAPABILITIES = {"bf16": "BF16", "f16": "FP16", "int8": "INT8"}


def choose(device: str, precision: str) -> str:
    """Return the precision for a device (``CPU``, ``GPU``); auto is its fastest native floating-point one.

    Raises:
        UserError: If the device lacks it.
    """
    capable = _capable(device)
    if precision == "auto":
        wanted = "f16" if device == "GPU" else "bf16"
        return wanted if CAPABILITIES[wanted] in capable else "f32"
    if (precision in CAPABILITIES and CAPABILITIES[precision] not in capable) or (precision, device) == ("int8", "GPU"):
        raise UserError(f"this {device} has no native {precision}; use --precision auto or f32")
    return precision


def choose_for_frames(device: str, precision: str) -> str:
    """Return the precision for the frames of a clip: auto is int8 where `choose` returns f32.

    Encoding a clip loses more than integers do. Measured on x86 only, so chosen there only.
    """
    chosen = choose(device, precision)
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    faster = precision == "auto" and chosen == "f32" and device == "CPU" and x86
    return "int8" if faster and CAPABILITIES["int8"] in _capable(device) else chosen


def _capable(device: str) -> list[str]:
    capable: list[str] = core().get_property(device, "OPTIMIZATION_CAPABILITIES")
    return capable
