"""Batches of pictures of one size painted in one pass, each in a style of its own."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from brushwork.images.color import keep_chroma
from brushwork.rendering.regions import combine
from brushwork.runtime import Array
from brushwork.styles.embeddings import scale_style
from brushwork.stylizer import Stylizer

# Short side in pixels at which a picture's own embedding is predicted. The model's own style size, 256 and more, would
# take ten times as long as painting a picture of 64 pixels.
OWN_SIZE = 96
# Pixels that are painted at once; more would only fill the memory.
TOGETHER = 16 * 224 * 224


class Painter(Protocol):
    """Paints batches where their pixels lie."""

    def own(self, places: Sequence[int]) -> Array:
        """Return the embeddings (P, D) of the contents at some places."""
        ...

    def paint(self, places: Sequence[int], embeddings: Array, opacities: Array) -> None:
        """Paint the contents at some places with embeddings (P, D), laid over them with opacities (P,)."""
        ...


class ArrayPainter:
    """Paints with a model's runtime.

    Args:
        stylizer: The model.
        contents: (P, H, W, 3) in [0, 1].
        texture_only: Whether the contents' colours stay.

    Contents get no border as in `brushwork.rendering.border`: it is not worth its time in pictures that are trained on.
    """

    def __init__(self, stylizer: Stylizer, contents: Array, texture_only: bool) -> None:
        self._stylizer, self._contents, self._texture_only = stylizer, contents, texture_only
        self.pastiches = np.empty_like(contents)

    def own(self, places: Sequence[int]) -> Array:
        """See `Painter.own`."""
        seen = np.stack([scale_style(self._contents[place], OWN_SIZE) for place in places])
        return self._stylizer.runtime.predict(np.ascontiguousarray(seen, dtype=np.float32))

    def paint(self, places: Sequence[int], embeddings: Array, opacities: Array) -> None:
        """See `Painter.paint`."""
        contents = np.ascontiguousarray(self._contents[list(places)])
        painted = self._stylizer.runtime.transfer(contents, embeddings)
        if self._texture_only:
            painted = np.stack([keep_chroma(*pair) for pair in zip(contents, painted, strict=True)])
        self.pastiches[list(places)] = contents + opacities[:, None, None, None] * (painted - contents)


class TensorPainter:
    """Paints tensors with a network, on the device of both and without a copy to the host.

    Args:
        network: A `brushwork.networks.PasticheNetwork` whose style transfer network may be of half precision.
        contents: Tensor (P, 3, H, W), floats in [0, 1].
        texture_only: Whether the contents' colours stay; they are then converted on the host.
    """

    def __init__(self, network: Any, contents: Any, texture_only: bool) -> None:
        self._network, self._contents, self._texture_only = network, contents, texture_only
        self.pastiches = contents.clone()

    def own(self, places: Sequence[int]) -> Array:
        """See `Painter.own`."""
        import torch

        contents = self._contents[list(places)].float()
        height, width = contents.shape[2:]
        scale = OWN_SIZE / min(height, width)
        sides = round(height * scale), round(width * scale)
        with torch.no_grad():
            seen = torch.nn.functional.interpolate(contents, sides, mode="bilinear", antialias=True)
            embeddings: Array = self._network.embed(seen.clamp(0, 1)).float().cpu().numpy()
        return embeddings

    def paint(self, places: Sequence[int], embeddings: Array, opacities: Array) -> None:
        """See `Painter.paint`."""
        import torch

        weight = next(self._network.transfer.parameters())
        contents = self._contents[list(places)].float()
        conditions = torch.from_numpy(embeddings).to(weight.device, weight.dtype)
        with torch.no_grad():  # not inference mode, whose tensors no training may use
            painted = self._network(contents.to(weight.dtype), conditions).float()
        if self._texture_only:
            painted = _keep_chroma(contents, painted)
        weights = torch.from_numpy(opacities).to(contents.device)[:, None, None, None]
        self.pastiches[list(places)] = (contents + weights * (painted - contents)).to(self.pastiches.dtype)


def _keep_chroma(contents: Any, painted: Any) -> Any:
    import torch

    pairs = zip(*(each.permute(0, 2, 3, 1).cpu().numpy() for each in (contents, painted)), strict=True)
    kept = np.stack([keep_chroma(*pair) for pair in pairs])
    return torch.from_numpy(kept).permute(0, 3, 1, 2).to(contents.device)


def paint(painter: Painter, styles: Array, strengths: Sequence[float], pixels: int, *, table: bool) -> None:
    """Paint every content in its own style.

    Args:
        painter: Holds the contents.
        styles: Embeddings (P, D).
        strengths: P numbers in [0, 1]; see `Stylizer.stylize`.
        pixels: Of one content.
        table: Whether the embeddings choose from a table of styles.
    """
    step = max(1, TOGETHER // pixels)
    for start in range(0, len(styles), step):
        places = range(start, min(start + step, len(styles)))
        mixed = [place for place in places if strengths[place] < 1 and not table]
        own = dict(zip(mixed, painter.own(mixed), strict=True)) if mixed else {}
        maps = [
            combine(
                [(styles[place][None], strengths[place])],
                own[place][None] if place in own else None,
                None,
                None,
                table=table,
            )
            for place in places
        ]  # fmt: skip
        embeddings = np.concatenate([each.embeddings for each in maps])
        painter.paint(places, embeddings, np.concatenate([each.opacities for each in maps]))
