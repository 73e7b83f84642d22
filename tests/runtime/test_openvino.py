"""The OpenVINO runtime: precisions, cached graphs, threads, errors and memory."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brushwork import images
from brushwork.errors import UserError
from brushwork.model_folder import WEIGHTS, ModelFolder
from brushwork.runtime.compiled import core
from brushwork.runtime.openvino import OpenVINORuntime
from brushwork.stylizer import load


def runtime(folder: ModelFolder, **options: Any) -> OpenVINORuntime:
    return OpenVINORuntime(folder.path, folder.sha256[WEIGHTS], **options)


def test_auto_precision_is_bf16_only_where_it_is_native(table_folder: ModelFolder) -> None:
    native = "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    assert runtime(table_folder).precision == ("bf16" if native else "f32")
    assert runtime(table_folder, precision="f32").precision == "f32"
    if not native:
        with pytest.raises(UserError, match="no native bf16"):
            runtime(table_folder, precision="bf16")


@pytest.mark.numeric
@pytest.mark.parametrize("model", ["brushwork-mobile", "magenta-mobile"])
def test_auto_precision_changes_the_pastiche_invisibly(model: str) -> None:
    """Of a photo, about one level of 255; white noise in a random network would lose twice as much."""
    photo = images.resize(images.open(Path("examples/cat.jpg")).image, (240, 320))
    style = images.open(Path("examples/ink.jpg")).image
    auto, exact = (load(model, precision=precision) for precision in ("auto", "f32"))
    embedding = exact.embed(style)
    np.testing.assert_array_equal(auto.embed(style), embedding)
    assert np.abs(auto.stylize(photo, embedding) - exact.stylize(photo, embedding)).mean() < 0.005


@pytest.mark.parametrize("precision", ["auto", "int8"])
def test_the_predictor_is_exact_in_every_precision(
    predicted_folder: ModelFolder, random: np.random.Generator, precision: str
) -> None:
    style = random.random((1, 96, 128, 3), dtype=np.float32)
    exact = runtime(predicted_folder, precision="f32").predict(style)
    np.testing.assert_array_equal(runtime(predicted_folder, precision=precision).predict(style), exact)


def test_compiled_graphs_are_cached_under_the_digest_of_the_weights(table_folder: ModelFolder, tmp_path: Path) -> None:
    first = runtime(table_folder, cache=tmp_path)
    content, embedding = np.full((1, 32, 32, 3), 0.5, np.float32), np.ones((1, 3), np.float32)
    pastiche = first.transfer(content, embedding)
    blobs = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert blobs and all(path.parent.name == table_folder.sha256[WEIGHTS][:16] for path in blobs)
    again = runtime(table_folder, cache=tmp_path).transfer(content, embedding)
    np.testing.assert_allclose(again, pastiche, atol=1e-6)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == blobs


@pytest.mark.parametrize("damage", [b"", b"no graph"])
def test_a_damaged_compiled_graph_is_compiled_again(table_folder: ModelFolder, tmp_path: Path, damage: bytes) -> None:
    content, embedding = np.full((1, 32, 32, 3), 0.5, np.float32), np.ones((1, 3), np.float32)
    pastiche = runtime(table_folder, cache=tmp_path).transfer(content, embedding)
    (blob,) = (path for path in tmp_path.rglob("*") if path.is_file())
    blob.write_bytes(damage)
    again = runtime(table_folder, cache=tmp_path).transfer(content, embedding)
    np.testing.assert_allclose(again, pastiche, atol=1e-6)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [blob]  # in its place, and nothing beside it
    assert len(blob.read_bytes()) > len(damage)


def test_ctrl_c_does_not_crash_after_several_runtimes_were_destroyed(table_folder: ModelFolder) -> None:
    """Each core of OpenVINO moves the stack of signals; that of the last must not be gone."""
    program = f"""
import gc, pathlib, signal
import numpy as np
from brushwork.runtime.compiled import core
from brushwork.runtime.openvino import OpenVINORuntime
folder = pathlib.Path({str(table_folder.path)!r})
for _ in range(2):
    made = [OpenVINORuntime(folder, "0" * 64) for _ in range(2)]
    for number in range(2):
        made[number].transfer(np.zeros((1, 32, 32, 3), np.float32), np.ones((1, 3), np.float32))
    while made:
        del made[0]
        gc.collect()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""
    environment = os.environ | {"PYTHONFAULTHANDLER": ""}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert (run.returncode, run.stdout) == (0, "interrupted\n"), run.stderr


STARTS = """
import faulthandler, os, pathlib, sys, threading
import numpy as np
from brushwork.runtime.openvino import OpenVINORuntime

def paint(runtime, both):
    both.wait()
    runtime.transfer(np.zeros((1, 16, 16, 3), np.float32), np.ones((1, 3), np.float32))

def start():
    faulthandler.dump_traceback_later(120, exit=True)
    runtime, both = OpenVINORuntime(pathlib.Path(sys.argv[1]), "0" * 64, threads=1), threading.Barrier(2)
    threads = [threading.Thread(target=paint, args=(runtime, both)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os._exit(0)

frozen = 0
for _ in range(int(sys.argv[2])):
    child = os.fork()
    if not child:
        start()
    frozen += os.waitpid(child, 0)[1] != 0
print(frozen)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="starts are made cheap by forking, which is not possible here")
def test_two_threads_that_render_first_at_the_same_moment_do_not_freeze(table_folder: ModelFolder) -> None:
    """Of 150 such starts 11 froze for good when nothing had run before the threads; 200 miss that once in 4 million."""
    command = [sys.executable, "-c", STARTS, str(table_folder.path), "200"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "0\n"


def test_the_model_converter_of_openvino_is_not_imported(tmp_path: Path) -> None:
    program = "import sys, brushwork.runtime.openvino; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "openvino" in modules
    assert not [name for name in modules if name.startswith(("openvino_telemetry", "openvino.tools"))]


def test_an_unwritable_cache_is_not_used(table_folder: ModelFolder, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    pastiche = runtime(table_folder, cache=tmp_path / "file" / "below").transfer(
        np.zeros((1, 16, 16, 3), np.float32), np.ones((1, 3), np.float32)
    )
    assert pastiche.shape == (1, 16, 16, 3)


AFFINITY = """
import os, pathlib, sys, threading
import numpy as np
from brushwork.runtime.openvino import OpenVINORuntime

runtime = OpenVINORuntime(pathlib.Path(sys.argv[1]), "0" * 64, threads=int(sys.argv[2]))
computing, ended, seen = threading.get_native_id(), threading.Event(), set()

def watch():
    while not ended.wait(0.0005):
        seen.add(len(os.sched_getaffinity(computing)))

watching = threading.Thread(target=watch)
watching.start()
for _ in range(50):
    runtime.transfer(np.zeros((1, 128, 128, 3), np.float32), np.ones((1, 3), np.float32))
ended.set()
watching.join()
print(*seen)
"""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system has no affinity of threads to cores")
@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_runtime_of_few_threads_is_not_pinned_to_the_first_cores(table_folder: ModelFolder, threads: str) -> None:
    """By default, OpenVINO pins threads: the workers of a cluster, of one thread each, would all share one core."""
    command = [sys.executable, "-c", AFFINITY, str(table_folder.path), threads]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout == f"{len(os.sched_getaffinity(0))}\n"


def test_threads_share_a_runtime(table_folder: ModelFolder, random: np.random.Generator) -> None:
    shared, embedding = runtime(table_folder, precision="f32", threads=1), np.ones((1, 3), np.float32)
    contents = [random.random((1, 16 + i, 24, 3), dtype=np.float32) for i in range(8)]
    alone = [shared.transfer(content, embedding) for content in contents]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda content: shared.transfer(content, embedding), contents))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_errors_of_openvino_become_one_line(table_folder: ModelFolder) -> None:
    wrong = np.zeros((1, 32, 32, 4), np.float32)
    with pytest.raises(UserError, match="OpenVINO failed on this picture") as raised:
        runtime(table_folder).transfer(wrong, np.ones((1, 3), np.float32))
    assert "\n" not in str(raised.value)


def test_an_unknown_device_names_the_available_ones(table_folder: ModelFolder) -> None:
    with pytest.raises(UserError, match="no device 'tpu'; OpenVINO finds CPU"):
        runtime(table_folder, device="tpu")


def test_an_expected_size_gives_the_same_pastiches_and_others_still_work(
    predicted_folder: ModelFolder, random: np.random.Generator
) -> None:
    plain, expecting = runtime(predicted_folder, precision="f32"), runtime(predicted_folder, precision="f32")
    embedding = random.standard_normal((1, 100), dtype=np.float32)
    expecting.expect(45, 62, together=2)
    for shape in ((1, 45, 62, 3), (2, 45, 62, 3), (1, 64, 32, 3), (1, 45, 62, 3)):
        content = random.random(shape, dtype=np.float32)
        embeddings = np.repeat(embedding, shape[0], axis=0)
        np.testing.assert_allclose(
            expecting.transfer(content, embeddings), plain.transfer(content, embeddings), atol=1e-4
        )
        ours, theirs = (one.transfer_with_statistics(content, embeddings) for one in (expecting, plain))
        np.testing.assert_allclose(ours[0], theirs[0], atol=1e-4)
        np.testing.assert_allclose(ours[1], theirs[1], atol=1e-3 * float(np.abs(theirs[1]).max()))


GROWTH = """
import sys
from pathlib import Path
import numpy as np
from brushwork.runtime.openvino import OpenVINORuntime

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

runtime = OpenVINORuntime(Path(sys.argv[1]), "0" * 16, cache=Path(sys.argv[2]), threads=1, precision="f32")
sizes = [(32 + number % 20, 32 + number // 20) for number in range(400)]
for number, (height, width) in enumerate(sizes):
    runtime.transfer(np.full((1, height, width, 3), 0.5, np.float32), np.ones((1, 3), np.float32))
    if number == 99:
        before = resident()
print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_each_new_size(table_folder: ModelFolder, tmp_path: Path) -> None:
    """300 further sizes took 90 MB while OpenVINO cached the kernels of each; oneDNN's own cache is bounded."""
    command = [sys.executable, "-c", GROWTH, str(table_folder.path), str(tmp_path)]
    grown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert float(grown) < 30
