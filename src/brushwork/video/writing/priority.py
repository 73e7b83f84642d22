"""Threads keep their priority, whatever an encoder does to it."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def ordinary_priority() -> Iterator[None]:
    """Take real-time priority from threads of this process that get it within the block.

    Run by root, SVT-AV1 gives its threads and the one that opens it the highest real-time priority (SCHED_FIFO, 99) for
    good. Programs that are started later inherit it, and whatever else the machine does stands still.
    """
    if sys.platform != "linux":  # elsewhere it does not
        yield
        return
    before = os.sched_getscheduler(0)
    try:
        yield
    finally:
        real_time = {os.SCHED_FIFO, os.SCHED_RR}
        for thread in Path("/proc/self/task").iterdir() if before not in real_time else ():
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                if os.sched_getscheduler(int(thread.name)) in real_time:
                    os.sched_setscheduler(int(thread.name), before, os.sched_param(0))
