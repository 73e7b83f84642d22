"""The command `brushwork`, and `python -m brushwork`."""

import os
import sys
from typing import Any

INTERRUPTED = 130  # what shells know Ctrl-C by


def main() -> None:
    """Runs the command line; what goes wrong is one line on standard error and an exit code that is not 0."""
    try:
        code = _run()
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == INTERRUPTED:
        print("brushwork: stopped; what was written is whole", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:  # it takes no more, and Python must not try again on its way out
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if code == 0:
        os._exit(0)  # all is written; taking OpenVINO apart would cost a tenth of a second
    sys.exit(code)


def _run() -> int | str | None:
    """Runs the command line and returns its exit code."""
    # OpenVINO's converter of models is not needed, and its import takes longer than all the rest of OpenVINO.
    modules: dict[str, Any] = sys.modules
    modules.setdefault("openvino.tools.ovc", None)
    from brushwork.cli import app
    from brushwork.errors import UserError, in_one_line

    try:
        app()
    except (UserError, OSError, MemoryError) as error:
        print(f"brushwork: {in_one_line(error)}", file=sys.stderr)
        return 1
    except SystemExit as end:  # the way typer ends
        return end.code
    return 0


if __name__ == "__main__":
    main()
