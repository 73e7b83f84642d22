"""A bounded cache of Gram matrices of styles that are the same image in every step."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

CAPACITY = 600  # styles; 1.4 MB each

Grams = dict[str, Tensor]


class StyleTargets:
    """Gram matrices by the number of a style, which is unique in its source.

    Args:
        capacity: Number of styles; the least recently used one is removed first.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._known: OrderedDict[int, Grams] = OrderedDict()
        self._capacity = capacity

    def __len__(self) -> int:
        return len(self._known)

    def take(self, numbers: Sequence[int], compute: Callable[[int], Grams]) -> Grams:
        """Return Gram matrices (B, C, C) by layer of styles.

        Args:
            numbers: The numbers of B styles.
            compute: Called with an index in the batch, 0 to B - 1; returns the Gram matrices (1, C, C) of that style.
        """
        found = []
        for index, number in enumerate(numbers):
            grams = self._known.pop(number, None) or compute(index)
            self._known[number] = grams
            found.append(grams)
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)
        return {layer: torch.cat([grams[layer] for grams in found]) for layer in found[0]}
