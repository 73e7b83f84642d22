"""Numbered records in the memory of a device: faster to read than a file, and lost with the process."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from brushwork.errors import UserError
from brushwork.training.record_file import Field


class DeviceRecords:
    """Records of arrays on a device; record n overwrites record n - capacity.

    Args:
        fields: The arrays of a record by name.
        capacity: Number of records, for all of which memory is taken at once.
        device: The device.

    Raises:
        UserError: If the device does not have the memory.
    """

    def __init__(self, fields: Mapping[str, Field], capacity: int, device: str | torch.device) -> None:
        try:
            self._arrays = {
                name: torch.empty(capacity, *shape, dtype=_torch_type(kind), device=device)
                for name, (kind, shape) in fields.items()
            }
        except RuntimeError:  # of CUDA, too
            size = capacity * sum(math.prod(shape) * np.dtype(kind).itemsize for kind, shape in fields.values())
            raise UserError(
                f"{device} has no memory for {capacity} cached crops ({size / 1e9:,.1f} GB);"
                " set cache.resident=false, or smaller cache.styles and cache.contents"
            ) from None
        self._numbers = [-1] * capacity  # of the record at each place
        self._device = device

    def take(self, numbers: Sequence[int], compute: Callable[[int], Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Return the arrays of records, stacked, on the device; records that are not in it are computed first.

        Args:
            numbers: Numbers of records, within a range of the capacity, so that none overwrites another.
            compute: Returns the arrays of a record.
        """
        places = [number % len(self._numbers) for number in numbers]
        for number, place in zip(numbers, places, strict=True):
            if self._numbers[place] != number:
                for name, value in compute(number).items():
                    self._arrays[name][place].copy_(value)
                self._numbers[place] = number
        chosen = torch.tensor(places, device=self._device)
        return {name: array[chosen] for name, array in self._arrays.items()}


def _torch_type(kind: Any) -> torch.dtype:
    """Return the type of tensors for a type of NumPy."""
    return torch.from_numpy(np.empty(0, kind)).dtype
