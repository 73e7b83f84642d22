"""Every experiment at its tiny scale writes numbers, figures and a page."""

import json
import re
from pathlib import Path

import pytest

from brushwork.analysis.experiment import Context, Inputs
from brushwork.analysis.page import format_cell
from brushwork.analysis.run import EXPERIMENTS, run_experiment
from brushwork.errors import UserError


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


def test_numbers_are_formatted_for_people() -> None:
    assert [format_cell(cell) for cell in (0.12345, 12345.6, 12345, "a", None)] == [
        "0.123",
        "12,346",
        "12,345",
        "a",
        "–",
    ]
