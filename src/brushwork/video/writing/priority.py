"""Protects threads from the real-time priority that an encoder gives them."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def ordinary_priority() -> Iterator[None]:
    """Take real-time priority from threads of this process that get it within the block.

    When run by root, SVT-AV1 permanently gives its threads and the one that opens it the highest real-time priority
    (SCHED_FIFO, 99). Programs that are started later inherit it, and everything else on the machine stalls.
    """
    if sys.platform != "linux":  # SVT-AV1 sets priorities on Linux only
        yield
        return
    before = os.sched_getscheduler(0)
    try:
        yield
    finally:
        real_time = {os.SCHED_FIFO, os.SCHED_RR}
        for thread in Path("/proc/self/task").iterdir() if before not in real_time else ():
            with contextlib.suppress(ProcessLookupError):  # the thread has ended
                if os.sched_getscheduler(int(thread.name)) in real_time:
                    os.sched_setscheduler(int(thread.name), before, os.sched_param(0))
