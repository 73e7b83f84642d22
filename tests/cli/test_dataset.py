"""`brushwork dataset` and `brushwork embed` from the command line."""

from pathlib import Path

from tests.cli.conftest import Paint, Run


def test_a_data_set_is_rendered_and_an_interrupted_run_continues(brushwork: Run, paint: Paint, here: Path) -> None:
    paint("in/cat/1.jpg", 48, 40)
    (here / "in/cat/2.jpg").write_bytes(b"none")
    command = ("dataset", "in", "out", "--model", "brushwork-mobile", "--threads", "1", "--strength", "0.5,1")
    ended = brushwork(*command)
    assert ended.code == 1
    assert ended.lines[0].startswith("brushwork: cat/2.jpg: ")
    assert (
        ended.lines[-1] == "brushwork: 1 pictures could not be used and are listed in the manifest; all others are done"
    )
    assert (here / "out/cat/1.jpg").is_file() and (here / "out/manifest.parquet").is_file()
    again = brushwork(*command)
    assert (again.code, again.lines) == (0, ["1 of 1 parts are already done"])


def test_embeddings_are_written_and_searched(brushwork: Run, paint: Paint, here: Path) -> None:
    near = paint("in/waves.jpg", 96, 80, seed=1)
    paint("in/dots.jpg", 96, 80, seed=2)
    machine = ("--model", "brushwork-mobile", "--threads", "1")
    assert brushwork("embed", "in", "out", *machine).code == 0
    ended = brushwork("embed", "out", "--near", near, "--count", "1", *machine)
    assert (ended.code, ended.out.split()) == (0, ["0.000", "waves.jpg"])


def test_invalid_requests_are_one_line_errors(brushwork: Run, paint: Paint, here: Path) -> None:
    paint("in/1.jpg")
    for arguments, line in (
        (("dataset", "nowhere", "out"), "no such file or folder"),
        (("dataset", "in", "out", "--strength", "strong"), "the strength is 'strong'; give one number or two"),
        (("dataset", "in", "out", "--workers", "2"), "--workers requires --ray"),
        (("embed", "in"), "no output; give a folder for the embeddings"),
    ):
        ended = brushwork(*arguments)
        assert ended.code == 1
        assert len(ended.lines) == 1
        assert line in ended.lines[0]
