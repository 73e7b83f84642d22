"""The stylizers of a server: one model at several details, which requests may choose."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from brushwork.errors import UserError
from brushwork.stylizer import Stylizer

STEPS = 10  # details are rounded to tenths, as each needs a set of weights in the cache and a compiled graph
KEPT = 2  # stylizers in addition to the default one


class Details:
    """Stylizers of one model by detail; an embedding is the same at each of them.

    Args:
        default: The stylizer of requests without a detail.
        detail: Its detail in [0, 1].
        load: Loads the model at another detail, see `brushwork.load`; None for a model with one detail.
    """

    def __init__(self, default: Stylizer, detail: float = 1.0, load: Callable[[float], Stylizer] | None = None) -> None:
        self.default, self.detail, self._load = default, detail, load
        self._loaded: OrderedDict[int, Stylizer] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def several(self) -> bool:
        """Whether requests can choose a detail."""
        return self._load is not None

    def check(self, detail: float | None) -> None:
        """Raise `UserError` if the model has only one detail and this is another one."""
        if self._load is None and detail not in (None, self.detail):
            raise UserError(f"this model has only one set of weights: detail can only be {self.detail:g}")

    def at(self, detail: float | None) -> Stylizer:
        """Return the stylizer of a detail in [0, 1], rounded to tenths; None for the default one.

        Raises:
            UserError: If the model has only one detail and this is another one.
        """
        self.check(detail)
        if detail is None or detail == self.detail or self._load is None:
            return self.default
        step = round(detail * STEPS)
        with self._lock:
            if step not in self._loaded:
                self._loaded[step] = self._load(step / STEPS)
                while len(self._loaded) > KEPT:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(step)
            return self._loaded[step]
