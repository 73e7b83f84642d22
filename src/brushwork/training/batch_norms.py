"""Batch norms of a run with several processes: statistics over the batches of all processes."""

import logging

from torch import nn

from brushwork.networks import PasticheNetwork
from brushwork.training.process import ProcessInfo

log = logging.getLogger(__name__)


def share_batch_norms(network: PasticheNetwork, process: ProcessInfo) -> None:
    """Let batch norms compute their statistics over the batches of all processes; torch supports this on GPUs."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d) and module.training]
    if not norms:
        return
    if process.device.startswith("cuda"):
        for part in (network.transfer, network.predictor):
            if part is not None:
                synchronise(part)
    elif process.lead:
        log.warning("%d batch norms use the statistics of each process: torch joins them on GPUs only", len(norms))


def synchronise(part: nn.Module) -> None:
    """Replace the batch norms of a module that are trained, in place; frozen ones stay."""
    for name, child in part.named_children():
        if isinstance(child, nn.BatchNorm2d) and child.training:
            setattr(part, name, nn.SyncBatchNorm.convert_sync_batchnorm(child))
        else:
            synchronise(child)
