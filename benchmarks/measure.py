"""Run a command and print a line of JSON: its seconds, its peak resident memory in bytes, and its exit code.

This is a separate small program because a new process inherits the peak of its parent: a benchmark that has loaded
torch would report its own memory instead of the command's.
"""

import json
import os
import subprocess
import sys
import time


def main(command: list[str]) -> None:
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kilobytes
    print(json.dumps({"seconds": seconds, "peak": usage.ru_maxrss * unit, "code": process.returncode}))


if __name__ == "__main__":
    main(sys.argv[1:])
