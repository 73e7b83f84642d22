"""Finds fades to and from a plain colour, and removes them from the content before it is rendered.

Instance norms remove brightness and contrast, so a network alone renders a faded frame as brightly as the whole
picture, until nothing is left of it. Therefore a fading frame, ``light * picture + (1 - light) * colour``, is rendered
as its picture, and the pastiche is faded in the same way: to the pastiche of the plain colour.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from brushwork.images import Image
from brushwork.video.reading.frames import Pixels, as_image
from brushwork.video.temporal.optical_flow import Plane
from brushwork.video.temporal.tones import QUANTILES, UNIFORM, Ahead, F, Tones

LEAST_LIGHT = 0.02  # fraction of a picture that is assumed to be left in a uniform frame
# Fraction of the contrast to which a fade must fall within the frames that are looked at; fraction from which it must
# rise, after other frames and at the beginning of a shot.
FALLEN, DARK, DARK_AT_CUT = 0.7, 0.15, 0.6
# Largest distance of a frame's quantiles from the straight way to the plain colour, relative to its length; differences
# of the quantiles from this colour, and of the colour from [0, 1], as such a fade is no exact mixture.
DISTANCE, UNEVEN, OUTSIDE = 0.15, 0.06, 0.1
SUDDEN = 0.5  # fraction of the contrast that is lost from one frame to the next only by a cut or a flash
# Without looking ahead: fraction of the contrast of the shot from which a frame is taken for faded, and weights of a
# frame in the tones of its shot, if it has more contrast than those, and less; largest change of the light in a frame.
NOTICED, BRIGHTER, DARKER, GLIDE = 0.85, 0.1, 0.005, 0.15
UNEVEN_SEEN = 0.12  # as UNEVEN; of one frame of a moving shot, the colour is less certain than of many
# Most frames and bytes that are looked ahead, but at least some frames.
MOST_AHEAD, LEAST_AHEAD, BYTES_AHEAD = 120, 12, 2**29


@dataclass(frozen=True, eq=False)
class Fade:
    """A fade as seen from one of its frames.

    Attributes:
        light: Fraction of the picture that is left, in (0, 1].
        color: The plain colour (3,) in [0, 1].
        contrast: Contrast of the whole picture.
        rising: Whether the picture appears.
    """

    light: float
    color: NDArray[np.float32]
    contrast: float
    rising: bool


@dataclass(frozen=True, eq=False)
class Unfaded:
    """A frame without its fade.

    Attributes:
        pixels: The picture (H, W, 3), uint16, as 8 bits would not give the frame back.
        light: Fraction (H, W) of the picture that is left in the frame: that of the fade, and more where the frame
            shows something that does not fade, such as a subtitle.
    """

    pixels: Pixels
    light: Plane

    def fade(self, picture: Image, plain: Image) -> Image:
        """Return a pastiche (H, W, 3) faded like the frame, given the pastiche (H, W, 3) of the plain colour."""
        return np.asarray(plain + self.light[..., None] * (picture - plain), np.float32)


def find(
    frames: Iterator[F], last: F | None, fade: Fade | None, crop: Callable[[Pixels], Pixels]
) -> Iterator[tuple[F, Fade | None]]:
    """Yield each frame with its fade, if any; a uniform frame is the end of one.

    Args:
        frames: Frames in order.
        last: The frame before them, if any.
        fade: Its fade.
        crop: Returns the part of the pixels of a frame that is measured.
    """
    ahead = Ahead(frames, crop)
    before = None if last is None else Tones.of(crop(last.pixels))
    while (taken := ahead.take()) is not None:
        frame, tones = taken
        most = min(MOST_AHEAD, max(LEAST_AHEAD, BYTES_AHEAD // frame.pixels.nbytes))
        fade = _next(tones, before, fade, partial(ahead.run, tones, most))
        yield frame, fade
        before = tones


def follow(frames: Iterator[F]) -> Iterator[tuple[F, Fade | None]]:
    """Yield each frame with its fade, if any, without looking ahead.

    A frame is faded if it is the picture of its shot with less contrast. What a picture that appears will become is
    unknown, so it is not faded unless it is the one that was seen before. Light that stays dim is forgotten slowly.
    """
    whole: Tones | None = None  # of the shot
    fade: Fade | None = None
    for frame in frames:
        tones = Tones.of(frame.pixels)
        if tones.contrast < UNIFORM:
            fade = _uniform(tones)
        elif whole is None or not tones.continues(whole):
            whole, fade = tones, None
        else:
            fade = _glide(whole, tones, fade)
            whole = whole.mixed(tones, BRIGHTER if tones.contrast > whole.contrast else DARKER)
        yield frame, fade


def _glide(whole: Tones, tones: Tones, fade: Fade | None) -> Fade | None:
    """Return the fade of a frame, given the tones of its shot and the fade of the frame before.

    The colour is known only when the contrast is clearly lower, so the light changes gradually at both ends.
    """
    light = tones.contrast / whole.contrast / NOTICED
    if light >= 1:
        return None
    if (color := _plain_color([whole, tones], UNEVEN_SEEN)) is None:
        if fade is None:
            return None
        light, color = 1.0, fade.color
    before = 1.0 if fade is None else fade.light
    light = min(max(light, before - GLIDE), before + GLIDE)
    return Fade(light, color, whole.contrast, rising=False) if light < 1 else None


def undo(pixels: Pixels, fade: Fade) -> Unfaded:
    """Return a frame (H, W, 3) without its fade."""
    content = as_image(pixels)
    color = fade.color
    away = content - color
    # The picture must be in [0, 1]: its distance from the colour is limited, and more light is left where it is larger.
    room = np.where(away > 0, 1 - color, color)
    needed = np.divide(np.abs(away), room, out=np.zeros_like(away), where=room > 0).max(axis=2)
    light = np.clip(needed, np.float32(fade.light), 1).astype(np.float32)
    picture = np.clip(color + away / light[..., None], 0, 1) * np.float32(65535) + np.float32(0.5)
    return Unfaded(picture.astype(np.uint16), light)


def _next(tones: Tones, before: Tones | None, fade: Fade | None, run: Callable[[bool], list[Tones]]) -> Fade | None:
    """Return the fade of a frame, given the tones and the fade of the frame before.

    Args:
        tones: Tones of the frame.
        before: Those of the frame before; None at the beginning.
        fade: The fade of the frame before.
        run: Returns tones of this frame and of those that follow, as long as the contrast rises (True) or falls.
    """
    if tones.contrast < UNIFORM:  # also black with a subtitle, which then is all that is rendered
        return _uniform(tones)
    begins = before is None or not tones.continues(before)
    fade = None if begins else fade
    rising = run(True)
    left = tones.contrast / rising[-1].contrast
    if fade is not None and fade.rising:
        if left < 1:
            return replace(fade, light=max(fade.light, left))
        fade = None
    if left <= (DARK_AT_CUT if begins else DARK) and (color := _end_of(rising[::-1])) is not None:
        return Fade(left, color, rising[-1].contrast, rising=True)
    if fade is not None:
        return replace(fade, light=tones.contrast / fade.contrast) if tones.contrast < fade.contrast else None
    falling = run(False)
    if falling[-1].contrast <= FALLEN * tones.contrast and (color := _end_of(falling)) is not None:
        return Fade(1.0, color, tones.contrast, rising=False)
    return None


def _uniform(tones: Tones) -> Fade:
    """Return the fade of a uniform frame, at its end."""
    return Fade(LEAST_LIGHT, tones.quantiles[len(QUANTILES) // 2], tones.contrast, rising=False)


def _end_of(run: Sequence[Tones]) -> NDArray[np.float32] | None:
    """Return the colour (3,) to which a run of consecutive frames fades; None if it does not, or not gradually."""
    steps = -np.diff([each.contrast for each in run])
    return None if steps.max() > SUDDEN * run[0].contrast else _plain_color(run)


def _plain_color(run: Sequence[Tones], uneven: float = UNEVEN) -> NDArray[np.float32] | None:
    """Return the colour (3,) to which the tones of a run move, from its first frame to its last; None if to no colour.

    In a fade, all quantiles move in a straight line, and their contrast says how far they are from the plain colour.
    """
    first, last = run[0], run[-1]
    on_way = first.contrast / (first.contrast - last.contrast)
    end = first.quantiles + on_way * (last.quantiles - first.quantiles)
    color = np.clip(end.mean(axis=0), 0, 1)
    if float(np.abs(end - color).max()) > OUTSIDE or float(end.std(axis=0).max()) > uneven:
        return None
    way = first.quantiles - color
    expected = (color + way * (each.contrast / first.contrast) for each in run)
    distances = [np.linalg.norm(each.quantiles - there) for each, there in zip(run, expected, strict=True)]
    return None if max(distances) > DISTANCE * np.linalg.norm(way) else np.asarray(color, np.float32)
