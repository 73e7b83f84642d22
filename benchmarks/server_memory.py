"""Peak memory of a server for the largest allowed pictures, to compare with MemoryMax of the service unit (Linux).

    python -m benchmarks.server_memory --memory 2800M

Each request is sent to a new server on 127.0.0.1, whose peak of resident memory is read after the response. `--memory`
replaces the limit that a server reads in a control group: 0.7 of the free memory within its limit.
"""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import httpx2
import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.server import serving
from brushwork import images
from brushwork.images import Picture
from brushwork.web.api.limits import Limits

LIMITS = Limits()
SIDE = int((LIMITS.pixels * 10**6) ** 0.5)
Request = tuple[bytes, dict[str, Any], dict[str, bytes]]  # content, fields, further files


def noise(side: int) -> NDArray[np.uint8]:
    """Return a square (side, side, 3) of 8 bits with detail everywhere."""
    small = np.random.default_rng(0).integers(0, 255, (side // 8 + 1, side // 8 + 1, 3), dtype=np.uint8)
    return small.repeat(8, axis=0).repeat(8, axis=1)[:side, :side]


def encoded(pixels: NDArray[np.uint8], kind: str, **options: Any) -> bytes:
    """Return pixels as a file."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def photo() -> Request:
    """Return an ordinary photo."""
    return encoded(noise(SIDE), "JPEG", quality=80), {}, {}


def deep() -> Request:
    """Return a picture with 16 bits per channel and alpha, and request the same for the pastiche."""
    square = noise(SIDE)
    pixels = np.dstack([square, np.full(square.shape[:2], 200, np.uint8)]).astype(np.float32) / np.float32(255)
    buffer = BytesIO()
    images.save(Picture.of(pixels), buffer, format="PNG", depth=16)
    return buffer.getvalue(), {"depth": "16"}, {}


def regions() -> Request:
    """Return a photo with two regions and a protected part, each with a mask of the photo's size."""
    mask = encoded(noise(SIDE)[..., 0], "PNG")
    fields = {"region": ["a.png=stained-glass", "b.png=harvest:0.5"]}
    return encoded(noise(SIDE), "JPEG", quality=80), fields, {"a.png": mask, "b.png": mask, "protect": mask}


def animation() -> Request:
    """Return an animation with as many frames and pixels as allowed."""
    side = int((LIMITS.animation * 10**6 / LIMITS.frames) ** 0.5)
    frames = [Image.fromarray(np.roll(noise(side), shift, axis=1)) for shift in range(LIMITS.frames)]
    buffer = BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=40)
    return buffer.getvalue(), {}, {}


REQUESTS: tuple[Callable[[], Request], ...] = (photo, deep, regions, animation)


def peak(pid: int) -> float:
    """Return the peak resident memory of a process in MB (Linux)."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) * 1024 / 1e6


def send(address: str, request: Request) -> int:
    """Send a request, and return the status of the response."""
    content, fields, further = request
    files = [("content", ("photo", content))]
    files += [("protect" if name == "protect" else "mask", (name, data)) for name, data in further.items()]
    data = {"style_name": "ukiyo-e", **fields}
    return httpx2.post(f"{address}/v1/stylize", files=files, data=data, timeout=1200).status_code


def main(
    memory: Annotated[str, typer.Option(help="Memory that the server may use, as for brushwork serve.")] = "2800M",
    only: Annotated[list[str] | None, typer.Option(help="Names of the requests to send; default: all.")] = None,
) -> None:
    """Print the peak for each request."""
    table = Table("request", "MB sent", "status", "peak MB")
    for make in REQUESTS:
        if only and make.__name__ not in only:
            continue
        request = make()
        with serving("--memory", memory, "--seconds", "1200", "--upload", "400") as (server, address):
            status = send(address, request)
            table.add_row(make.__name__, f"{len(request[0]) / 1e6:.0f}", str(status), f"{peak(server.pid):,.0f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
