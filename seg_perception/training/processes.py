"""The processes of a training: one, or as many as `torchrun` started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import distributed, nn


@dataclass(frozen=True)
class Processes:
    """Who takes part.

    Attributes:
        rank: number of this process.
        count: how many there are.
        device: where this one computes.
    """

    rank: int
    count: int
    device: torch.device

    @classmethod
    def alone(cls) -> Processes:
        """One process, on the CPU."""
        return cls(0, 1, torch.device("cpu"))

    @property
    def leads(self) -> bool:
        """Whether this one writes files and reports."""
        return self.rank == 0

    def share(self, network: nn.Module) -> nn.Module:
        """A network whose gradients are averaged over the processes."""
        if self.count == 1:
            return network
        on_gpu = self.device.type == "cuda"
        if on_gpu:
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        return nn.parallel.DistributedDataParallel(
            network, device_ids=[self.device] if on_gpu else None
        )

    def sum(self, values: NDArray[Any]) -> NDArray[Any]:
        """The sum of arrays of one shape and dtype over all processes; every one must ask."""
        if self.count == 1:
            return values
        tensor = torch.from_numpy(np.ascontiguousarray(values)).to(self.device)
        distributed.all_reduce(tensor)
        return tensor.cpu().numpy()

    def same_buffers(self, network: nn.Module) -> None:
        """Take over the statistics of the first process."""
        if self.count > 1:
            for buffer in network.buffers():
                distributed.broadcast(buffer, 0)

    def wait(self) -> None:
        """Wait until every process is here."""
        if self.count > 1:
            distributed.barrier()


@contextmanager
def joined(device: str = "", threads: int = 0) -> Iterator[Processes]:
    """Take part in what `torchrun` started, if it did; gloo on CPUs, NCCL on GPUs.

    Args:
        device: `cpu` or `cuda`; empty takes a GPU where there is one.
        threads: of the CPU; 0 leaves it to torch.
    """
    if threads:
        torch.set_num_threads(threads)
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if kind == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        place = torch.device("cuda", torch.cuda.current_device())
    else:
        place = torch.device(kind)
    if count == 1:
        yield Processes(0, 1, place)
        return
    distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
    try:
        yield Processes(distributed.get_rank(), count, place)
    finally:
        distributed.destroy_process_group()
