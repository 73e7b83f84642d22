"""The state of one frame in the pipeline."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from brushwork import atomic
from brushwork.images import Image
from brushwork.runtime import Array
from brushwork.video.reading.frames import Pixels
from brushwork.video.temporal.fades import Fade, Unfaded
from brushwork.video.temporal.optical_flow import Motion
from brushwork.video.temporal.stabilisation import Key

PARTS = {"key": Key, "fade": Fade}  # attributes whose own attributes are saved
PASSING = ("motion", "unfaded", "plain")  # those that no later frame needs


@dataclass(frozen=True, eq=False)
class FrameState:
    """A frame and the results of the stages.

    It has everything that the next frame needs from this one, so a run can be resumed from any saved state.

    Attributes:
        pixels: The decoded frame (H, W, 3), uint8 or uint16.
        pts, duration: Display time and duration in ticks of the clip.
        embedding: Style embedding (1, D) of this frame.
        begins: Whether a shot begins with this frame.
        fading: Whether its style differs from that of the previous frame.
        still: Whether the frame repeats the previous one in the same style.
        reduced: The content at the size of optical flow, (h, w, 3) uint8, where motion is estimated.
        motion: Optical flow back to the previous frame, where it was estimated.
        own: Embedding (1, D) of the shot's own content, where the strength is below 1.
        statistics: Statistics (1, S) of the conditional layers, averaged over the shot.
        pastiche: Pastiche (H, W, 3), float32 in [0, 1].
        key: Key of the next frame's stabilisation, if frames are stabilised.
        alpha: Alpha (H, W) of the content and its pastiche as decoded; None if it is opaque.
        style, target: Embeddings (1, D), where styles are recoloured: of the time, before that, and the one that the
            colours are moving to.
        fade: The fade to or from a plain colour that the frame is part of, if any.
        unfaded: The frame without it.
        plain: Pastiche (H, W, 3) of the plain colour.
    """

    pixels: Pixels
    pts: int
    duration: int
    embedding: Array
    begins: bool = True
    still: bool = False
    fading: bool = False
    reduced: Pixels | None = None
    motion: Motion | None = None
    own: Array | None = None
    statistics: Array | None = None
    pastiche: Image | None = None
    key: Key | None = None
    alpha: Pixels | None = None
    style: Array | None = None
    target: Array | None = None
    fade: Fade | None = None
    unfaded: Unfaded | None = None
    plain: Image | None = None

    @property
    def content(self) -> Pixels:
        """The content to render (H, W, 3): the frame, without its fade."""
        return self.pixels if self.unfaded is None else self.unfaded.pixels

    @property
    def finished(self) -> Image:
        """The pastiche (H, W, 3) to write, faded like the frame."""
        assert self.pastiche is not None
        if self.unfaded is None or self.plain is None:
            return self.pastiche
        return self.unfaded.fade(self.pastiche, self.plain)

    def save(self, path: Path) -> None:
        """Write the state to a file, without what no later frame needs."""
        names = [field.name for field in fields(self) if field.name not in (*PARTS, *PASSING)]
        values = {name: getattr(self, name) for name in names}
        for name in PARTS:
            part = getattr(self, name)
            if part is not None:
                values |= {f"{name}.{field.name}": getattr(part, field.name) for field in fields(part)}
        arrays: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        with atomic.write(path) as part, part.open("wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: Path) -> "FrameState":
        """Read a saved state; its arrays are equal bit for bit."""
        with np.load(path) as file:
            values: dict[str, Any] = dict(file)
        values = {name: value.item() if value.ndim == 0 else value for name, value in values.items()}
        for name, part in PARTS.items():
            names = [each for each in values if each.startswith(f"{name}.")]
            if names:
                values[name] = part(**{each.removeprefix(f"{name}."): values.pop(each) for each in names})
        return cls(**values)
