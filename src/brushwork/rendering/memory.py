"""Estimates the free memory and the memory that an image needs, and chooses tiles that fit."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import psutil

from brushwork.errors import UserError
from brushwork.rendering.settings import GRID, SMALLEST_TILE, RenderSettings

# Bytes per pixel: the image, its pastiche and copies of them, among them the one with a border. Measured as the peak of
# all arrays of a run: 72, with a strength below 1 82, and 128 for a cut-out, whose hidden colours are filled in.
PICTURE, CUT_OUT = 84, 128
# The style transfer network, measured as the growth of a float32 pass's peak from 768 squared to 1280 and 1536 squared:
# at a quarter of the paper's width 173 plain, 273 with statistics, 453 with two regions; at full width 724, 974.
# The values are slightly higher for safety.
NETWORK, MASKED, LEAST = 1000, 1900, 40
# Bytes per pixel of a strip of tiles, for reading, rendering, scaling and writing; and the fraction of the network's
# bytes that features at a quarter of the size need in the exact mode.
STRIP, FEATURES = 80, 0.1
# Python, OpenVINO, pyvips and the model.
PROGRAM = 400 * 2**20
# Fraction of the free memory to use.
FRACTION = 0.7
# With held statistics, a pixel of a pastiche depends on 54 pixels of its content in each direction.
HALO = 64
# Largest default side of a tile; larger tiles are not faster.
TILE = 768
# The fast mode measures statistics on 1920 x 1920 pixels of the image, in patches of 128 x 128. With fewer pixels, or
# fewer and larger patches, the pastiche deviates more from the exact one.
SAMPLE, PATCH = 1920, 128
# Fractions of the memory besides the program's for the network, which keeps its memory, and for strips of the image;
# the rest is for reading and writing at the same time.
NETWORKS_PART, STRIPS_PART = 0.5, 0.3
CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Tiling:
    """Whether and how an image is rendered in tiles.

    Attributes:
        mode: ``never`` for one pass, ``fast`` or ``exact`` for tiles; see `brushwork.rendering.tiles`.
        side: Side of a tile without its overlap, in pixels; a multiple of 4.
        sample: Side in pixels of the square that the fast mode's patches would fill.
    """

    mode: str
    side: int = TILE
    sample: int = SAMPLE


def available() -> int:
    """Return the memory to use in bytes: most of what is free on the machine and in the process's control group."""
    free = [psutil.virtual_memory().available]
    try:
        own = Path("/proc/self/cgroup").read_text()
    except OSError:  # not Linux
        own = ""
    free += [left for group in groups(own) if (left := left_in_group(group)) is not None]
    return int(max(min(free), 0) * FRACTION)


def groups(own: str, root: Path = CGROUPS) -> list[Path]:
    """Return the folders of a process's control group and its ancestors, given its ``/proc/self/cgroup``.

    The limit of each of them applies; systemd sets MemoryMax on the service's own group. Version 2 has a single tree;
    in version 1 the memory controller has a separate one.
    """
    found = []
    for line in own.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            group = PurePosixPath(path)
            found += [(root / controllers).joinpath(*each.parts[1:]) for each in (group, *group.parents)]
    return found


def left_in_group(group: Path) -> int | None:
    """Return the bytes that a control group may still allocate; None if it has no limit."""
    for limit, used, idle in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        try:
            left = int((group / limit).read_text()) - int((group / used).read_text())
            # Inactive file pages count as used but are reclaimed when memory is needed.
            statistics = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
            return left + int(statistics.get(idle, 0))
        except (OSError, ValueError):  # a file of the other version, or "max" for no limit
            continue
    return None


def per_pixel(width: float, masked: bool = False) -> float:
    """Return the bytes per pixel that a pass of a network of a width (1 is the paper's) needs."""
    return LEAST + (MASKED if masked else NETWORK) * width


def filling(pixels: int, alpha: bool) -> int:
    """Return the bytes that an image with alpha takes beyond `PICTURE`; 0 without alpha."""
    return pixels * (CUT_OUT - PICTURE) * alpha


def choose_tiling(
    size: tuple[int, int], settings: RenderSettings, pixel: float, exact: bool, held: int = 0
) -> Tiling:  # fmt: skip
    """Decide how an image is rendered: in one pass if that fits into memory, otherwise in tiles that do.

    Args:
        size: Height and width of the image.
        settings: The settings; a ``tile`` other than ``auto`` and a tile size are respected.
        pixel: Bytes per pixel of the network, see `per_pixel`.
        exact: Whether the runtime can run layer by layer, which exact tiles need.
        held: Bytes that other parts use until the network's are free again.

    Raises:
        UserError: If a given memory is too small for the whole image, with ``never``, or for the smallest tiles.
    """
    height, width = size
    at_once = PROGRAM + held + height * width * (PICTURE + pixel)
    if settings.tile == "never":
        if settings.memory is not None and at_once > settings.memory:
            raise UserError(
                f"{width} x {height} pixels take {in_words(at_once)} at once, and {in_words(settings.memory)} may be "
                "used; choose other tiles than never, or allow more memory"
            )
        return Tiling("never")
    memory = int(settings.memory or available())
    if settings.tile == "auto" and at_once <= memory:
        return Tiling("never")
    mode = ("exact" if exact else "fast") if settings.tile == "auto" else settings.tile
    room = max(memory - PROGRAM - held, 0)
    sample = min(max(int((NETWORKS_PART * room / pixel) ** 0.5) // PATCH, 4) * PATCH, SAMPLE)
    tiling = Tiling(mode, settings.tile_size or _tile(width, room, pixel), sample)
    taken = PROGRAM + held + _taken(tiling, min(height, tiling.side), width, pixel)
    if settings.memory is not None and taken > settings.memory:
        raise UserError(
            f"{width} x {height} pixels take {in_words(taken)} even in tiles of {tiling.side}, and "
            f"{in_words(settings.memory)} may be used; allow more memory"
        )
    return tiling


def _taken(tiling: Tiling, rows: int, width: int, pixel: float) -> float:
    """Return the bytes of a strip with this many rows, and of the network for a tile or the sample."""
    side = tiling.side + 2 * HALO
    largest = max(side * min(side, width), tiling.sample**2 if tiling.mode == "fast" else 0)
    return (STRIP + FEATURES * pixel) * width * rows + pixel * largest


def in_words(size: float) -> str:
    """Return a number of bytes in GB, or in MB where it is less."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _tile(width: int, room: float, pixel: float) -> int:
    """Return the side of the largest tiles that fit into ``room`` bytes for an image of a width."""
    tile = int((NETWORKS_PART * room / pixel) ** 0.5) - 2 * HALO
    # Several copies of a strip of tiles, as wide as the image, are in memory at a time.
    strip = int(STRIPS_PART * room / ((STRIP + FEATURES * pixel) * width))
    return max(SMALLEST_TILE, min(tile, strip, TILE) // GRID * GRID)
