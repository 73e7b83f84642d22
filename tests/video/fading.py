"""Clips that fade, and a model that would render their frames as bright as the whole picture."""

from collections.abc import Sequence

import numpy as np

from brushwork.images import Image
from brushwork.runtime import Array
from brushwork.video.reading.frames import as_image
from tests.video.conftest import Pixels, make_frames
from tests.video.flickering import Flickering

COLOURS = [(0, 0, 0), (1, 1, 1), (0.5, 0.5, 0.5), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0.1, 0.1, 0.3)]
BLACK, WHITE = COLOURS[:2]
# What is left of the picture in each frame of a clip: whole, faded out in ten frames, none, and faded in again.
LIGHTS = [1.0] * 4 + [1 - n / 10 for n in range(1, 10)] + [0.0] * 3 + [n / 8 for n in range(1, 8)] + [1.0] * 4


def mixed(picture: Pixels, light: float, colour: Sequence[float] | Image) -> Pixels:
    """A picture of which some is left, in a plain colour, rounded to 8 bits."""
    return np.asarray(np.rint(255 * (light * as_image(picture) + (1 - light) * np.asarray(colour))), np.uint8)


def faded(lights: Sequence[float], colour: Sequence[float] = BLACK) -> list[Pixels]:
    """A moving clip of which some is left in every frame."""
    return [mixed(picture, light, colour) for picture, light in zip(make_frames(len(lights)), lights, strict=True)]


class Normalising(Flickering):
    """A model whose pastiche has the mean and contrast of the style, however dark the content is, as instance norms do.

    That of a uniform content is its colour at half of the brightness.
    """

    def transfer(self, content: Array, embedding: Array) -> Array:
        mean, deviation = content.mean(axis=(1, 2), keepdims=True), content.std(axis=(1, 2, 3), keepdims=True)
        pastiche = 0.5 + 0.2 * (content - mean) / deviation if deviation.min() > 0.01 else content / 2
        return np.asarray(pastiche, np.float32)
