"""Embeddings and pastiches of a loaded model as tensors, for experiments without training."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from brushwork.runtime import Array
from brushwork.stylizer import Stylizer


def describe(stylizer: Stylizer, model: str | None) -> dict[str, Any]:
    """Return the settings that a page states of a model, the default if it is None: its name and its precision.

    The precision is that of the style transfer network; style prediction always runs in float32.
    """
    return {"model": model or "the default", "precision": getattr(stylizer.runtime, "precision", "unknown")}


def embed(stylizer: Stylizer, styles: Tensor, size: int) -> Array:
    """Return the embeddings (N, D) of styles (N, 3, T, T) in [0, 1] at a short side of `size` pixels."""
    return np.concatenate([stylizer.embed(pixels(style), size) for style in styles])


def paint(stylizer: Stylizer, contents: Tensor, embeddings: Sequence[Array] | Array) -> Tensor:
    """Return the pastiches (N, 3, S, S) of contents (N, 3, S, S) in [0, 1] with embeddings (N, D)."""
    pairs = zip(contents, embeddings, strict=True)
    painted = [stylizer.stylize(pixels(content), np.asarray(embedding)[None]) for content, embedding in pairs]
    return torch.from_numpy(np.stack(painted)).permute(0, 3, 1, 2)


def pixels(image: Tensor) -> Array:
    """Return a tensor (3, H, W) as an image (H, W, 3)."""
    return np.ascontiguousarray(image.permute(1, 2, 0).numpy())
