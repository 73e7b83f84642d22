"""A model whose strokes flicker, and its pastiches of clips."""

from collections.abc import Iterator, Sequence

import numpy as np

from brushwork.images import Image
from brushwork.runtime import MEASURED, Array, NormInputs
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.video import pipeline
from brushwork.video.frame_painter import FramePainter
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.frames import Pixels

STYLE = np.full((1, 3), 0.5, np.float32)


class Flickering(FakeRuntime):
    """A model that renders the negative with different strokes in every frame: soft noise that never repeats."""

    def __init__(self) -> None:
        super().__init__()
        self.random = np.random.default_rng(0)
        self.held: list[float] = []

    def transfer(self, content: Array, embedding: Array) -> Array:
        strokes = self.random.normal(0, 0.05, content.shape).astype(np.float32)
        pastiche: Array = np.clip(1 - content + strokes, 0, 1)
        return pastiche

    def transfer_with_statistics(
        self, content: Array, embedding: Array, norms: NormInputs = MEASURED
    ) -> tuple[Array, Array]:
        self.held.append(float(norms.hold))
        return super().transfer_with_statistics(content, embedding, norms)


def states(frames: Sequence[Pixels]) -> Iterator[FrameState]:
    return (FrameState(pixels, number, 1, STYLE) for number, pixels in enumerate(frames))


def painted(frames: Sequence[Pixels], steady: float, hold: float = 0.0) -> list[FrameState]:
    painter = FramePainter(Stylizer(Flickering()), hold=hold)
    return list(pipeline.run_stages(states(frames), None, painter, steady, True, {}))


def pastiches(frames: Sequence[Pixels], steady: float) -> list[Image]:
    found = [state.pastiche for state in painted(frames, steady)]
    return [image for image in found if image is not None]


def apart(one: Image, other: Image) -> float:
    return float(np.sqrt(((one - other) ** 2).mean()))
