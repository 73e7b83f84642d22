"""Overhead of Ray, and pictures per core: a data set is stylised in this process, and by workers of a local cluster.

    python -m benchmarks.cluster --pictures 256 --side 224

Workers start and load the model in the seconds until the first part; everything else is measured from there. The
load of the machine changes pictures per second, but hardly the processor time.
"""

import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Annotated, NamedTuple, ParamSpec, TypeVar

import numpy as np
import psutil
import typer
from PIL import Image

from brushwork import images, stylizer
from brushwork.augment.draws import Draws
from brushwork.dataset.places import Place
from brushwork.dataset.plan import Report, open_plan
from brushwork.dataset.run import Runner, run_here, run_plan
from brushwork.dataset.stylizing import Stylizing
from brushwork.evaluation.machine import describe_machine
from brushwork.images import Picture
from brushwork.runtime import Array
from brushwork.scale.cluster import Cluster
from brushwork.scale.parts import run_on

P = ParamSpec("P")
R = TypeVar("R")
WORKER = "ray::MapWorker"  # name of the processes of Ray's actors


class Spent(NamedTuple):
    """Seconds of processor time of the workers, of this process, and of Ray's other processes."""

    workers: float
    driver: float
    ray: float


class Run(NamedTuple):
    """The reports of a run, the time of each in seconds from the start, and the processor time up to each."""

    reports: list[Report]
    times: list[float]
    spent: list[Spent]


def write_pictures(folder: Path, count: int, side: int) -> None:
    """Write JPEG files of smooth random colours."""
    generator = np.random.default_rng(0)
    for number in range(count):
        coarse = generator.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC).save(folder / f"{number:05d}.jpg")


def processor_time() -> Spent:
    """Return the processor time of this process and its descendants so far."""
    workers = ray = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            times, name = process.cpu_times(), process.name()
        except psutil.Error:  # it has ended
            continue
        seconds = times.user + times.system
        workers, ray = (workers + seconds, ray) if name.startswith(WORKER) else (workers, ray + seconds)
    return Spent(workers, time.process_time(), ray)


def measure(source: Path, target: Path, runner: Runner, together: int, model: str) -> Run:
    """Run a plan, and return its measurements."""
    plan = open_plan(str(source), str(target), Stylizing(model=model), together=together)
    start, run = time.perf_counter(), Run([], [], [])
    for report in run_plan(plan, runner):
        run.reports.append(report)
        run.times.append(time.perf_counter() - start)
        run.spent.append(processor_time())
    return run


def row(name: str, workers: int, run: Run) -> str:
    """Return a line of the table; without workers, this process renders the pictures."""
    first = max(1, workers)
    later = sum(report.made for report in run.reports[first:])
    rate = later / (run.times[-1] - run.times[first - 1])
    spent = [1000 * (end - begin) / later for begin, end in zip(run.spent[first - 1], run.spent[-1], strict=True)]
    made, rest = (spent[0], f"{spent[1] + spent[2]:.1f}") if workers else (spent[1], "")
    return f"| {name} | {run.times[0]:.1f} | {rate:.1f} | {made:.1f} | {rest} |"


def stages(source: Path, target: Path, model: str) -> dict[str, float]:
    """Return the milliseconds of processor time per picture of each step of a worker, all run in this thread."""
    loaded, task = stylizer.load(model, device="cpu", threads=1), Stylizing(model=model)
    styles, draws, place = task.open_styles(), Draws(1, task.strength, 0), Place(target)
    spent: dict[str, float] = {}

    def timed(step: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        start = time.process_time()
        value = function(*args, **kwargs)
        spent[step] = spent.get(step, 0) + time.process_time() - start
        return value

    def draw(number: int) -> Array:
        return styles.draw(draws.draw(number).generator, loaded, 224)[1]

    def encode(pastiche: Array) -> bytes:
        buffer = BytesIO()
        images.save(Picture.of(pastiche), buffer, format="JPEG")
        return buffer.getvalue()

    paths = sorted(source.iterdir())
    loaded.stylize(paths[0], draw(0))  # warms up
    for number, path in enumerate(paths):
        data = timed("read", path.read_bytes)
        picture = timed("decode", images.open, data)
        style = timed("draw a style", draw, number)
        pastiche = timed("render", loaded.stylize, picture, style)
        encoded = timed("encode", encode, pastiche)
        timed("write", place.write, path.name, encoded)
    return {step: 1000 * seconds / len(paths) for step, seconds in spent.items()}


def main(
    pictures: Annotated[int, typer.Option(help="Pictures of the data set.")] = 256,
    side: Annotated[int, typer.Option(help="Side of each in pixels.")] = 224,
    part: Annotated[int, typer.Option(help="Pictures of a part.")] = 16,
    model: Annotated[str, typer.Option(help="Model.")] = "brushwork-mobile",
    workers: Annotated[list[int], typer.Option(help="Numbers of workers; 0 is this process.")] = [0, 1, 2],  # noqa: B006
) -> None:
    """Measure the processor time and the overhead of a cluster per picture."""
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary) / "in"
        source.mkdir()
        write_pictures(source, pictures, side)
        print("| step of a worker | ms of processor time per picture |\n|---|---|")
        found = stages(source, Path(temporary) / "stages", model)
        for step, milliseconds in {**found, "all": sum(found.values())}.items():
            print(f"| {step} | {milliseconds:.2f} |")
        print("\n| | s to the first part | pictures/s after it | ms of processor time per picture | driver and Ray |")
        print("|---|---|---|---|---|", flush=True)
        for count in workers:
            runner = run_on(Cluster(workers=count, threads=1, device="cpu")) if count else run_here(1, "cpu")
            name = f"Ray, {count} worker{'s' * (count > 1)}" if count else "this process, one thread"
            print(row(name, count, measure(source, Path(temporary) / f"out-{count}", runner, part, model)), flush=True)
    print(describe_machine())


if __name__ == "__main__":
    typer.run(main)
