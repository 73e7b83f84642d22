"""A Ray cluster: how it is reached, how many workers it holds, and what they need."""

import logging
import os
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
        if ray.is_initialized():
            yield
            return
        # Ray reports its use to its makers unless told otherwise; nothing of a user's leaves unasked.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        logging.getLogger("ray.data").setLevel(logging.WARNING)
        address = None if self.address == LOCAL else self.address
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **_starting(address))
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
        """Return how many workers fit into the cluster as it is, at least 1, and no more than were asked for."""
        options, resources = self.options(), ray.cluster_resources()
        fits = resources.get("CPU", 1) / options["num_cpus"]
        if options["num_gpus"]:
            fits = min(fits, resources.get("GPU", 0))
        return max(1, min(int(fits), self.workers or int(fits)))


def _starting(address: str | None) -> dict[str, Any]:
    """What only a cluster that is started here takes."""
    return {"include_dashboard": False} if address is None else {}
