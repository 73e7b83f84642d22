"""A real cluster of two nodes: drivers, nodes and workers are killed, and nothing is lost or done twice."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from brushwork import stylizer
from brushwork.cli import parts as command
from brushwork.dataset.embedding import Embedding
from brushwork.dataset.parts import Part
from brushwork.dataset.places import Place
from brushwork.dataset.plan import Plan, Report, open_plan
from brushwork.dataset.run import join_parts, run_here, run_plan
from brushwork.dataset.stylizing import Stylizing
from tests.dataset.samples import encoded, rows_of

PICTURES, TOGETHER = 40, 2
MODEL = "brushwork-mobile"
# Makes six parts at most, and is killed after the third report.
DRIVER = """
import os, signal, sys
from tests.scale.test_cluster import plan_of
from brushwork.scale.cluster import Cluster
from brushwork.scale.parts import run_on

plan = plan_of(sys.argv[2], sys.argv[3])
for number, report in enumerate(run_on(Cluster(sys.argv[1], threads=1, device="cpu"))(plan, plan.remaining()[:6])):
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster whose head has no CPUs for workers, and two nodes of it with one each."""
    import ray
    from ray.cluster_utils import Cluster

    # Workers import brushwork and these tests from the same sources as this process.
    root = Path(__file__).parents[2]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        environment.setenv("RAY_BACKEND_LOG_LEVEL", "fatal")  # as where brushwork connects by itself
        environment.setenv("PYTHONPATH", os.pathsep.join([str(root / "src"), str(root)]))
        started = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        try:
            nodes = [started.add_node(num_cpus=1) for _ in range(2)]
            ray.init(address=started.address, log_to_driver=False, logging_level=logging.ERROR)
            yield started, nodes
        finally:
            ray.shutdown()
            started.shutdown()


def write_pictures(folder: Path) -> Path:
    for number in range(PICTURES):
        path = folder / f"class-{number % 3}/{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"broken" if number == 5 else encoded(number, "PNG"))
    return folder


@dataclass(frozen=True)
class Deadly:
    """A task in which one part kills every worker, as one that takes all memory does."""

    settings: ClassVar[dict[str, Any]] = {}

    def marker(self, part: Part) -> str:
        return f"done/{part.index}"

    def open(self, threads: int | None, device: str) -> Callable[[Place, Place, Part], Report]:
        return self.make

    def make(self, source: Place, target: Place, part: Part) -> Report:
        target.write(f"tries/{part.index}-{time.time_ns()}", b"")
        if part.index == 1:
            os._exit(1)
        target.write(self.marker(part), b"")
        return Report(part.index, 1)


def plan_of(source: Path | str, target: Path | str) -> Plan:
    return open_plan(str(source), str(target), Stylizing(model=MODEL), together=TOGETHER)


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_every_picture_exists_once_after_a_driver_and_a_node_were_killed(cluster: Any, tmp_path: Path) -> None:
    from brushwork.scale.cluster import Cluster
    from brushwork.scale.parts import run_on

    running, nodes = cluster
    source, target = write_pictures(tmp_path / "in"), tmp_path / "out"
    arguments = [running.address, str(source), str(target)]
    killed = subprocess.run([sys.executable, "-c", DRIVER, *arguments], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    plan = plan_of(source, target)
    remaining = [part.index for part in plan.remaining()]
    done = set(range(PICTURES // TOGETHER)) - set(remaining)
    assert 3 <= len(done) <= 6
    reports = []
    for report in run_plan(plan, run_on(Cluster(threads=1, device="cpu"))):
        reports.append(report)
        if len(reports) == 3:
            running.remove_node(nodes[0], allow_graceful=False)
    made = sorted(report.index for report in reports)
    assert len(made) == len(set(made))
    assert set(made) <= set(remaining)  # what the killed driver's workers finished is not made again
    assert join_parts(plan, "manifest.parquet") == PICTURES
    contents = [str(row["content"]) for row in rows_of(target / "manifest.parquet")]
    assert sorted(contents) == sorted(pictures(source))
    alone = plan_of(source, tmp_path / "alone")
    list(run_plan(alone, run_here(1, "cpu")))
    assert pictures(target) == pictures(tmp_path / "alone")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_styles_are_embedded_on_a_cluster(cluster: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    running, _ = cluster
    source, target = write_pictures(tmp_path / "in"), tmp_path / "out"
    (source / "class-2/005.png").unlink()  # the broken one
    plan = open_plan(str(source), str(target), Embedding(model=MODEL), together=10)
    options = command.PartOptions(ray=running.address, threads=1, device="cpu")
    command.make_parts(plan, "embeddings.parquet", options)
    rows = rows_of(target / "embeddings.parquet")
    assert sorted(str(row["style"]) for row in rows) == sorted(pictures(source))
    loaded = stylizer.load(MODEL, device="cpu", threads=1)
    for row in rows[::13]:
        expected = loaded.embed(source / str(row["style"]))[0]
        assert np.asarray(row["embedding"]) == pytest.approx(expected, abs=1e-5)
    out = capfd.readouterr()
    assert out.out.startswith(f"{PICTURES - 1} pictures; ")
    assert "INFO" not in out.err and "core_worker" not in out.err


@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_a_part_that_kills_its_workers_is_named_and_all_others_are_made(cluster: Any, tmp_path: Path) -> None:
    from brushwork.scale.cluster import Cluster
    from brushwork.scale.parts import TRIES, run_on

    place = Place(tmp_path)
    plan = Plan(place, place, Deadly(), [Part(index, "folder", (f"{index}.jpg",)) for index in range(4)])
    reports = list(run_on(Cluster(threads=1, device="cpu"))(plan, plan.parts))
    assert sorted(report.index for report in reports if report.failed is None) == [0, 2, 3]
    (failed,) = [report.failed for report in reports if report.failed]
    assert failed == f"1.jpg: {TRIES} workers died while making it"
    assert [part.index for part in plan.remaining()] == [1]
    assert len([name for name in place.find("tries") if name.startswith("tries/1-")]) == TRIES
