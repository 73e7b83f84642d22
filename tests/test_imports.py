"""Importing a module of the package changes no environment variable, writes no file, and prints nothing."""

import subprocess
import sys
from pathlib import Path

from brushwork.extras import EXTRAS
from tests.cli.conftest import environment

# Imports every module, with the optional packages out of reach; those that need one are left out.
SCRIPT = """
import importlib, os, pkgutil, sys
for name in {optional!r}:
    sys.modules[name] = None
before, imported = dict(os.environ), 0
import brushwork
for module in pkgutil.walk_packages(brushwork.__path__, "brushwork."):
    try:
        importlib.import_module(module.name)
        imported += 1
    except ImportError as error:
        assert str(error.name).partition(".")[0] in {optional!r}, error
assert dict(os.environ) == before
assert imported > 60, imported
"""


def test_importing_changes_no_environment_and_writes_nothing(tmp_path: Path) -> None:
    optional = sorted({name for names in EXTRAS.values() for name in names})
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT.format(optional=optional)],
        cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert list(tmp_path.rglob("*")) == []
