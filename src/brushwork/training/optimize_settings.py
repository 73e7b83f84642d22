"""Settings of the optimisation of pixels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor
from torch.optim import LBFGS, Adam, Optimizer

from brushwork.errors import UserError, unknown
from brushwork.runtime.devices import DEVICES

# Both evaluate the loss once a step: a line search would take several evaluations, and L-BFGS works well without.
OPTIMIZERS: Mapping[str, Callable[[Tensor], Optimizer]] = {
    "lbfgs": lambda pixels: LBFGS([pixels], max_iter=1, history_size=10, tolerance_grad=0, tolerance_change=0),
    "adam": lambda pixels: Adam([pixels], lr=0.03),
}
STARTS = ("recolored", "content", "noise")
SMALLEST_OPTIMIZED = 16  # the loss network halves a picture three times; smaller ones would leave hardly a position


@dataclass(frozen=True)
class OptimizeSettings:
    """Settings of the optimisation of pixels.

    Attributes:
        size: Limit of the long side in pixels; a larger content is shrunk.
        style_size: Limit of the styles' short side in pixels; None for the pastiche's long side. Smaller values give
            finer strokes.
        coarsest: Least long side of the coarsest size, which is optimised first; sizes are halved down to it.
        steps: Evaluations of the loss at each size.
        style_weight: Weight of each layer's style term; that of the content term is 1 / 40,000 (see `LossWeights`).
        optimizer: A key of `OPTIMIZERS`.
        start: ``recolored``, the content in the colours of the styles (their mean and covariance); ``content``; or
            ``noise``, uniform in [0, 1].
        seed: Seed of the noise.
        device: ``auto`` or one of `DEVICES`; ``auto`` is a GPU if torch supports one here.

    Raises:
        UserError: If a value is unknown or out of its range.
    """

    size: int = 512
    style_size: int | None = None
    coarsest: int = 128
    steps: int = 40
    style_weight: float = 2.5
    optimizer: str = "lbfgs"
    start: str = "recolored"
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("optimizer", self.optimizer, tuple(OPTIMIZERS)),
            ("start", self.start, STARTS),
            ("device", self.device, ("auto", *DEVICES)),
        ):
            if value not in known:
                raise UserError(unknown(name, value, known))
        for name, number, low, high in (
            ("size", self.size, SMALLEST_OPTIMIZED, 100_000),
            ("style size", self.style_size or self.size, SMALLEST_OPTIMIZED, 100_000),
            ("coarsest size", self.coarsest, SMALLEST_OPTIMIZED, 100_000),
            ("number of steps", self.steps, 1, 1_000_000),
            ("style weight", self.style_weight, 0, 1e9),
            ("seed", self.seed, 0, 2**63),
        ):
            if not low <= number <= high:
                raise UserError(f"the {name} is {number:g}; it must be between {low:,} and {high:,.0f}")
