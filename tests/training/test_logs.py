"""The log of a run: JSON lines, TensorBoard events and grids."""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from brushwork.training.logs import open_log
from brushwork.training.progress import Progress


def test_json_lines_tensorboard_events_and_grids_are_written(tmp_path: Path) -> None:
    white = np.ones((8, 12, 3), np.float32)
    first = Progress(10, 20, {"content": 3.0, "style/relu1_2": 0.5, "total": 1.5}, 1e-3, 0.25, 4.0)
    last = Progress(
        20,
        20,
        {"content": 2.0, "style/relu1_2": 0.25, "total": 1.0},
        5e-4,
        0.125,
        8.0,
        white,
        minutes=3.5,
        pastiches=6,
        validation={"total": 7.0},
    )
    with open_log(tmp_path) as keep:
        keep(first)
        keep(last)

    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["step"] for line in lines] == [10, 20]
    assert lines[1] == {
        "step": 20, "content": 2.0, "style/relu1_2": 0.25, "total": 1.0,
        "learning_rate": 5e-4, "gradient": 0.125, "pastiches_per_second": 8.0,
        "pastiches": 6, "minutes": 3.5, "validation/total": 7.0,
    }  # fmt: skip
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [(event.step, event.value) for event in events.Scalars("style/relu1_2")] == [(10, 0.5), (20, 0.25)]
    with Image.open(tmp_path / "grid-0000020.png") as grid:
        assert grid.size == (12, 8)


def test_a_resumed_run_appends_to_its_log(tmp_path: Path) -> None:
    for step in (1, 2):
        with open_log(tmp_path) as keep:
            keep(Progress(step, 2, {"total": 1.0}, 1e-3, 0.0, 1.0, first=step - 1))
    assert steps(tmp_path) == [1, 2]


def test_steps_after_the_checkpoint_are_logged_once(tmp_path: Path) -> None:
    def log(first: int, *logged: int) -> None:
        with open_log(tmp_path) as keep:
            for step in logged:
                keep(Progress(step, 60, {"total": float(first)}, 1e-3, 0.0, 1.0, first=first))

    log(0, 10, 20, 30, 40)
    with (tmp_path / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"step": 50, "tot')  # killed while it wrote, with a checkpoint of step 25
    log(25, 30, 40, 50)
    assert steps(tmp_path) == [10, 20, 30, 40, 50]
    log(0, 10)  # killed before there was any checkpoint, and begun again
    assert steps(tmp_path) == [10]


def steps(folder: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
