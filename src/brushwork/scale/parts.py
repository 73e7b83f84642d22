"""Makes the parts of a plan on the workers of a Ray cluster, with Ray Data.

One worker reads, makes and writes a part, so that only the names of its files and a report are sent. If a worker is
lost with its node, its parts are made again elsewhere: a part is a function of the plan, and the file that marks it as
done is written last and in one step, so that nothing is missing or duplicated.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import ray

from brushwork.dataset.parts import Part
from brushwork.dataset.places import Place
from brushwork.dataset.plan import Plan, Report, Task
from brushwork.dataset.run import Runner
from brushwork.scale.cluster import Cluster

COLUMNS = ("index", "made", "bad", "failed", "seconds")
# Attempts per part: a part that kills every worker, for example by using all memory, must not be tried for ever.
TRIES = 3


class Tries:
    """An actor that counts how often each part has been begun."""

    def __init__(self) -> None:
        self._begun = Counter[int]()

    def begin(self, index: int) -> int:
        """Count an attempt at a part, and return the number of its attempts."""
        self._begun[index] += 1
        return self._begun[index]


class PartWorker:
    """An actor that holds the loaded model and makes parts."""

    def __init__(self, source: Place, target: Place, task: Task, threads: int, device: str, tries: Any) -> None:
        self._make, self._tries = Plan(source, target, task, ()).make(threads, device), tries

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Make a part, and return its report as plain values."""
        part = Part(int(row["index"]), row["kind"], tuple(row["names"]))
        if ray.get(self._tries.begin.remote(part.index)) > TRIES:
            report = Report(part.index, 0, failed=f"{part.names[0]}: {TRIES} workers died while making it")
        else:
            report = self._make(part)
        return {name: getattr(report, name) for name in COLUMNS} | {"bad": list(report.bad)}


def run_on(cluster: Cluster) -> Runner:
    """Return a runner that makes the parts on a cluster."""

    def run(plan: Plan, parts: Sequence[Part]) -> Iterator[Report]:
        with cluster.connected():
            ray.data.DataContext.get_current().enable_progress_bars = False  # the caller shows its own
            count = min(cluster.count(), len(parts))
            tries = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Tries).remote()
            rows = ray.data.from_items([asdict(part) for part in parts], override_num_blocks=len(parts))
            reports = rows.map(
                PartWorker,  # type: ignore[arg-type]  # Ray takes classes, and its stubs lack them
                fn_constructor_args=(plan.source, plan.target, plan.task, cluster.threads or 1, cluster.device, tries),
                compute=ray.data.ActorPoolStrategy(min_size=1, initial_size=count, max_size=count),
                **cluster.options(),
            )
            for row in reports.iter_rows():
                yield Report(int(row["index"]), int(row["made"]), tuple(row["bad"]), row["failed"], row["seconds"])

    return run
