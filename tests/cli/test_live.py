"""`brushwork live` from the command line, with a file instead of a camera."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Paint, environment


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_still_picture_is_shown_until_the_user_ends_it(number: signal.Signals, paint: Paint, here: Path) -> None:
    paint("waves.jpg", 96, 96)
    paint("photo.png", 64, 48)
    command = [sys.executable, "-m", "brushwork", "live", "-s", "waves.jpg", "--input", "photo.png", "--port", "0"]
    run = subprocess.Popen(command, cwd=here, env=environment(here), stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    first = run.stderr.readline()
    run.send_signal(number)
    _, rest = run.communicate()
    assert first.startswith("brushwork: live at http://127.0.0.1:")
    assert run.returncode in (0, 130) and "Traceback" not in rest, rest  # 130 where it came before the first frame
