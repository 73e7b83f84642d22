"""Measures a style picture and describes it in words: colours, brightness, contrast, saturation, strokes, detail."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from brushwork import images
from brushwork.images.color import oklab
from brushwork.runtime import Array

# Short side in pixels at which pictures are measured; one size makes stroke sizes comparable.
SEEN = 192
# Fraction of a picture that a colour must cover to be named.
COVERS = 0.12
# A word such as "dark" describes this fraction of all pictures, taken from one end of the measure.
EXTREME = 0.2
# Upper limits of Oklab hues in degrees.
HUES = ((15, "pink"), (42, "red"), (75, "orange"), (118, "yellow"), (170, "green"), (218, "turquoise"), (283, "blue"),
        (330, "violet"), (360, "pink"))  # fmt: skip
MEASURES = ("brightness", "contrast", "saturation", "stroke", "detail", "vertical", "horizontal", "flow", "flatness")


def name_colors(lab: NDArray[np.float32]) -> NDArray[np.str_]:
    """Return the names (N,) of Oklab colours (N, 3)."""
    lightness, chroma = lab[:, 0], np.hypot(lab[:, 1], lab[:, 2])
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360
    names = np.array([name for _, name in HUES], dtype="<U24")[np.searchsorted([limit for limit, _ in HUES], hue)]
    warm = (hue > 30) & (hue < 110)
    names[warm & (lightness < 0.55) & (chroma < 0.14)] = "brown"
    names[warm & (lightness >= 0.72) & (chroma < 0.075)] = "beige"
    prefix = np.where(lightness < 0.42, "dark ", np.where(lightness > 0.8, "light ", ""))
    plain = np.isin(names, ("beige", "yellow")) | ((names == "brown") & (lightness > 0.42))
    named = np.where(plain, names, np.char.add(prefix, names))
    grey = chroma < 0.025
    named[grey] = np.where(lightness[grey] > 0.9, "white", np.where(lightness[grey] < 0.3, "black", "grey"))
    named[lightness < 0.2] = "black"
    return named


def measure(image: Array) -> tuple[NDArray[np.float64], Mapping[str, float]]:
    """Return the `MEASURES` of a picture (H, W, 3) in [0, 1], and colour name -> fraction of the picture it covers.

    ``stroke`` is the mean logarithm of the scale at which lightness varies, in pixels of a picture with a short side of
    192; ``vertical`` and ``horizontal`` are the fractions of the variation along strokes of that direction; ``flow`` is
    how much strokes agree with their neighbours; ``flatness`` is the fraction of the picture that hardly varies.
    """
    seen = images.resize(image, _side(image.shape[0], image.shape[1]))
    lab = oklab(seen)
    lightness = 100 * lab[..., 0].astype(np.float64)
    names, counts = np.unique(name_colors(lab[::2, ::2].reshape(-1, 3)), return_counts=True)
    colors = dict(zip(names.tolist(), (counts / counts.sum()).tolist(), strict=True))
    layers = [lightness, *(_blur(lightness, scale) for scale in (1, 2, 4, 8))]
    bands = np.array([np.square(fine - coarse).mean() for fine, coarse in pairwise(layers)])
    gradient_y, gradient_x = np.gradient(layers[1])
    xx, yy, xy = (_blur(each, 4) for each in (gradient_x**2, gradient_y**2, gradient_x * gradient_y))
    energy = max(float((xx + yy).mean()), 1e-9)
    local = np.hypot(xx - yy, 2 * xy).mean() / energy
    values = {
        "brightness": lightness.mean(),
        "contrast": lightness.std(),
        "saturation": 100 * np.hypot(lab[..., 1], lab[..., 2]).mean(),
        "stroke": float(np.dot(bands, range(4)) / max(bands.sum(), 1e-9)),
        "detail": np.log(bands[:2].sum() + 1e-3),
        "vertical": (xx.mean() - yy.mean()) / energy,
        "horizontal": (yy.mean() - xx.mean()) / energy,
        "flow": local,
        "flatness": float((np.hypot(gradient_x, gradient_y) < 1.0).mean()),
    }
    return np.array([values[name] for name in MEASURES], dtype=np.float64), colors


def _side(height: int, width: int) -> tuple[int, int]:
    scale = SEEN / min(height, width)
    return round(height * scale), round(min(width * scale, 4 * SEEN))


def _blur(plane: NDArray[np.float64], scale: int) -> NDArray[np.float64]:
    """Return a plane (H, W) blurred twice by a box of 2 * scale + 1 pixels; edge pixels are repeated."""
    for axis in (0, 1, 0, 1):
        padded = np.pad(plane, [(scale + 1, scale) if each == axis else (0, 0) for each in (0, 1)], mode="edge")
        total = np.cumsum(padded, axis=axis)
        side = 2 * scale + 1
        plane = (total[side:] - total[:-side] if axis == 0 else total[:, side:] - total[:, :-side]) / side
    return plane


# Words for the lowest and the highest pictures of each measure.
WORDS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "brightness": (
        ("dark", "night", "gloomy", "shadows", "dark colours"),
        ("bright", "light", "pale", "luminous", "bright light"),
    ),
    "contrast": (
        ("low contrast", "soft", "misty", "haze", "gentle", "faint"),
        ("high contrast", "strong contrast", "bold", "stark", "dramatic"),
    ),
    "saturation": (
        ("muted colours", "muted", "grey tones", "faded", "colourless", "black and white"),
        ("vivid colours", "colourful", "saturated", "bright colours", "vivid", "neon"),
    ),
    "stroke": (
        ("fine lines", "thin lines", "fine strokes", "small dots", "delicate", "pen drawing"),
        ("broad strokes", "thick oil paint", "thick brush strokes", "large shapes", "thick paint", "washes"),
    ),
    "detail": (
        ("plain", "smooth", "simple", "minimal", "blurred", "calm"),
        ("detailed", "busy", "intricate", "rough texture", "textured", "wild"),
    ),
    "vertical": ((), ("vertical strokes", "vertical lines", "upright strokes", "rain")),
    "horizontal": ((), ("horizontal strokes", "horizontal lines", "level strokes", "bands")),
    "flow": (
        ("dots", "speckled", "grainy", "spots"),
        ("swirls", "swirling strokes", "flowing lines", "curving lines", "stripes", "waves"),
    ),
    "flatness": (
        ("painterly", "brush strokes all over", "crowded"),
        ("flat colours", "flat areas", "poster", "empty background"),
    ),
}  # fmt: skip
# Things that people associate with a colour.
THINGS: Mapping[str, Sequence[str]] = {
    "blue": ("sea", "ocean", "sky", "water"), "dark blue": ("deep sea", "stormy sea", "midnight", "night sky"),
    "light blue": ("ice", "frost", "summer sky", "snow"), "turquoise": ("lagoon", "teal", "sea water"),
    "dark turquoise": ("deep water", "dark teal"), "green": ("forest", "leaves", "grass", "garden"),
    "dark green": ("dark forest", "jungle", "moss"), "light green": ("spring", "meadow"),
    "red": ("fire", "blood", "poppies", "scarlet"), "dark red": ("wine", "crimson", "embers"),
    "orange": ("sunset", "flames", "autumn", "rust"),
    "yellow": ("gold", "sunlight", "wheat", "lemon"),
    "brown": ("earth", "wood", "autumn leaves", "clay", "copper", "terracotta"),
    "dark brown": ("old wood", "coffee", "candle light"), "beige": ("sand", "desert", "old paper", "cream", "ivory"),
    "pink": ("roses", "blossom", "flesh"), "light pink": ("cherry blossom", "rose", "dawn"),
    "violet": ("purple", "lavender", "dusk"), "dark violet": ("dark purple", "aubergine"),
    "light violet": ("lilac", "pale purple"), "black": ("ink", "charcoal", "coal"),
    "white": ("snow", "paper", "chalk"), "grey": ("pencil", "stone", "fog", "smoke", "silver"),
}  # fmt: skip
