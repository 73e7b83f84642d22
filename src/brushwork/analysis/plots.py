"""Figures that experiments share: grids of pictures, and curves of training logs."""

from collections.abc import Mapping, Sequence
from textwrap import wrap

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from brushwork.images import Image

GAP = 4  # pixels between the pictures of a grid
NAME = 18  # characters of a line of a row's name, so that it is no longer than its row is high


def grid(rows: Sequence[Tensor]) -> Image:
    """Return an image (H, W, 3) of rows of pictures (N, 3, S, S) in [0, 1], all of the same size, on white."""
    height, width = rows[0].shape[-2:]
    columns = max(len(row) for row in rows)
    sheet = np.ones((len(rows) * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), np.float32)
    for down, row in enumerate(rows):
        for across, picture in enumerate(row):
            top, left = down * (height + GAP), across * (width + GAP)
            sheet[top : top + height, left : left + width] = picture.clamp(0, 1).permute(1, 2, 0).numpy()
    return sheet


def labelled_grid(rows: Mapping[str, Tensor], columns: Sequence[str] = ()) -> Figure:
    """Return a figure of rows of pictures (N, 3, S, S) in [0, 1] with names of rows and columns."""
    pictures = list(rows.values())
    down, across = len(pictures), max(len(row) for row in pictures)
    figure = Figure(figsize=(1.35 * across + 1, 1.45 * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False)
    for line, (name, row) in enumerate(rows.items()):
        for place, axis in enumerate(axes[line]):
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            if place < len(row):
                axis.imshow(row[place].clamp(0, 1).permute(1, 2, 0).numpy())
            if line == 0 and place < len(columns):
                axis.set_title(columns[place], fontsize=9)
        axes[line][0].set_ylabel("\n".join(wrap(name, NAME)), fontsize=9)
    return figure


def curves(logs: Mapping[str, Sequence[Mapping[str, float]]], terms: Mapping[str, str], batch: int) -> Figure:
    """Return a figure of terms of training logs by pastiches, with a panel and its title for each term."""
    figure = Figure(figsize=(5.2 * len(terms), 3.8), layout="constrained")
    for axis, (term, title) in zip(np.atleast_1d(figure.subplots(1, len(terms))), terms.items(), strict=True):
        for name, log in logs.items():
            axis.plot([line["step"] * batch for line in log], [line[term] for line in log], label=name)
        axis.set(xlabel="pastiches", title=title)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=9)
    return figure


def stack(pictures: Sequence[Tensor]) -> Tensor:
    """Return pictures (3, S, S) as one tensor (N, 3, S, S)."""
    return torch.stack(list(pictures))
