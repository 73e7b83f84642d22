"""Keeps the content's colours, either in the pastiche or by recolouring the style picture.

Both are pure functions of images, float32 (H, W, 3), sRGB, in [0, 1].
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from brushwork.errors import UserError
from brushwork.images.arrays import as_image
from brushwork.images.resizing import Image

Matrix: TypeAlias = NDArray[np.float64]
ROUNDING = 1e-7  # of a float32 in [0, 1]

# OKLab: B. Ottosson, "A perceptual color space for image processing", 2020, https://bottosson.github.io/posts/oklab/
_LMS = np.array(  # linear sRGB to cone responses
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(  # their cube roots to lightness, green-red, blue-yellow
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
# Inverted here rather than copied, so that the round trip is exact.
_LMS_INVERSE, _LAB_INVERSE = np.linalg.inv(_LMS), np.linalg.inv(_LAB)


def keep_chroma(content: Image, pastiche: Image) -> Image:
    """Combine the lightness of the pastiche with the colour of the content, both (H, W, 3) of the same size.

    In OKLab (Ottosson 2020), takes L of the pastiche, and a and b of the content. Colours outside the sRGB gamut get
    less chroma at the same lightness and hue. `keep_chroma(x, x)` is `x` but for rounding.

    Args:
        content: Image in [0, 1] or uint8.
        pastiche: Image in [0, 1] or uint8.

    Returns:
        A new image (H, W, 3) in [0, 1].

    Raises:
        UserError: If the sizes differ or an argument is not an image.
    """
    content, pastiche = as_image("the content", content), as_image("the pastiche", pastiche)
    if content.shape != pastiche.shape:
        raise UserError(f"content {content.shape} and pastiche {pastiche.shape} must have the same size")
    mixed = np.empty(content.shape, np.float32)
    rows = max(1, 2**18 // content.shape[1])  # bands that fit into the cache are twice as fast
    for top in range(0, len(content), rows):
        band = slice(top, top + rows)
        lab = oklab(content[band])
        lab[..., 0] = oklab(pastiche[band])[..., 0]
        mixed[band] = _encode(_into_gamut(lab))
    return mixed


def match_color_statistics(style: Image, content: Image) -> Image:
    """Match the mean and covariance of a style picture's colours (h, w, 3) to those of a content (H, W, 3).

    The linear method of Gatys et al. 2016, "Preserving color in neural artistic style transfer" (arXiv 1606.05897),
    section 3: x' = A (x - mean of style) + mean of content with A = root(C_content) root(C_style)^-1, where both roots
    are symmetric, which changes hues least. Directions in which the style has no variance (all of them in a constant
    picture) are omitted from the inverse and thus get the content's mean.

    Returns:
        A new image (h, w, 3), clipped to [0, 1].

    Raises:
        UserError: If an argument is not an image.
    """
    style, content = as_image("the style", style), as_image("the content", content)
    return np.clip(_match(style, content), 0, 1).astype(np.float32)


def _match(style: Image, content: Image) -> Matrix:
    """Match mean and covariance, before clipping."""
    pixels = style.reshape(-1, 3).astype(np.float64)
    wanted = content.reshape(-1, 3).astype(np.float64)
    style_mean, content_mean = pixels.mean(axis=0), wanted.mean(axis=0)
    map_ = _root(_covariance(wanted)) @ _root(_covariance(pixels), inverse=True)
    matched = (pixels - style_mean) @ map_.T + content_mean
    # A picture that already has these statistics stays bit for bit: a change below rounding is ignored.
    changed: Matrix = np.where(np.abs(matched - pixels) < ROUNDING, pixels, matched).reshape(style.shape)
    return changed


def _covariance(pixels: Matrix) -> Matrix:
    centred = pixels - pixels.mean(axis=0)
    covariance: Matrix = centred.T @ centred / len(pixels)
    return covariance


def _root(covariance: Matrix, inverse: bool = False) -> Matrix:
    """Return the symmetric square root of a covariance (3, 3), or the pseudo-inverse of the root."""
    variances, axes = np.linalg.eigh(covariance)
    roots = np.sqrt(np.maximum(variances, 0))
    if inverse:  # deviations below a tenth of an 8-bit level are rounding
        roots = np.divide(1, roots, out=np.zeros_like(roots), where=roots > 0.1 / 255)
    root: Matrix = (axes * roots) @ axes.T
    return root


def oklab(image: Image) -> Image:
    """Convert sRGB (..., 3) to OKLab."""
    linear = np.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)
    cones = np.maximum(linear @ _LMS.T.astype(np.float32), 0)
    lab: Image = cones ** (1 / 3) @ _LAB.T.astype(np.float32)
    return lab


def _linear(lab: Image) -> Image:
    """Convert OKLab (..., 3) to linear sRGB, which may exceed [0, 1]."""
    roots = lab @ _LAB_INVERSE.T.astype(np.float32)
    linear: Image = (roots * roots * roots) @ _LMS_INVERSE.T.astype(np.float32)
    return linear


def _into_gamut(lab: Image) -> Image:
    """Convert OKLab to linear sRGB in [0, 1], reducing chroma where necessary at the same lightness and hue."""
    lab[..., 0] = np.clip(lab[..., 0], 0, 1)
    linear = _linear(lab)
    outside = ~_shown(linear)
    if outside.any():
        colours = lab[outside]  # (N, 3)
        low, high = np.zeros((len(colours), 1), np.float32), np.ones((len(colours), 1), np.float32)
        lightness, chroma = colours.copy(), colours.copy()
        lightness[:, 1:], chroma[:, 0] = 0, 0
        for _ in range(8):  # bisection to 1/256 of the chroma
            middle = (low + high) * np.float32(0.5)
            inside = _shown(_linear(lightness + chroma * middle))[:, None]
            low, high = np.where(inside, middle, low), np.where(inside, high, middle)
        linear[outside] = _linear(lightness + chroma * low)
    return np.clip(linear, 0, 1, out=linear)


def _shown(linear: Image) -> NDArray[np.bool_]:
    """Return whether linear sRGB (..., 3) is inside the gamut, but for rounding."""
    inside = (linear > -1e-4) & (linear < 1 + 1e-4)
    shown: NDArray[np.bool_] = inside[..., 0] & inside[..., 1] & inside[..., 2]
    return shown


def _encode(linear: Image) -> Image:
    """Convert linear sRGB in [0, 1] to sRGB."""
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
