"""The bounds of the scores of any method: the photos themselves, and optimised pixels (torch)."""

import time
from collections import deque

from brushwork.evaluation.evaluate import Painted, square
from brushwork.evaluation.pairs import Pair
from brushwork.images import Image
from brushwork.training.optimize import optimize
from brushwork.training.optimize_settings import OptimizeSettings


def untouched(pair: Pair, content: Image, style: Image) -> Painted:
    """Return the photo itself; a `brushwork.evaluation.PairPainter`."""
    return Painted(content, 0.0)


def optimised(pair: Pair, content: Image, style: Image) -> Painted:
    """Return optimised pixels, the lower bound, after minutes on a CPU; a `brushwork.evaluation.PairPainter`.

    The style has the size at which it is scored; the other settings are those of `brushwork optimize`.
    """
    start = time.perf_counter()
    settings = OptimizeSettings(size=len(content))
    (last,) = deque(optimize(content, [square(style, len(content))], settings=settings), maxlen=1)
    return Painted(last.pastiche, time.perf_counter() - start)
