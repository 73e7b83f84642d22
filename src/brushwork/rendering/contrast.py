"""Statistics for uniform and mostly plain contents, whose own statistics would mislead instance norms.

An instance norm divides by the standard deviation of its features, which is near zero for a uniform content: thirteen
norms turn rounding errors into a mesh pattern, and a picture that fades to black keeps its brightness. Therefore, if a
content has less contrast than photos have, statistics of a reference picture are mixed into those of every norm (as in
virtual batch normalisation, Salimans et al. 2016, arXiv 1606.03498, section 3.4); for a uniform content they replace
them. The pastiche of a uniform content is then that of a dark or bright part of an ordinary picture: a plain colour of
the style.

The same is done if one plain colour fills most of a content, such as the ground of a title card or of a drawing. An
instance norm subtracts the mean of its features, which is then that of the ground: black or white, it would become the
mean colour of the style, with halos where the letters begin to be seen.
"""

import functools
from dataclasses import dataclass

import numpy as np

from brushwork import images
from brushwork.images import Rows
from brushwork.rendering.regions import StyleMap
from brushwork.runtime import Array, NormInputs, Runtime

# Standard deviation of pixels (with the channels' variances averaged) from which only a content's own statistics are
# used. 0.6 % of 800 training photos have less, none less than 0.067; the validation photos have at least 0.155.
LEAST_CONTRAST = 0.1
# Fractions of a content within NEAR of its median colour, from which the reference is mixed in and is used alone. Of
# 800 training photos none has more than 0.15, and none of the validation photos more than 0.05.
PLAIN, ALL_PLAIN, NEAR = 0.5, 0.75, 3 / 255
SAMPLES = 128  # most rows and columns from which this fraction is estimated
# Side, mean and deviation of the reference. Photos have about 0.45 and 0.23, and a spectrum of 1 / frequency.
SIDE, MEAN, DEVIATION = 256, 0.45, 0.24
GREY = 0.9  # correlation of each channel of the reference with the component common to all three
STRIP = 128  # rows read at a time


@dataclass(frozen=True, eq=False)
class Reference:
    """Statistics that are mixed into those of a content.

    Attributes:
        weight: Their weight in (0, 1]; 1 for a uniform content.
        statistics: (1, N), see `Runtime.transfer_with_statistics`.
    """

    weight: float
    statistics: Array

    def mix(self, before: Array | None, weight: float) -> tuple[Array, float]:
        """Return statistics (1, N) that combine the reference with held statistics, and their weight.

        Args:
            before: Held statistics (1, N) of the previous frame.
            weight: Their weight against the mixture of content and reference.
        """
        if before is None or not weight:
            return self.statistics, self.weight
        total = 1 - (1 - weight) * (1 - self.weight)
        mixed = ((1 - weight) * self.weight * self.statistics + weight * before) / total
        return np.asarray(mixed, np.float32), total


def find_reference(runtime: Runtime, content: Rows, style: StyleMap) -> Reference | None:
    """Return the reference for a content (H, W, 3 or 4) in [0, 1]; None if it has contrast and is not mostly plain."""
    varied = min(1.0, (ALL_PLAIN - _plain_fraction(content)) / (ALL_PLAIN - PLAIN))
    # Each norm takes the brightness of the ground away again, so the square changes it more evenly.
    weight = 1 - min(_relative_variance(content), max(0.0, varied) ** 2)
    if weight <= 0:
        return None
    weights = style.weights((SIDE, SIDE), 0, SIDE)
    picture = reference_picture()[None].copy()
    if weights is None:
        return Reference(weight, runtime.transfer_with_statistics(picture, style.embeddings[:1])[1])
    norms = NormInputs(masks=np.ascontiguousarray(weights[None], np.float32))
    return Reference(weight, runtime.transfer_with_statistics(picture, style.embeddings[None], norms)[1])


def _relative_variance(content: Rows) -> float:
    """Return the ratio of the visible pixels' variance to the one that suffices, at most 1."""
    height, width = content.shape[:2]
    enough = LEAST_CONTRAST**2 * 3 * height * width
    count, mean, squares = 0, np.zeros(3), 0.0
    for top in range(0, height, STRIP):
        rows = content[top : min(top + STRIP, height)]
        strip = rows[images.is_visible(rows)][:, :3].astype(np.float64)
        if not len(strip):
            continue
        own = strip.mean(axis=0)
        squares += float(np.square(strip - own).sum())
        squares += float(np.square(own - mean).sum()) * count * len(strip) / (count + len(strip))
        mean = (count * mean + len(strip) * own) / (count + len(strip))
        count += len(strip)
        if squares >= enough:  # further rows can only add to the sum of squares
            return 1.0
    return squares / (LEAST_CONTRAST**2 * 3 * count) if count else 1.0


def _plain_fraction(content: Rows) -> float:
    """Return the fraction of visible pixels that have the median colour; it tells little if it is below a half."""
    height, width = content.shape[:2]
    rows = range(0, height, -(-height // SAMPLES))
    samples = np.concatenate([content[row : row + 1][:, :: -(-width // SAMPLES)] for row in rows])
    seen = samples[images.is_visible(samples)][:, :3]
    return float((np.abs(seen - np.median(seen, axis=0)).max(axis=1) <= NEAR).mean()) if len(seen) else 0.0


@functools.cache
def reference_picture() -> Array:
    """Return noise (256, 256, 3) in [0, 1] with the contrast and spectrum of a photo; it is the same on every call."""
    random = np.random.default_rng(0)
    frequencies = np.fft.fftfreq(SIDE)
    falling = 1 / np.maximum(np.hypot(frequencies[:, None], frequencies), 1 / SIDE)
    falling[0, 0] = 0  # zero mean

    def plane() -> Array:
        noise = np.fft.ifft2(np.fft.fft2(random.standard_normal((SIDE, SIDE))) * falling).real
        return np.asarray(noise / noise.std(), np.float32)

    common = plane()
    channels = [GREY * common + (1 - GREY**2) ** 0.5 * plane() for _ in range(3)]
    picture: Array = np.clip(MEAN + DEVIATION * np.stack(channels, axis=2), 0, 1).astype(np.float32)
    picture.flags.writeable = False
    return picture
