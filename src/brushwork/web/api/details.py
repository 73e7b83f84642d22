"""The stylizers of a server: one model at several details, so that a request may choose its own."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from brushwork.errors import UserError
from brushwork.stylizer import Stylizer

STEPS = 10  # details that differ by less are one: each is a set of weights in the cache and a compiled graph
KEPT = 2  # stylizers besides the usual one


class Details:
    """Stylizers of one model by detail; an embedding is the same at each of them.

    Args:
        usual: The stylizer of requests that name no detail.
        detail: Its detail in [0, 1].
        load: Loads the model at another detail, see `brushwork.load`; None for a model with one detail.
    """

    def __init__(self, usual: Stylizer, detail: float = 1.0, load: Callable[[float], Stylizer] | None = None) -> None:
        self.usual, self.detail, self._load = usual, detail, load
        self._loaded: OrderedDict[int, Stylizer] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def several(self) -> bool:
        """Whether there is a choice."""
        return self._load is not None

    def check(self, detail: float | None) -> None:
        """Raise `UserError` if the model has one detail only, and this is another."""
        if self._load is None and detail not in (None, self.detail):
            raise UserError(f"this model has only one set of weights: detail can only be {self.detail:g}")

    def at(self, detail: float | None) -> Stylizer:
        """Return the stylizer of a detail in [0, 1], rounded to tenths; None for the usual one.

        Raises:
            UserError: If the model has one detail only, and this is another.
        """
        self.check(detail)
        if detail is None or detail == self.detail or self._load is None:
            return self.usual
        step = round(detail * STEPS)
        with self._lock:
            if step not in self._loaded:
                self._loaded[step] = self._load(step / STEPS)
                while len(self._loaded) > KEPT:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(step)
            return self._loaded[step]
