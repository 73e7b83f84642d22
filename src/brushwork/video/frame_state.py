"""What passes from stage to stage: a frame, and what has become known about it."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from brushwork.images import Image
from brushwork.runtime import Array
from brushwork.video.reading.frames import Pixels
from brushwork.video.temporal.optical_flow import Motion


@dataclass(frozen=True, eq=False)
class FrameState:
    """A frame on its way. It holds all that the next frame needs of this one, so a run goes on from any of them.

    Attributes:
        pixels: The content (H, W, 3) as it was decoded.
        pts, duration: When it is shown, in ticks of the clip.
        embedding: (1, D), the style of this frame.
        begins: Whether a shot begins here.
        still: Whether it is the frame before once more, in the same style.
        motion: Back to the frame before, where it was looked for.
        own: Embedding (1, D) of the shot's own content, where the strength is below 1.
        statistics: (1, S) of the conditional layers, held over the shot.
        pastiche: (H, W, 3) in [0, 1].
    """

    pixels: Pixels
    pts: int
    duration: int
    embedding: Array
    begins: bool = True
    still: bool = False
    motion: Motion | None = None
    own: Array | None = None
    statistics: Array | None = None
    pastiche: Image | None = None

    def save(self, path: Path) -> None:
        """Writes it, but for the way back, to a file."""
        kept = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "motion"}
        arrays: dict[str, Any] = {name: value for name, value in kept.items() if value is not None}
        with path.open("wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: Path) -> "FrameState":
        """Reads it again, bit for bit."""
        with np.load(path) as kept:
            values: dict[str, Any] = dict(kept)
        plain = {name: values[name].item() for name in ("pts", "duration", "begins", "still")}
        return cls(**{**values, **plain})
