"""Data sets in object stores: S3 and GCS as servers on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from brushwork.dataset.places import Place
from brushwork.dataset.plan import open_plan
from brushwork.dataset.run import join_parts, run_here, run_plan
from brushwork.dataset.stylizing import Stylizing
from tests.dataset.samples import BROKEN, NAMES

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the servers
MISSING = "a server of S3 or GCS is not installed: pip install -e '.[dev]'"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a bucket of S3."""
    server = pytest.importorskip("moto.server", reason=MISSING)
    s3fs = pytest.importorskip("s3fs", reason=MISSING)
    running = server.ThreadedMotoServer(port=0)
    running.start()
    host, port = running.get_host_and_port()
    for name, value in (("ENDPOINT_URL", f"http://{host}:{port}"), ("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b")):
        monkeypatch.setenv(f"AWS_{name}", value)
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().makedirs("bucket", exist_ok=True)
    yield "s3://bucket"
    running.stop()


@pytest.fixture
def gcs(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a bucket of GCS."""
    server = pytest.importorskip("gcp_storage_emulator.server", reason=MISSING)
    gcsfs = pytest.importorskip("gcsfs", reason=MISSING)
    running = server.create_server("localhost", 0, in_memory=True, default_bucket="bucket")
    running.start()
    port = running._api._httpd.server_address[1]
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://localhost:{port}")
    gcsfs.GCSFileSystem.clear_instance_cache()
    yield "gs://bucket"
    running.stop()


@pytest.mark.parametrize("store", ["s3", "gcs"])
def test_a_data_set_in_an_object_store_is_rendered_and_continued(
    store: str, request: pytest.FixtureRequest, photos: Path, tmp_path: Path, model: Path
) -> None:
    bucket = f"{request.getfixturevalue(store)}/files"
    task = Stylizing(model=str(model))
    source = Place(f"{bucket}/photos")
    for name in Place(photos).find():
        Place(photos).copy(name, source)
    first = open_plan(source.url, f"{bucket}/out", task, together=3)
    first.make(1, "cpu")(first.parts[1])
    again = open_plan(source.url, f"{bucket}/out", task, together=3)
    assert [report.index for report in run_plan(again, run_here(1, "cpu"))] == [0, 2]
    assert join_parts(again, "manifest.parquet") == len(NAMES) + 1
    alone = open_plan(str(photos), str(tmp_path / "out"), task, together=3)
    list(run_plan(alone, run_here(1, "cpu")))
    target = Place(f"{bucket}/out")
    assert {*NAMES, "labels.csv"} <= set(target.find()) and BROKEN not in target.find()
    for name in NAMES:
        assert target.read(name) == (tmp_path / "out" / name).read_bytes()


@pytest.mark.parametrize("store", ["s3", "gcs"])
def test_tars_and_tables_become_single_objects(
    store: str, request: pytest.FixtureRequest, photos: Path, model: Path
) -> None:
    bucket = f"{request.getfixturevalue(store)}/shards"
    for kind in ("tar", "parquet"):
        plan = open_plan(str(photos), f"{bucket}/{kind}", Stylizing(model=str(model), kind=kind), together=5)
        list(run_plan(plan, run_here(1, "cpu")))
        assert join_parts(plan, "manifest.parquet") == len(NAMES) + 1
        found = [name for name in Place(f"{bucket}/{kind}").find() if name.startswith("part-")]
        assert found == [f"part-00000{number}.{kind}" for number in (0, 1)]
        copied = open_plan(f"{bucket}/{kind}", f"{bucket}/{kind}-again", Stylizing(model=str(model)), together=5)
        list(run_plan(copied, run_here(1, "cpu")))
        names = [name for name in Place(f"{bucket}/{kind}-again").find() if name.startswith("part-")]
        assert names == found
