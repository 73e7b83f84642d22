"""`brushwork experiment` from the command line."""

import pytest

from brushwork import extras
from brushwork.analysis.run import EXPERIMENTS
from tests.cli.conftest import Run


def test_experiments_are_listed_with_their_claims(brushwork: Run) -> None:
    ended = brushwork("experiment", "--list")
    lines = ended.out.splitlines()
    assert (ended.code, ended.err, lines[::3]) == (0, "", list(EXPERIMENTS))
    assert "    Ghiasi et al. 2017, section 3.4" in lines


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "no experiment; give one of these names"),
        (["embeding-space"], "unknown experiment 'embeding-space'; did you mean 'embedding-space'?"),
        (["speed", "--scale", "large"], "unknown scale 'large'"),
        (["speed", "--seeds", "0"], "the number of seeds is 0; it must be at least 1"),
        (["embedding-space", "--styles", "nowhere"], "this experiment needs --labels"),
        (["identity-walk", "--new-contents", "nowhere", "--new-styles", "nowhere"], "no pictures at nowhere"),
    ],
)
def test_invalid_requests_are_one_line_errors(brushwork: Run, arguments: list[str], line: str) -> None:
    ended = brushwork("experiment", *arguments, "-o", "out")
    assert ended.code == 1 and len(ended.lines) == 1 and line in ended.err


def test_without_the_extra_the_error_names_the_install_command(brushwork: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "analysis", ("missing_module",))
    ended = brushwork("experiment", "--list")
    assert (ended.code, ended.lines) == (
        1,
        ["brushwork: an experiment needs an optional extra: pip install 'brushwork[analysis]'"],
    )
