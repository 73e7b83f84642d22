"""Runs a plan for a data set with a progress bar and reports the result; shared by `dataset` and `embed`."""

import sys
from typing import TYPE_CHECKING, Any

from brushwork.cli import progress

if TYPE_CHECKING:
    from brushwork.dataset.plan import Plan


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


def make_parts(plan: "Plan", joined: str, ray: str | None, **machine: Any) -> None:
    """Write the missing parts of a plan, locally or on a Ray cluster, and join their Parquet files.

    Args:
        plan: The plan.
        joined: Name of the joined Parquet file.
        ray: Address of a cluster, ``local``, or None for this process.
        **machine: Device, threads and the number of workers.

    Raises:
        UserError: If a picture or part failed; all others have been written.
    """
    from brushwork import extras
    from brushwork.dataset.run import join_parts, run_here, run_plan
    from brushwork.errors import UserError

    if ray is None:
        if "workers" in machine:
            raise UserError("--workers requires --ray")
        runner = run_here(**machine)
    else:
        extras.require("ray", "--ray")
        from brushwork.scale.cluster import Cluster
        from brushwork.scale.parts import run_on

        runner = run_on(Cluster(ray, **machine))
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
