"""Renders batches of pictures of one size in one pass, each in a different style."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from brushwork.images.color import keep_chroma
from brushwork.rendering.regions import combine
from brushwork.runtime import Array
from brushwork.styles.embeddings import scale_style
from brushwork.stylizer import Stylizer

# Short side in pixels at which a picture's own embedding is predicted. The model's style size, 256 and more, would take
# ten times as long as rendering a picture of 64 pixels.
OWN_SIZE = 96
# Pixels that are rendered at once; more would only use memory.
TOGETHER = 16 * 224 * 224


class Painter(Protocol):
    """Renders contents of a batch on their device."""

    def own(self, indices: Sequence[int]) -> Array:
        """Return the embeddings (P, D) of the contents with P indices."""
        ...

    def paint(self, indices: Sequence[int], embeddings: Array, opacities: Array) -> None:
        """Render the contents with P indices with embeddings (P, D), blended with the contents by opacities (P,)."""
        ...


class ArrayPainter:
    """Renders with a model's runtime.

    Contents get no border as in `brushwork.rendering.border`, because training pictures are not worth the time.

    Args:
        stylizer: The model.
        contents: (B, H, W, 3) in [0, 1].
        texture_only: Whether to keep the contents' colours.
    """

    def __init__(self, stylizer: Stylizer, contents: Array, texture_only: bool) -> None:
        self._stylizer, self._contents, self._texture_only = stylizer, contents, texture_only
        self.pastiches = np.empty_like(contents)

    def own(self, indices: Sequence[int]) -> Array:
        """See `Painter.own`."""
        scaled = np.stack([scale_style(self._contents[index], OWN_SIZE) for index in indices])
        return self._stylizer.runtime.predict(np.ascontiguousarray(scaled, dtype=np.float32))

    def paint(self, indices: Sequence[int], embeddings: Array, opacities: Array) -> None:
        """See `Painter.paint`."""
        contents = np.ascontiguousarray(self._contents[list(indices)])
        painted = self._stylizer.runtime.transfer(contents, embeddings)
        if self._texture_only:
            painted = np.stack([keep_chroma(*pair) for pair in zip(contents, painted, strict=True)])
        self.pastiches[list(indices)] = contents + opacities[:, None, None, None] * (painted - contents)


class TensorPainter:
    """Renders tensors with a network on their device, without a copy to the host.

    Args:
        network: A `brushwork.networks.PasticheNetwork` whose style transfer network may have half precision.
        contents: Tensor (B, 3, H, W) of floats in [0, 1].
        texture_only: Whether to keep the contents' colours, which are converted on the host.
    """

    def __init__(self, network: Any, contents: Any, texture_only: bool) -> None:
        self._network, self._contents, self._texture_only = network, contents, texture_only
        self.pastiches = contents.clone()

    def own(self, indices: Sequence[int]) -> Array:
        """See `Painter.own`."""
        import torch

        contents = self._contents[list(indices)].float()
        height, width = contents.shape[2:]
        scale = OWN_SIZE / min(height, width)
        sides = round(height * scale), round(width * scale)
        with torch.no_grad():
            scaled = torch.nn.functional.interpolate(contents, sides, mode="bilinear", antialias=True)
            embeddings: Array = self._network.embed(scaled.clamp(0, 1)).float().cpu().numpy()
        return embeddings

    def paint(self, indices: Sequence[int], embeddings: Array, opacities: Array) -> None:
        """See `Painter.paint`."""
        import torch

        weight = next(self._network.transfer.parameters())
        contents = self._contents[list(indices)].float()
        conditions = torch.from_numpy(embeddings).to(weight.device, weight.dtype)
        with torch.no_grad():  # not inference mode, whose tensors training cannot use
            painted = self._network(contents.to(weight.dtype), conditions).float()
        if self._texture_only:
            painted = _keep_chroma(contents, painted)
        weights = torch.from_numpy(opacities).to(contents.device)[:, None, None, None]
        self.pastiches[list(indices)] = (contents + weights * (painted - contents)).to(self.pastiches.dtype)


def _keep_chroma(contents: Any, painted: Any) -> Any:
    import torch

    pairs = zip(*(each.permute(0, 2, 3, 1).cpu().numpy() for each in (contents, painted)), strict=True)
    kept = np.stack([keep_chroma(*pair) for pair in pairs])
    return torch.from_numpy(kept).permute(0, 3, 1, 2).to(contents.device)


def paint(painter: Painter, styles: Array, strengths: Sequence[float], pixels: int, *, table: bool) -> None:
    """Render every content in its style.

    Args:
        painter: Painter of B contents.
        styles: Embeddings (B, D).
        strengths: B strengths in [0, 1]; see `Stylizer.stylize`.
        pixels: Number of pixels of a content.
        table: Whether the embeddings are weights of a table of styles.
    """
    step = max(1, TOGETHER // pixels)
    for start in range(0, len(styles), step):
        indices = range(start, min(start + step, len(styles)))
        mixed = [index for index in indices if strengths[index] < 1 and not table]
        own = dict(zip(mixed, painter.own(mixed), strict=True)) if mixed else {}
        maps = [
            combine(
                [(styles[index][None], strengths[index])],
                own[index][None] if index in own else None,
                None,
                None,
                table=table,
            )
            for index in indices
        ]  # fmt: skip
        embeddings = np.concatenate([each.embeddings for each in maps])
        painter.paint(indices, embeddings, np.concatenate([each.opacities for each in maps]))
