"""What Ray costs: a data set stylised in this process, and by one and two workers of a cluster on this machine.

    python -m benchmarks.cluster --pictures 256 --side 224

Seconds until the first part are those in which workers start and load the model; the rate counts from there.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from brushwork.dataset.plan import Report, open_plan
from brushwork.dataset.run import Runner, run_here, run_plan
from brushwork.dataset.stylizing import Stylizing
from brushwork.evaluation.machine import describe_machine
from brushwork.scale.cluster import Cluster
from brushwork.scale.parts import run_on


def write_pictures(folder: Path, count: int, side: int) -> None:
    """JPEG files of soft random colours."""
    generator = np.random.default_rng(0)
    for number in range(count):
        coarse = generator.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC).save(folder / f"{number:05d}.jpg")


def measure(source: Path, target: Path, runner: Runner, together: int, model: str) -> tuple[list[Report], list[float]]:
    """The reports of a run, and when each came, in seconds from its beginning."""
    plan = open_plan(str(source), str(target), Stylizing(model=model), together=together)
    start, reports, times = time.perf_counter(), [], []
    for report in run_plan(plan, runner):
        reports.append(report)
        times.append(time.perf_counter() - start)
    return reports, times


def row(name: str, workers: int, reports: Sequence[Report], times: Sequence[float]) -> str:
    """A line of the table: the overhead is the workers' time in which no part was made."""
    later = sum(report.made for report in reports[workers:])
    span = times[-1] - times[workers - 1]
    busy = sum(report.seconds for report in reports[workers:])
    overhead = max(0.0, workers * span - busy) / later
    return f"| {name} | {times[0]:.1f} | {later / span:.1f} | {1000 * busy / later:.1f} | {1000 * overhead:.2f} |"


def main(
    pictures: Annotated[int, typer.Option(help="Pictures of the data set.")] = 256,
    side: Annotated[int, typer.Option(help="Side of each in pixels.")] = 224,
    part: Annotated[int, typer.Option(help="Pictures of a part.")] = 16,
    model: Annotated[str, typer.Option(help="Model.")] = "brushwork-mobile",
) -> None:
    """Measure the overhead of a cluster for each picture."""
    runners: dict[str, tuple[int, Runner]] = {
        "this process": (1, run_here(1, "cpu")),
        "Ray, 1 worker": (1, run_on(Cluster(workers=1, threads=1, device="cpu"))),
        "Ray, 2 workers": (2, run_on(Cluster(workers=2, threads=1, device="cpu"))),
    }
    print("| | s to the first part | pictures/s after it | ms a picture in a worker | ms overhead a picture |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary) / "in"
        source.mkdir()
        write_pictures(source, pictures, side)
        for number, (name, (workers, runner)) in enumerate(runners.items()):
            found = measure(source, Path(temporary) / f"out-{number}", runner, part, model)
            print(row(name, workers, *found), flush=True)
    print(describe_machine())


if __name__ == "__main__":
    typer.run(main)
