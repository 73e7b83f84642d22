"""The command `brushwork`, and `python -m brushwork`."""

import os
import signal
import sys
from pathlib import Path

INTERRUPTED = 130  # as in `brushwork.cli.interrupts`, which Ctrl-C may precede


def main() -> None:
    """Run the command line; an error is one line on standard error and an exit code that is not 0."""
    _open_closed_streams()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM cleans up like Ctrl-C, by KeyboardInterrupt
    try:
        code = _run()
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == INTERRUPTED:
        print("brushwork: interrupted; completed files are intact", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:  # nothing can be written there, and Python must not try again when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if code == 0:
        os._exit(0)  # everything is written; freeing OpenVINO would cost a tenth of a second
    sys.exit(code)


def _open_closed_streams() -> None:
    """Lead standard streams that are closed (``2>&-``) nowhere: files opened later would take their numbers."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # open to the end


def _run() -> int | str | None:
    """Run the command line and return its exit code."""
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
