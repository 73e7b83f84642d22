"""Where a training process computes: its device, and the other processes of its run."""

import gc
import os
from dataclasses import dataclass

import torch
from torch import distributed

from brushwork.runtime.devices import find_device


@dataclass(frozen=True)
class ProcessInfo:
    """Where a process computes: its device, its number and how many there are (all from torchrun, else one)."""

    device: str
    rank: int = 0
    world: int = 1

    @property
    def lead(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0


def find_process(device: str) -> ProcessInfo:
    """Where this process computes; joins the others that torchrun started.

    Raises:
        UserError: If there is no such device here.
    """
    device = find_device(device, auto=("cuda",))
    rank, world, local = (int(os.environ.get(name, default)) for name, default in _TORCHRUN)
    if world > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    return ProcessInfo(f"cuda:{local}" if device == "cuda" else device, rank, world)


def leave_processes() -> None:
    """Parts from the other processes of a run; to be called when nothing else refers to its networks.

    A process that ends while threads of the group still run may be aborted, and torchrun then stops the others.
    """
    if distributed.is_initialized():
        gc.collect()  # networks in cycles hold the group
        distributed.destroy_process_group()


_TORCHRUN = (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))


def multiplies_bfloat16(device: str) -> bool:
    """Whether a kind of device multiplies bfloat16 natively: any GPU of CUDA, and CPUs with AVX512_BF16 or AMX.

    Other CPUs convert to float32 and back, and are slower for it.
    """
    if device != "cpu":
        return device == "cuda"
    # torch.ops.mkldnn's own question is answered yes where AVX512 only emulates it.
    asked = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(question() for question in asked if question is not None)
