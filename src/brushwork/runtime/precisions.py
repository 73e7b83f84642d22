"""Precisions of OpenVINO, and the choice of one that a device supports."""

import platform

from brushwork.errors import UserError
from brushwork.runtime.compiled import core

# OpenVINO's inference precision. For int8 it is f32, since the graph itself contains the integer operations.
HINTS = {"f32": "f32", "bf16": "bf16", "f16": "f16", "int8": "f32"}
# Capability that a device must have for a precision to be fast.
CAPABILITIES = {"bf16": "BF16", "f16": "FP16", "int8": "INT8"}


def choose(device: str, precision: str) -> str:
    """Return the precision for a device (``CPU``, ``GPU``); auto is its fastest native floating-point precision.

    Raises:
        UserError: If the device does not support it.
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

    Encoding a clip loses more accuracy than int8 does. This was measured on x86 only, so int8 is chosen only there.
    """
    chosen = choose(device, precision)
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    faster = precision == "auto" and chosen == "f32" and device == "CPU" and x86
    return "int8" if faster and CAPABILITIES["int8"] in _capable(device) else chosen


def _capable(device: str) -> list[str]:
    capable: list[str] = core().get_property(device, "OPTIMIZATION_CAPABILITIES")
    return capable
