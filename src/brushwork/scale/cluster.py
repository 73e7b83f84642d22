"""A Ray cluster: its address, the number of its workers, and their resources."""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray

from brushwork.errors import UserError

LOCAL = "local"


@dataclass(frozen=True)
class Cluster:
    """Where work runs, and what each worker takes.

    Attributes:
        address: Of a running cluster, such as ``ray://head:10001`` or ``auto``; ``local`` starts one on this machine.
        workers: Workers at most; None for as many as fit.
        threads: CPUs of each; None for 1.
        device: ``auto`` takes a GPU for each worker where there are some; see `brushwork.load`.
    """

    address: str = LOCAL
    workers: int | None = None
    threads: int | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise UserError(f"workers is {self.workers}; it must be at least 1")

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Connect, unless this process is connected already; a cluster that was started here ends with the block.

        Raises:
            UserError: If the cluster cannot be reached.
        """
        _quiet_console()
        if ray.is_initialized():
            yield
            return
        # By default Ray reports its use to its makers; we send nothing without the user's consent.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # Its processes write notices about themselves to this one's standard error; `info` brings them back.
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        # `local`, Ray's own word, too: no address at all would join a cluster that a killed driver has left behind.
        starting: dict[str, Any] = {"include_dashboard": False} if self.address == LOCAL else {}
        try:
            with _standard_error_held():
                ray.init(address=self.address, log_to_driver=False, logging_level=logging.ERROR, **starting)
        except (ConnectionError, OSError, RuntimeError, ValueError) as error:
            raise UserError(f"no Ray cluster at {self.address}: {str(error).splitlines()[0]}") from None
        try:
            yield
        finally:
            ray.shutdown()

    def options(self) -> dict[str, Any]:
        """Return what each worker is given: CPUs, and a GPU where the device is one."""
        resources = ray.cluster_resources()
        gpu = self.device == "cuda" or (self.device == "auto" and resources.get("GPU", 0) >= 1)
        return {"num_cpus": self.threads or 1, "num_gpus": 1 if gpu else 0}

    def count(self) -> int:
        """Return how many workers fit into the cluster at present, at least 1 and at most `workers`."""
        options, resources = self.options(), ray.cluster_resources()
        fits = resources.get("CPU", 1) / options["num_cpus"]
        if options["num_gpus"]:
            fits = min(fits, resources.get("GPU", 0))
        return max(1, min(int(fits), self.workers or int(fits)))


@contextmanager
def _standard_error_held() -> Iterator[None]:
    """Hold back output of C++ code to standard error, a notice of its own log level; show it if the block fails."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        own = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(own, held.read())
            raise
        finally:
            os.dup2(own, 2)
            os.close(own)


def _quiet_console() -> None:
    """Send notices of Ray Data to its log files only: the caller shows its own progress. Errors are still shown.

    Handlers of other programs on the same logger, such as those of a test, are left alone.
    """
    for handler in logging.getLogger(ray.data.__name__).handlers:  # created with the first use of `ray.data`
        if isinstance(handler, logging.StreamHandler) and type(handler).__module__.partition(".")[0] == ray.__name__:
            handler.setLevel(logging.ERROR)
