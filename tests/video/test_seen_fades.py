"""Fades that are found without looking ahead, as for cameras."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest

from brushwork.live.loop import Palette, live
from brushwork.stylizer import Stylizer
from brushwork.video.frame_painter import FramePainter
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.frames import VideoFrame
from brushwork.video.temporal import fades
from brushwork.video.temporal.fades import Fade
from tests.video.conftest import Pixels, make_frames
from tests.video.fading import BLACK, COLOURS, Normalising, faded, mixed
from tests.video.flickering import STYLE

# A shot that fades out within a second, and the same shot again at once.
LIGHTS = [1.0] * 6 + [1 - n / 24 for n in range(1, 24)] + [0.0] * 3 + [1.0] * 3
PICTURES = make_frames(12)
OTHER = [np.ascontiguousarray(255 - picture[::-1, :, ::-1]) for picture in PICTURES]


def follow(frames: Sequence[Pixels]) -> list[Fade | None]:
    return [fade for _, fade in fades.follow(FrameState(pixels, 0, 1, STYLE) for pixels in frames)]


@pytest.mark.parametrize("colour", COLOURS)
def test_a_fade_is_seen_and_the_light_changes_gradually(colour: Sequence[float]) -> None:
    """In a moving shot, whose tones change as well, it is seen later."""
    for every, near in ((len(LIGHTS), 0.15), (6, 0.3)):  # at rest, and by a thirtieth of the width every sixth frame
        found = follow([mixed(PICTURES[n // every], light, colour) for n, light in enumerate(LIGHTS)])
        lights = [1.0 if fade is None else fade.light for fade in found]
        np.testing.assert_allclose(lights, LIGHTS, atol=near)
        falling = lights[: LIGHTS.index(0)]
        assert all(-0.01 <= one - other <= fades.GLIDE + 0.01 for one, other in pairwise(falling))
        assert found[-3:] == [None] * 3  # the picture is there at once, and so is its pastiche
        assert falling[-1] < 0.1 and lights[LIGHTS.index(0)] == fades.LEAST_LIGHT


@pytest.mark.parametrize("frames", [
    PICTURES,
    [*PICTURES[:6], *OTHER[:6]],
    [*PICTURES[:5], np.full_like(PICTURES[0], 255), *PICTURES[6:]],
    [mixed(picture, 1 - 0.02 * (n % 4), BLACK) for n, picture in enumerate(PICTURES)],
    [mixed(picture, 0.1, BLACK) for picture in PICTURES],
    [*PICTURES[:6], *[mixed(picture, 0.1, BLACK) for picture in OTHER[:6]]],
], ids=["moving", "cut", "flash", "flickering light", "night", "cut to night"])  # fmt: skip
def test_nothing_else_is_seen_as_a_fade(frames: list[Pixels]) -> None:
    assert [fade is not None for fade in follow(frames)] == [len(np.unique(frame)) == 1 for frame in frames]


def test_light_that_stays_dim_is_forgotten() -> None:
    found = follow([PICTURES[0]] * 3 + [mixed(PICTURES[0], 0.5, BLACK)] * 500)
    lights = [1.0 if fade is None else fade.light for fade in found]
    lowest = int(np.argmin(lights))
    assert lights[lowest] == pytest.approx(0.5 / fades.NOTICED, abs=0.03)
    assert all(other >= one for one, other in pairwise(lights[lowest:])) and lights[-1] == 1


def test_no_frame_is_read_ahead() -> None:
    read = [0]

    def frames() -> Iterator[FrameState]:
        for pixels in faded(LIGHTS):
            read[0] += 1
            yield FrameState(pixels, 0, 1, STYLE)

    for number, _ in enumerate(fades.follow(frames()), 1):
        assert read[0] == number


@pytest.mark.parametrize("steady", [0, 0.9])
def test_the_live_picture_fades(steady: float) -> None:
    """The mean of a picture's pastiche is 0.5, and that of black 0."""
    camera = (VideoFrame(mixed(PICTURES[0], light, BLACK), number, 0) for number, light in enumerate(LIGHTS))
    painter = FramePainter(Stylizer(Normalising()))
    means = [float(shown.pastiche.mean()) for shown in live(camera, Palette(["one"], [STYLE]), painter, steady=steady)]
    np.testing.assert_allclose(means, [0.5 * light for light in LIGHTS], atol=0.1)
