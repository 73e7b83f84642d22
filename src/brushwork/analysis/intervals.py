"""Means of independent values, such as those of several seeds, with their confidence intervals."""

import math
from collections.abc import Sequence

from brushwork.analysis.experiment import Cell
from brushwork.analysis.measures import Losses
from brushwork.analysis.page import format_cell
from brushwork.evaluation import bootstrap

# Columns of tables of losses.
LOSSES = ("content loss", "style loss", "style share", "SSIM")

# Quantiles 0.975 of Student's t, by degrees of freedom.
STUDENT = (math.nan, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


def interval(values: Sequence[float]) -> tuple[float, float | None]:
    """Return the mean of independent values and half the width of its 95 % confidence interval (Student's t).

    The half width is None for a single value.
    """
    count, mean = len(values), sum(values) / len(values)
    if count < 2:
        return mean, None
    variance = sum((value - mean) ** 2 for value in values) / (count - 1)
    quantile = STUDENT[count - 1] if count <= len(STUDENT) else 1.96
    return mean, quantile * math.sqrt(variance / count)


def cell(values: Sequence[float]) -> Cell:
    """Return a cell with the mean of values of several seeds ± half the width of its 95 % interval."""
    mean, half = interval(values)
    return mean if half is None else f"{format_cell(mean)} ± {format_cell(half)}"


def loss_cells(evaluated: Sequence[Losses]) -> list[Cell]:
    """Return the cells of `LOSSES`: means over the pairs, and over the networks of several seeds.

    The interval is over the seeds, or for a single network over the pairs, by bootstrap.
    """
    means = [each.means() for each in evaluated]
    if len(evaluated) > 1:
        return [cell([each[name] for each in means]) for name in LOSSES]
    values = (evaluated[0].content, evaluated[0].style, evaluated[0].share, evaluated[0].ssim)
    cells: list[Cell] = []
    for name, each in zip(LOSSES, values, strict=True):
        low, high = bootstrap.interval(each.tolist(), geometric=name == "style share")
        cells.append(
            f"{format_cell(means[0][name])} ± {format_cell((high - low) / 2)}" if high > low else means[0][name]
        )
    return cells
