"""What `dataset` and `embed` share: options for parts and clusters, and running a plan with a progress bar."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from brushwork.cli import progress
from brushwork.cli.options import MACHINE, Device, Model, Threads, given, option

if TYPE_CHECKING:
    from brushwork.dataset.plan import Plan, Task
    from brushwork.dataset.run import Runner

PartSize = Annotated[int | None, option(None, "--part-size", "1..", "Files of a folder per part; default 256.")]
Ray = Annotated[str | None, option(MACHINE, "--ray", "ADDRESS|local", "Run on a Ray cluster; local starts one here.")]
Workers = Annotated[int | None, option(MACHINE, "--workers", "1..", "Workers on the cluster; default: all that fit.")]


@dataclass
class PartOptions:
    """Size of parts, and the machines that process them."""

    part_size: PartSize = None
    ray: Ray = None
    workers: Workers = None
    model: Model = None
    device: Device = None
    threads: Threads = None

    def run(self, source: str, target: str, task: "Task", joined: str) -> None:
        """Write the missing parts of a data set and join their Parquet files.

        Args:
            source: Folder, tar or Parquet file to read.
            target: Folder, tar or Parquet file to write.
            task: What is done with each part.
            joined: Name of the joined Parquet file, without its extension.

        Raises:
            UserError: If a picture or part failed; all others have been written.
        """
        from brushwork.dataset.plan import open_plan

        make_parts(open_plan(source, target, task, **given(together=self.part_size)), f"{joined}.parquet", self)


def parse_range(text: str) -> tuple[float, float]:
    """Parse a range such as ``0.3,1``, or a single number.

    Raises:
        UserError: If it is neither.
    """
    from brushwork.errors import UserError

    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2):
        raise UserError(f"the strength is {text!r}; give one number or two, such as 0.3,1")
    return numbers[0], numbers[-1]


def _runner(options: PartOptions) -> "Runner":
    """Return what runs the parts: this process, or a Ray cluster."""
    from brushwork import extras
    from brushwork.dataset.run import run_here
    from brushwork.errors import UserError

    machine = given(device=options.device, threads=options.threads)
    if options.ray is None:
        if options.workers is not None:
            raise UserError("--workers requires --ray")
        return run_here(**machine)
    extras.require("ray", "--ray")
    from brushwork.scale.cluster import Cluster
    from brushwork.scale.parts import run_on

    return run_on(Cluster(options.ray, **machine, **given(workers=options.workers)))


def make_parts(plan: "Plan", joined: str, options: PartOptions) -> None:
    """Write the missing parts of a plan under a progress bar, and join their Parquet files.

    Raises:
        UserError: If a picture or part failed; all others have been written.
    """
    from brushwork.dataset.run import join_parts, run_plan
    from brushwork.errors import UserError

    runner = _runner(options)
    remaining = len(plan.remaining())
    if remaining < len(plan.parts):
        print(f"{len(plan.parts) - remaining} of {len(plan.parts)} parts are already done", file=sys.stderr)
    made = bad = failed = 0
    with progress.bar(remaining) as bar:
        for number, report in enumerate(run_plan(plan, runner), start=1):
            for line in [*report.bad, *([report.failed] if report.failed else [])]:
                bar.print(f"brushwork: {line}")
            made, bad, failed = made + report.made, bad + len(report.bad), failed + bool(report.failed)
            bar.update(number, words=f"{made} pictures")
    rows = join_parts(plan, joined)
    print(f"{made} pictures; {plan.target.url}/{joined}: {rows} rows" if rows else f"{made} pictures")
    if failed:
        raise UserError(f"{failed} parts could not be written; run the same command again")
    if bad:
        raise UserError(f"{bad} pictures could not be used and are listed in the manifest; all others are done")
