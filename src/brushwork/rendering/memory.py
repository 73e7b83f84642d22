"""How much memory is free, and how much a picture takes."""

import os
import sys
from pathlib import Path

# Bytes a pixel. The picture, its pastiche and copies of them, reckoned as five times three numbers of four bytes:
PICTURE = 60
# The style transfer network, as the peak of a pass in float32 at 1280 and 1536 squared grew over that at 768 squared:
# at a quarter of the paper's width 173 plain, 273 with statistics, 453 with two regions; at full width 724, 974.
# These lie a little above, to be safe.
NETWORK, MASKED, LEAST = 1000, 1900, 40
# Python, OpenVINO, pyvips and the model.
PROGRAM = 400 * 2**20
# Of the memory that is free, so much is taken.
SHARE = 0.7


def available() -> int:
    """Bytes of memory that may be used: what is free, or what the container has left."""
    if sys.platform == "win32":
        return _free_on_windows()
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    free = [int(total * SHARE)]
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        free += [int(limit) - used] if limit != "max" else []
    except (OSError, ValueError):  # no Linux, or one without such limits
        pass
    return int(min(free) * SHARE)


def _free_on_windows() -> int:
    """Bytes of free memory, from the system's own record of it."""
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((f"f{i}", ctypes.c_ulonglong) for i in range(7)),
        )

    status = Status()
    status.length = ctypes.sizeof(status)
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return int(status.f1 * SHARE)


def per_pixel(width: float, masked: bool = False) -> float:
    """Bytes that a network of a width, 1 the paper's, holds for each pixel that it paints at once."""
    return LEAST + (MASKED if masked else NETWORK) * width
