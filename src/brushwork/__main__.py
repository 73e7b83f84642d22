"""The command `brushwork`, and `python -m brushwork`."""

import os
import signal
import sys
from pathlib import Path

INTERRUPTED = 130  # as in `brushwork.cli.interrupts`, which may not be imported yet when Ctrl-C is pressed


def main() -> None:
    """Run the command line; an error prints one line on standard error and gives a non-zero exit code."""
    _open_closed_streams()
    _end_like_interrupts()
    try:
        code = _run()
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == INTERRUPTED:
        print("brushwork: interrupted; completed files are intact", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:  # the stream cannot be written, and Python must not try again on exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(code, int) and code != INTERRUPTED:
        # All output is written. Freeing OpenVINO would take a tenth of a second, and threads of Arrow that still hold a
        # file abort the end of the interpreter.
        os._exit(code)
    sys.exit(code)


def _end_like_interrupts() -> None:
    """Let SIGTERM, and SIGHUP when the terminal is closed, clean up like Ctrl-C, by KeyboardInterrupt."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores it
            signal.signal(number, signal.default_int_handler)


def _open_closed_streams() -> None:
    """Open closed standard streams (``2>&-``) on the null device: files opened later would take their numbers."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this stream's
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # stays open until exit


def _run() -> int | str | None:
    """Run the command line and return its exit code."""
    from brushwork.cli import app
    from brushwork.errors import UserError, in_one_line

    try:
        app()
    except (UserError, OSError, MemoryError) as error:
        print(f"brushwork: {in_one_line(error)}", file=sys.stderr)
        return 1
    except SystemExit as end:  # typer exits this way
        return end.code
    return 0


if __name__ == "__main__":
    main()
