"""Fades to and from a plain colour: found in moving clips, nowhere else, and the pastiche fades like the content."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from brushwork import images
from brushwork.images import Image
from brushwork.stylizer import Stylizer
from brushwork.stylizer import load as load_model
from brushwork.video import pipeline
from brushwork.video.frame_painter import FramePainter
from brushwork.video.frame_state import FrameState
from brushwork.video.letterbox import Box, LetterboxPainter
from brushwork.video.reading.frames import as_image
from brushwork.video.run import RunOptions, run
from brushwork.video.settings import Settings
from brushwork.video.temporal import fades
from brushwork.video.temporal.fades import Fade
from tests.video.conftest import Pixels, make_clip, make_frames, negative, read_frames
from tests.video.dying import in_process, killed_run, paint
from tests.video.fading import BLACK, COLOURS, LIGHTS, WHITE, Normalising, faded, mixed
from tests.video.flickering import STYLE, Flickering, states

EXAMPLES = Path(__file__).parents[2] / "examples"


def find(frames: Sequence[Pixels], last: Pixels | None = None, fade: Fade | None = None) -> list[Fade | None]:
    items = (FrameState(pixels, 0, 1, STYLE) for pixels in frames)
    before = None if last is None else FrameState(last, 0, 1, STYLE)
    return [found for _, found in fades.find(items, before, fade, lambda pixels: pixels)]


def lights_of(found: Sequence[Fade | None]) -> list[float]:
    return [1.0 if fade is None else fade.light for fade in found]


def finished(frames: Sequence[Pixels], model: Flickering, steady: float = 0.0, box: Box | None = None) -> list[Image]:
    """What is written of frames."""
    painter = FramePainter(Stylizer(model))
    made = pipeline.run_stages(
        pipeline.without_fades(states(frames), None, box), None, LetterboxPainter(painter, box) if box else painter,
        steady, steady > 0, {},
    )  # fmt: skip
    return [state.finished for state in made]


@pytest.mark.parametrize("colour", COLOURS)
def test_a_fade_in_a_moving_clip_is_found(colour: Sequence[float]) -> None:
    found = find(faded(LIGHTS, colour))
    expected = [max(light, fades.LEAST_LIGHT) for light in LIGHTS]
    np.testing.assert_allclose(lights_of(found), expected, atol=0.06)
    assert found[-3:] == [None] * 3
    for fade in found:
        if fade is not None:
            np.testing.assert_allclose(fade.color, colour, atol=0.03)


def test_a_clip_may_begin_and_end_in_the_middle_of_a_fade() -> None:
    rising, falling = [0.3, 0.5, 0.7, 0.9, 1, 1], [1, 1, 0.9, 0.8, 0.7, 0.6, 0.5]
    assert lights_of(find(faded(rising))) == pytest.approx(rising, abs=0.05)
    assert lights_of(find(faded(falling))) == pytest.approx(falling, abs=0.05)


def wiped(picture: Pixels, columns: int) -> Pixels:
    """A picture of which some columns are black already."""
    return np.concatenate([np.zeros_like(picture[:, :columns]), picture[:, columns:]], axis=1)


PICTURES = make_frames(12)
OTHER = [np.ascontiguousarray(255 - picture[::-1, :, ::-1]) for picture in PICTURES]


@pytest.mark.parametrize("frames", [
    PICTURES,
    [*PICTURES[:6], *OTHER[:6]],
    [mixed(one, 1 - n / 12, as_image(other)) for n, (one, other) in
     enumerate(zip(PICTURES, OTHER, strict=True))],
    [*PICTURES[:5], np.full_like(PICTURES[0], 255), *PICTURES[6:]],
    [wiped(picture, 6 * n) for n, picture in enumerate(PICTURES[:10])],
    [mixed(picture, 1 - 0.02 * (n % 4), BLACK) for n, picture in enumerate(PICTURES)],
    [mixed(picture, 0.1, BLACK) for picture in PICTURES],
], ids=["moving", "cut", "dissolve", "flash", "wipe", "flickering light", "night"])  # fmt: skip
def test_nothing_else_is_a_fade(frames: list[Pixels]) -> None:
    """A white frame is the end of a fade, and so is a frame that is wiped away but for a twelfth."""
    uniform = [len(np.unique(frame[:, :-6])) == 1 for frame in frames]
    assert [fade is not None for fade in find(frames)] == uniform


def test_a_frame_without_its_fade_gives_the_frame_back() -> None:
    """The plain pastiche of a model that changes nothing is the colour, so nothing may change."""
    random = np.random.default_rng(0)
    frame = random.integers(0, 256, (40, 60, 3), np.uint8)
    for colour in COLOURS:
        plain = np.broadcast_to(np.asarray(colour, np.float32), frame.shape)
        for light in (fades.LEAST_LIGHT, 0.5, 1.0):
            unfaded = fades.undo(frame, Fade(light, np.asarray(colour, np.float32), 0.2, rising=False))
            again = unfaded.fade(as_image(unfaded.pixels), plain)
            assert np.array_equal(np.rint(255 * again), frame)


@pytest.mark.numeric
def test_a_shipped_model_fades_from_the_pastiche_to_that_of_black() -> None:
    stylizer = load_model("brushwork-mobile", precision="f32")
    photo = images.resize(images.open(EXAMPLES / "rocket.jpg").image, (96, 132))
    picture: Pixels = np.rint(255 * photo).astype(np.uint8)
    shown = [1.0, 0.9, 0.7, 0.5, 0.3, 0.1, 0.0]
    frames = [mixed(picture, light, BLACK) for light in shown]
    embedding = stylizer.embed(EXAMPLES / "glass.jpg")
    clip = (FrameState(pixels, number, 1, embedding) for number, pixels in enumerate(frames))
    made = pipeline.run_stages(pipeline.without_fades(clip, None, None), None, FramePainter(stylizer), 0, False, {})
    pastiches = [state.finished for state in made]
    whole, plain = pastiches[0], pastiches[-1]
    np.testing.assert_allclose(whole, stylizer.stylize(picture, embedding, stroke="own"), atol=1e-3)
    assert plain.std(axis=(0, 1)).max() < 1 / 255
    for light, pastiche in zip(shown[:-2], pastiches, strict=False):
        assert pastiche.mean() == pytest.approx(light * whole.mean() + (1 - light) * plain.mean(), abs=0.02)
        assert pastiche.std() == pytest.approx((light * whole + (1 - light) * plain).std(), abs=0.02)


@pytest.mark.parametrize("steady", [0, 0.99])
def test_the_pastiche_fades_like_the_content(steady: float) -> None:
    """The mean of a picture's pastiche is 0.5, and that of black 0."""
    means = [float(image.mean()) for image in finished(faded(LIGHTS), Normalising(), steady)]
    assert means == pytest.approx([0.5 * light for light in LIGHTS], abs=0.04)
    to_white = [float(image.mean()) for image in finished(faded(LIGHTS, WHITE), Normalising(), steady)]
    assert to_white == pytest.approx([0.5] * len(LIGHTS), abs=0.03)


def test_a_dark_clip_without_a_fade_stays_bright() -> None:
    night = [mixed(picture, 0.2, BLACK) for picture in PICTURES]
    assert [float(image.mean()) for image in finished(night, Normalising())] == pytest.approx([0.5] * 12, abs=0.03)


def test_what_does_not_fade_stays() -> None:
    """A white square of a twentieth of the side, as large as a letter of a title, stays in the pastiche."""
    frames = faded(LIGHTS)
    for frame in frames:
        frame[20:23, 30:33] = 255
    without = finished(faded(LIGHTS), Normalising())
    for light, image, other in zip(LIGHTS, finished(frames, Normalising()), without, strict=True):
        assert light == 1 or image[20:23, 30:33].mean() > 0.9
        np.testing.assert_allclose(image[:, 40:], other[:, 40:], atol=0.12)


def test_the_bars_of_a_letterboxed_clip_do_not_fade() -> None:
    frames = [np.pad(frame, ((12, 12), (0, 0), (0, 0))) for frame in faded(LIGHTS, WHITE)]
    for image, light in zip(finished(frames, Normalising(), box=Box(12, 60, 0, 64)), LIGHTS, strict=True):
        assert not image[:12].any() and not image[60:].any()
        assert image[12:60].mean() == pytest.approx(0.5, abs=0.03)
        assert image[12:60].std() == pytest.approx(0.2 * light, abs=0.03)


def test_resuming_in_a_fade_finds_the_same() -> None:
    frames = faded(LIGHTS)
    whole = find(frames)
    for number in range(1, len(frames)):
        rest = find(frames[number:], frames[number - 1], whole[number - 1])
        assert lights_of(rest) == lights_of(whole[number:])


@pytest.mark.parametrize("count", [3, 9])
def test_a_run_killed_in_a_fade_is_completed(count: int, tmp_path: Path, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mkv", faded(LIGHTS[3:15]))
    paint(str(clip), str(tmp_path / "whole.mkv"), grey)
    phase = {3: "in the first piece", 9: "in the second piece"}[count]
    assert in_process(killed_run, phase, str(clip), str(tmp_path / "out.mkv"), grey) == 9
    paint(str(clip), str(tmp_path / "out.mkv"), grey, resume=phase != "in the first piece")
    assert (tmp_path / "out.mkv").read_bytes() == (tmp_path / "whole.mkv").read_bytes()


def test_few_frames_are_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a fade longer than that, the lights still rise and fall steadily."""
    monkeypatch.setattr(fades, "MOST_AHEAD", 12)
    lights = [1.0] * 3 + [1 - n / 40 for n in range(1, 40)] + [0.0] + [n / 40 for n in range(1, 40)] + [1.0] * 3
    frames, read = faded(lights), [0]

    def counted() -> Iterator[FrameState]:
        for frame in frames:
            read[0] += 1
            yield FrameState(frame, 0, 1, STYLE)

    found = []
    for number, (_, fade) in enumerate(fades.find(counted(), None, None, lambda pixels: pixels)):
        assert read[0] <= number + 13
        found.append(fade)
    values = lights_of(found)
    middle = lights.index(0.0)
    assert all(one >= other - 0.03 for one, other in pairwise(values[:middle]))
    assert all(other >= one - 0.03 for one, other in pairwise(values[middle:]))
    assert min(values) == fades.LEAST_LIGHT and values[0] == values[-1] == 1


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_a_fade_of_a_linear_model_changes_nothing(
    strength: float, tmp_path: Path, load: Callable[[], Stylizer], grey: str
) -> None:
    """Of strength 0, and of a model that is linear, the faded pastiche is the pastiche of the fade."""
    frames = faded(LIGHTS)
    clip = make_clip(tmp_path / "clip.mkv", frames)
    settings = Settings((grey,), steady=0, codec="ffv1", strength=strength)
    for _ in run(str(clip), tmp_path / "out.mkv", load, settings, RunOptions()):
        pass
    for (_, painted), frame in zip(read_frames(tmp_path / "out.mkv"), frames, strict=True):
        expected = frame if strength == 0 else negative(frame, 128 / 255)
        assert np.abs(painted.astype(int) - expected).max() <= strength
