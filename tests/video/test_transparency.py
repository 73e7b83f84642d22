"""Transparent clips: alpha is kept if the target can hold it, otherwise blended with white with a notice."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.video.frame_painter import FramePainter
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.opening import open_clip
from brushwork.video.run import RunOptions, VideoProgress, run
from brushwork.video.settings import Settings
from brushwork.video.writing.target import default_target, encoding_of
from tests.video.conftest import make_frames

Load = Callable[[], Stylizer]
NOTE = "transparent parts are painted on white; vp9 in .webm, prores, ffv1, .png, .webp and .apng keep alpha"
COUNT = 4


def alpha(number: int) -> Any:
    """A growing disc with a soft edge."""
    y, x = np.mgrid[:48, :64]
    distance = np.hypot(y - 24, x - 32)
    return np.clip((14 + 2 * number - distance) / 4 * 255, 0, 255).astype(np.uint8)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Lossless frames whose hidden parts are pure magenta, which is not visible anywhere."""
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("ffv1", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgra"
        for number, pixels in enumerate(make_frames(COUNT)):
            seen = alpha(number)
            hidden = np.where(seen[..., None] > 0, pixels, np.array([255, 0, 255], np.uint8))
            rgba = np.concatenate((hidden, seen[..., None]), axis=2)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba), "rgba").reformat(format="bgra")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def paint(clip: Path, target: Path, load: Load, style: str, **choices: Any) -> VideoProgress:
    *_, last = run(str(clip), target, load, Settings((style,), strength=0, **choices))
    return last


def test_alpha_is_read_and_hidden_colours_are_replaced(clip: Path) -> None:
    opened = open_clip(str(clip))
    frames = list(opened.read(opened.start))
    assert opened.alpha
    for number, frame in enumerate(frames):
        assert frame.alpha is not None
        assert np.array_equal(frame.alpha, alpha(number))
        seen = alpha(number) > 0
        assert np.array_equal(frame.pixels[seen], make_frames(COUNT)[number][seen])
        magenta = (frame.pixels[..., 0] > 240) & (frame.pixels[..., 1] < 20) & (frame.pixels[..., 2] > 240)
        assert not magenta.any()


@pytest.mark.parametrize(("name", "codec", "error"), [("out.mkv", "ffv1", 0), ("out.mov", "prores", 3)])
def test_alpha_is_written_to_video_files_that_can_hold_it(
    name: str, codec: str, error: int, clip: Path, tmp_path: Path, load: Load, grey: str
) -> None:
    assert paint(clip, tmp_path / name, load, grey, codec=codec).notes == []
    with av.open(str(tmp_path / name)) as container:
        found = [frame.to_ndarray(format="rgba") for frame in container.decode(video=0)]
        assert codec != "prores" or container.streams.video[0].codec_context.codec_tag == "ap4h"
    assert len(found) == COUNT
    for number, pixels in enumerate(found):
        assert np.abs(pixels[..., 3].astype(int) - alpha(number)).max() <= error
        opaque = alpha(number) == 255
        assert np.abs(pixels[opaque][:, :3].astype(int) - make_frames(COUNT)[number][opaque]).mean() <= error + 0.01


@pytest.mark.parametrize("name", ["out.webm", "out.mkv"])
def test_alpha_of_vp9_is_written_and_read(name: str, clip: Path, tmp_path: Path, load: Load, grey: str) -> None:
    """Without --codec, a transparent clip uses one with alpha; two segments are joined with their alpha."""
    settings = Settings((grey,), strength=0, crf=4)
    *_, last = run(str(clip), tmp_path / name, load, settings, RunOptions(piece=3))
    assert last.notes == []
    again = open_clip(str(tmp_path / name))
    frames = list(again.read(again.start))
    assert (again.alpha, len(frames)) == (True, COUNT)
    for number, frame in enumerate(frames):
        assert frame.alpha is not None
        assert np.abs(frame.alpha.astype(int) - alpha(number)).max() <= 8
        opaque = alpha(number) == 255
        assert np.abs(frame.pixels[opaque].astype(int) - make_frames(COUNT)[number][opaque]).mean() < 6


def test_the_default_target_of_a_transparent_clip_keeps_alpha(clip: Path, tmp_path: Path) -> None:
    settings = Settings(("waves.jpg",))
    assert default_target(str(clip), settings).name == "clip-waves.mkv"
    Image.new("RGBA", (64, 48), (255, 0, 0, 128)).save(tmp_path / "still.png")
    assert default_target(str(tmp_path / "still.png"), settings).name == "still-waves.webm"
    Image.new("RGB", (64, 48)).save(tmp_path / "opaque.png")
    assert default_target(str(tmp_path / "opaque.png"), settings).name == "opaque-waves.mp4"
    assert encoding_of(Path("out.mov"), settings, alpha=True).codec.encoder == "prores_ks"
    assert not encoding_of(Path("out.mp4"), Settings(("waves.jpg",), codec="vp9"), alpha=True).alpha


def test_hidden_pixels_do_not_count_in_statistics() -> None:
    """Half of the frame is hidden: the fake model's statistics, the mean colour, are those of the other half."""
    pixels = np.full((32, 64, 3), 90, np.uint8)
    pixels[:, :16], pixels[:, 16:32] = 255, 0
    seen = np.zeros((32, 64), np.uint8)
    seen[:, :32] = 255
    state = FrameState(pixels, 0, 1, np.zeros((1, 3), np.float32), alpha=seen)
    painted = FramePainter(Stylizer(FakeRuntime()), hold=0.5).paint(state, None)
    assert painted.statistics is not None and painted.pastiche is not None
    assert painted.statistics[0].tolist() == pytest.approx([20 / 36] * 3)  # 16 and a border of 4
    assert painted.pastiche.shape == (32, 64, 3)


def test_alpha_is_written_to_pictures_and_animations(clip: Path, tmp_path: Path, load: Load, grey: str) -> None:
    assert paint(clip, tmp_path / "frames", load, grey).notes == []
    for number, path in enumerate(sorted((tmp_path / "frames").iterdir())):
        assert np.array_equal(np.asarray(Image.open(path))[..., 3], alpha(number))
    paint(clip, tmp_path / "out.webp", load, grey)
    again = open_clip(str(tmp_path / "out.webp"))
    frames = list(again.read(again.start))
    assert again.alpha and frames[2].alpha is not None
    assert np.abs(frames[2].alpha.astype(int) - alpha(2)).max() <= 2
    from_files = open_clip(str(tmp_path / "frames"))
    assert all(frame.alpha is not None for frame in from_files.read(0))


def test_other_targets_show_transparent_parts_as_white_with_a_notice(
    clip: Path, tmp_path: Path, load: Load, grey: str
) -> None:
    assert paint(clip, tmp_path / "out.mp4", load, grey, crf=1).notes == [NOTE]
    with av.open(str(tmp_path / "out.mp4")) as container:
        pixels = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert pixels[:4, :4].min() > 250
    assert np.abs(pixels[20:28, 28:36].astype(int) - make_frames(COUNT)[0][20:28, 28:36]).mean() < 6
