"""Which precision OpenVINO computes in."""

import platform

from brushwork.errors import UserError
from brushwork.runtime.compiled import core

# What OpenVINO is told; the graph itself says what it multiplies as integers.
HINTS = {"f32": "f32", "bf16": "bf16", "f16": "f16", "int8": "f32"}
# What a device must be able to do natively for a precision to be worth asking for.
CAPABILITIES = {"bf16": "BF16", "f16": "FP16", "int8": "INT8"}


def choose(device: str, precision: str) -> str:
    """The precision that was asked for; auto is the fastest that a device (``CPU``, ``GPU``) has natively, of floats.

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


def choose_for_film(device: str, precision: str) -> str:
    """The same for the frames of a film: auto is int8 where it would be f32.

    A film is encoded with more loss than integers cost. Measured on x86 alone, so chosen there alone.
    """
    chosen = choose(device, precision)
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    faster = precision == "auto" and chosen == "f32" and device == "CPU" and x86
    return "int8" if faster and CAPABILITIES["int8"] in _capable(device) else chosen


def _capable(device: str) -> list[str]:
    capable: list[str] = core().get_property(device, "OPTIMIZATION_CAPABILITIES")
    return capable
