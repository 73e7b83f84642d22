"""The device of a training process, and the other processes of its run."""

import gc
import os
from dataclasses import dataclass

import torch
from torch import distributed

from brushwork.runtime.devices import find_device


@dataclass(frozen=True)
class ProcessInfo:
    """The device of a process, its rank and the number of processes, from torchrun; otherwise one process."""

    device: str
    rank: int = 0
    world: int = 1

    @property
    def lead(self) -> bool:
        """Whether this is the leading process, which writes files."""
        return self.rank == 0


def find_process(device: str) -> ProcessInfo:
    """Return the device and rank of this process, after joining the others that torchrun started.

    Raises:
        UserError: If this machine has no such device.
    """
    device = find_device(device, auto=("cuda",))
    rank, world, local = (int(os.environ.get(name, default)) for name, default in _TORCHRUN)
    if world > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    if device == "cuda":
        torch.backends.cudnn.allow_tf32 = False  # what is not bfloat16, the predictor above all, must be float32
    return ProcessInfo(f"cuda:{local}" if device == "cuda" else device, rank, world)


def leave_processes() -> None:
    """Leave the group of processes; call it when nothing else refers to the networks of the run.

    A process that ends while threads of the group still run may be aborted, and torchrun then stops the others.
    """
    if distributed.is_initialized():
        gc.collect()  # networks in reference cycles hold the group
        distributed.destroy_process_group()


_TORCHRUN = (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))


def multiplies_bfloat16(device: str) -> bool:
    """Return whether a kind of device multiplies bfloat16 natively: CUDA GPUs, and CPUs with AVX512_BF16 or AMX.

    Other CPUs convert to float32 and back, which is slower than float32.
    """
    if device != "cpu":
        return device == "cuda"
    # The check of torch.ops.mkldnn is also true if AVX512 only emulates it.
    checks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(check() for check in checks if check is not None)
