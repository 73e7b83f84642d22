"""Helpers of the tests of clips: runs at strength 0, and clips like those of other programs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np

from brushwork.stylizer import Stylizer
from brushwork.video.run import RunOptions, VideoProgress, run
from brushwork.video.settings import Settings
from tests.video.conftest import packets, read_frames

Load = Callable[[], Stylizer]

H264: dict[str, Any] = {"codec": "libx264", "form": "yuv420p"}

FRAME = 1 / 24


def run_to_end(
    clip: Path, target: Path, load: Load, settings: Settings, *, stop: Callable[[], bool] = lambda: False,
    **options: Any,
) -> VideoProgress:  # fmt: skip
    """The last record of a run."""
    *_, last = run(str(clip), target, load, settings, RunOptions(**options), stop=stop)
    return last


def paint(clip: Path, target: Path, load: Load, style: str, **choices: Any) -> VideoProgress:
    """A run at strength 0."""
    return run_to_end(clip, target, load, Settings((style,), strength=0, **choices), piece=10)


def remux(source: Path, target: Path, change: Callable[[Any], Any] = lambda packet: packet, **options: str) -> Path:
    """Copy a clip's packets, each changed, into another file."""
    with av.open(str(source)) as given, av.open(str(target), "w", options=options) as out:
        copies = {stream.index: out.add_stream_from_template(stream, opaque=True) for stream in given.streams}
        for packet in given.demux():
            if packet.size:
                packet = change(packet)
                packet.stream = copies[packet.stream.index]
                out.mux(packet)
    return target


def later(seconds: float) -> Callable[[Any], Any]:
    """Move packets by some seconds."""

    def move(packet: Any) -> Any:
        ticks = round(seconds / packet.time_base)
        packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
        return packet

    return move


def times(path: Path, kind: str) -> list[float]:
    if kind == "video":
        return [float(time) for time, _ in read_frames(path)]
    return [float(time) for time, _ in packets(path, kind)]


def brightness(path: Path) -> list[float]:
    return [float(pixels.mean()) for _, pixels in read_frames(path)]


def flashes(count: int) -> list[Any]:
    """Frames with different brightness, which shows their order."""
    return [np.full((48, 64, 3), 10 + 200 * number // count, np.uint8) for number in range(count)]
