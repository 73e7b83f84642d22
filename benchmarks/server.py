"""A server under load: mixed requests from many clients, a tenth of them broken.

    python -m benchmarks.server --requests 10000 --plot memory.png
    python -m benchmarks.server --batches

Every request is drawn from a seed: size and format of the photo, one to three styles (pictures and names), strength,
options. A tenth are truncated, not pictures, or out of range; one of `--large` is a photo of 12 megapixels. The server
is a separate process on 127.0.0.1, whose resident memory is read every second. Another process requests /healthz every
fifth of a second, so that the work of the clients in this process does not count.
`--batches` instead measures the speed of several contents in one call.
"""

import multiprocessing
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, Any

import httpx2
import matplotlib
import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.machine import resident
from brushwork import stylizer
from brushwork.cli import interrupts

matplotlib.use("agg")
from matplotlib import pyplot as plt

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
SIDES = (48, 64, 96, 128, 192, 256)
BROKEN = 0.1
FULL_SIZE = 4000, 3000  # a photo of a camera


@contextmanager
def serving(*options: str, page: bool = False) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Yield the process and the address of a server on 127.0.0.1, with or without its page."""
    command = [sys.executable, "-m", "brushwork", "serve", "--port", "0", *(() if page else ("--no-page",)), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            yield server, next(line.strip() for line in server.stderr if re.match("http://", line))
        finally:
            server.terminate()


@cache
def blots(width: int, height: int, kind: str, seed: int) -> bytes:
    """Return an encoded picture of smooth colours."""
    colours = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(colours).resize((width, height), Image.Resampling.BICUBIC).save(buffer, kind)
    return buffer.getvalue()


def picture(draw: random.Random) -> bytes:
    """Return one of 2,304 pictures, more than the embeddings that a server caches."""
    return blots(draw.choice(SIDES), draw.choice(SIDES), draw.choice(FORMATS), draw.randrange(16))


def request(number: int, names: list[str], large: int) -> tuple[bool, dict[str, Any]]:
    """Return whether the request with a number is valid, and its data; one of `large` is a photo at full size."""
    draw = random.Random(number)
    content = blots(*FULL_SIZE, "JPEG", 0) if large and number % large == large - 1 else picture(draw)
    styles = [picture(draw) for _ in range(draw.choice((0, 0, 1, 2)))]
    named = draw.sample(names, draw.choice((1, 1, 2)) if not styles else 0)
    data = {
        "style_name": named,
        "strength": str(draw.choice((0, 0.5, 1, 1, 1))),
        "format": draw.choice(("jpeg", "png")),
    }
    right = draw.random() >= BROKEN
    if not right:
        fault = draw.randrange(4)
        content = (content[: len(content) // 3], b"no picture", content, content)[fault]
        data |= ({}, {}, {"strength": "7"}, {"style_name": ["nothing"], "weights": "x"})[fault]
    files = [("content", ("photo", content)), *(("style", ("style", style)) for style in styles)]
    return right, {"files": files, "data": data}


def request_health(address: str, end: Connection) -> None:
    """Request `/healthz` until `end` receives a message, then send it the seconds of each response (a process)."""
    seconds: list[float] = []
    with httpx2.Client(base_url=address, timeout=60) as web:
        while not end.poll(0.2):
            start = time.perf_counter()
            web.get("/healthz")
            seconds.append(time.perf_counter() - start)
    end.send(seconds)


@contextmanager
def measured_health(address: str, seconds: list[float]) -> Iterator[None]:
    """Request `/healthz` repeatedly meanwhile; at the end the seconds of each response are added to a list."""
    ours, theirs = multiprocessing.Pipe()
    asking = multiprocessing.get_context("spawn").Process(target=request_health, args=(address, theirs))
    asking.start()
    theirs.close()  # so that `recv` below fails if that process dies
    try:
        yield
    finally:
        ours.send(None)
        seconds += ours.recv()
        asking.join()


def load(
    address: str, pid: int, count: int, clients: int, large: int, stop: Callable[[], bool]
) -> dict[str, Any]:  # fmt: skip
    """Send the requests until all are sent or `stop` is true, and return the measurements."""
    names = [style["name"] for style in httpx2.get(f"{address}/v1/styles").json()]
    answers: Counter[tuple[bool, int]] = Counter()
    seconds: list[float] = []
    memory: list[tuple[float, float]] = []
    health: list[float] = []
    numbers = iter(range(count))
    lock, done = threading.Lock(), threading.Event()
    begun = time.perf_counter()

    def watch() -> None:
        while not done.wait(1):
            memory.append((time.perf_counter() - begun, resident(pid)))

    def client() -> None:
        with httpx2.Client(base_url=address, timeout=300) as web:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None or stop():
                    return
                right, sent = request(number, names, large)
                start = time.perf_counter()
                answer = web.post("/v1/stylize", **sent)
                with lock:
                    seconds.append(time.perf_counter() - start)
                    answers[right, answer.status_code] += 1

    watcher = threading.Thread(target=watch)
    watcher.start()
    with measured_health(address, health), ThreadPoolExecutor(clients) as pool:
        for each in [pool.submit(client) for _ in range(clients)]:
            each.result()
    done.set()
    watcher.join()
    wall = time.perf_counter() - begun
    return {"answers": answers, "seconds": seconds, "memory": memory, "health": health, "wall": wall}


def show(console: Console, found: dict[str, Any], plot: Path | None) -> None:
    """Print the table, and plot the memory over time."""
    table = Table("requests", "status", "count")
    for (right, status), count in sorted(found["answers"].items()):
        table.add_row("valid" if right else "broken", str(status), f"{count:,}")
    console.print(table)
    cuts = quantiles(found["seconds"], n=20)
    console.print(f"{len(found['seconds']) / found['wall']:.1f} requests/s; p50 {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s")
    middle, late, worst = (1000 * at for at in np.percentile(found["health"], (50, 99, 100)))
    console.print(f"/healthz: {len(found['health'])} requests, {middle:.0f} ms; p99 {late:.0f}, at most {worst:.0f}")
    memory = found["memory"]
    tenth = max(1, len(memory) // 10)
    parts = [median(size for _, size in memory[k : k + tenth]) for k in (tenth, len(memory) // 2, len(memory) - tenth)]
    console.print("resident MB after a tenth, half, all: " + ", ".join(f"{size:.0f}" for size in parts))
    if plot:
        figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
        axis.plot([at / 60 for at, _ in memory], [size for _, size in memory])
        axis.set(xlabel="minutes", ylabel="resident MB", ylim=(0, None))
        axis.grid(alpha=0.3)
        figure.savefig(plot, dpi=90)


def batches(console: Console) -> None:
    """Print the pictures per second in calls of 1, 2, 4 and 8."""
    loaded = stylizer.load()
    embedding = loaded.embed(loaded.names[0])
    table = Table("side", *(f"batch {count}" for count in (1, 2, 4, 8)), title="pictures/s")
    for side in (128, 256, 512):
        row = []
        for count in (1, 2, 4, 8):
            content = np.random.default_rng(0).random((count, side, side, 3), np.float32)
            repeated = np.repeat(embedding, count, axis=0)
            loaded.runtime.transfer(content, repeated)
            times = []
            for _ in range(7):
                start = time.perf_counter()
                loaded.runtime.transfer(content, repeated)
                times.append(time.perf_counter() - start)
            row.append(f"{count / median(times):.1f}")
        table.add_row(str(side), *row)
    console.print(table)


def main(
    requests: Annotated[int, typer.Option(help="Number of requests.", min=1)] = 10_000,
    clients: Annotated[int, typer.Option(help="Number of clients.", min=1)] = 16,
    large: Annotated[
        int, typer.Option(help="One request in this many is a photo of 12 megapixels; 0: none.", min=0)
    ] = 100,
    plot: Annotated[Path | None, typer.Option(help="Draw the memory over time.")] = None,
    only_batches: Annotated[bool, typer.Option("--batches", help="Measure batches instead.")] = False,
) -> None:
    """Measure a server under load."""
    console = Console(highlight=False, width=100)
    if only_batches:
        batches(console)
        return
    with (
        serving("--queue", str(clients), "--client-queue", str(clients)) as (server, address),
        interrupts.deferred() as stop,  # Ctrl-C prints the measurements so far
    ):
        show(console, load(address, server.pid, requests, clients, large, stop), plot)


if __name__ == "__main__":
    typer.run(main)
