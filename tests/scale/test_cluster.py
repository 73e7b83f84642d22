"""A data set made on a real cluster of two nodes, one of which is killed in the middle."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brushwork.dataset.plan import Plan, open_plan
from brushwork.dataset.run import join_parts, run_here, run_plan
from brushwork.dataset.stylizing import Stylizing
from tests.dataset.samples import encoded, rows_of

PICTURES, TOGETHER = 24, 2


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster whose head has no CPUs for workers, and two nodes of it with one each."""
    import ray
    from ray.cluster_utils import Cluster

    # Workers import brushwork and these tests from the same sources as this process.
    root = Path(__file__).parents[2]
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(root / "src"), str(root)]))
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


def plan_of(source: Path, target: Path) -> Plan:
    return open_plan(str(source), str(target), Stylizing(model="brushwork-mobile"), together=TOGETHER)


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_every_picture_is_there_once_though_a_node_is_killed(cluster: Any, tmp_path: Path) -> None:
    from brushwork.scale.cluster import Cluster
    from brushwork.scale.parts import run_on

    running, nodes = cluster
    source = write_pictures(tmp_path / "in")
    plan = plan_of(source, tmp_path / "out")
    reports = []
    for report in run_plan(plan, run_on(Cluster(threads=1, device="cpu"))):
        reports.append(report)
        if len(reports) == 3:
            running.remove_node(nodes[0], allow_graceful=False)
    assert sorted(report.index for report in reports) == list(range(PICTURES // TOGETHER))
    assert sum(report.made for report in reports) == PICTURES - 1
    assert join_parts(plan, "manifest.parquet") == PICTURES
    contents = [str(row["content"]) for row in rows_of(tmp_path / "out/manifest.parquet")]
    assert sorted(contents) == sorted(pictures(source))
    alone = plan_of(source, tmp_path / "alone")
    list(run_plan(alone, run_here(1, "cpu")))
    assert pictures(tmp_path / "out") == pictures(tmp_path / "alone")
