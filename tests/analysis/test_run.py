"""Every experiment at its tiny scale writes numbers, figures and a page."""

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from brushwork.analysis.experiment import Context, Inputs
from brushwork.analysis.page import format_cell
from brushwork.analysis.run import EXPERIMENTS, run_experiment
from brushwork.errors import UserError
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.training import checkpoints


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_writes_its_folder(name: str, inputs: Inputs, tmp_path: Path) -> None:
    result = run_experiment(name, Context(inputs, tmp_path, "tiny"))
    values = json.loads((tmp_path / "numbers.json").read_text(encoding="utf-8"))
    assert values["experiment"] == name and values["numbers"]
    assert values["machine"]["processor"] and values["time"]["seconds"] > 0
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert result.tables and result.plots
    files = re.findall(r'<img src="([^"]+)"', page)
    assert len(files) == len(result.plots) and all((tmp_path / file).stat().st_size > 1000 for file in files)
    assert "tiny" in page and values["machine"]["processor"] in page


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("normalization", {}, "did you mean 'normalisation'"),
        ("normalisation", {"scale": "huge"}, "unknown scale 'huge'"),
        ("normalisation", {"seeds": 0}, "the number of seeds is 0"),
        ("normalisation", {"inputs": Inputs()}, "needs --contents"),
    ],
)
def test_invalid_requests_are_one_line_errors(
    name: str, changes: dict[str, object], expected: str, inputs: Inputs, tmp_path: Path
) -> None:
    arguments = {"inputs": inputs, "folder": tmp_path / "out", "scale": "tiny", **changes}
    with pytest.raises(UserError, match=re.escape(expected)):
        run_experiment(name, Context(**arguments))  # type: ignore[arg-type]


def test_a_trained_run_of_adain_is_compared_with_the_model(inputs: Inputs, tmp_path: Path) -> None:
    network = PasticheNetwork(PasticheConfig(system="adain"))
    checkpoints.save_checkpoint(
        tmp_path / "run" / checkpoints.CHECKPOINT, network, step=7, recipe={"data": {"batch": 4}},
        averaged=network.state_dict(),
    )  # fmt: skip
    given = replace(inputs, contents=(), styles=(), adain=tmp_path / "run", model="brushwork-mobile")
    result = run_experiment("adain", Context(given, tmp_path / "out", "tiny"))
    assert result.setting["steps of AdaIN"] == 7 and result.setting["model"] == "brushwork-mobile"
    assert [row[0] for row in result.tables[0].rows][1:] == ["AdaIN", "the photo itself", "optimised pixels"]
    # VGG-16 up to relu4_1, its mean colour and mean activations, and the decoder.
    channels = (3, 64, 64, 128, 128, 256, 256, 256, 512)
    encoder = sum(9 * before * after + after for before, after in pairwise(channels))
    assert result.numbers["AdaIN"]["weights"] == encoder + 3_505_219 + 3 + 512
    assert not (tmp_path / "out" / "runs").exists()  # nothing was trained


def test_a_run_of_another_system_is_not_taken_for_adain(inputs: Inputs, tmp_path: Path) -> None:
    table = PasticheNetwork(PasticheConfig(styles=("a",), width=0.125))
    checkpoints.save_checkpoint(tmp_path / "run" / checkpoints.CHECKPOINT, table, averaged=table.state_dict())
    with pytest.raises(UserError, match="is not a run of AdaIN"):
        run_experiment("adain", Context(replace(inputs, adain=tmp_path / "run"), tmp_path / "out", "tiny"))


def test_numbers_are_formatted_for_people() -> None:
    assert [format_cell(cell) for cell in (0.12345, 12345.6, 12345, "a", None)] == [
        "0.123",
        "12,346",
        "12,345",
        "a",
        "–",
    ]
