"""A clip becomes its pastiche: every frame at its time, with sound, subtitles and metadata."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from brushwork.stylizer import Stylizer
from brushwork.video.settings import Settings
from tests.video.clips import run_to_end
from tests.video.conftest import TICKS, Negative, make_clip, make_frames, negative, packets, read_frames

Load = Callable[[], Stylizer]
GREY = 128 / 255


def alone(grey: str, **choices: object) -> Settings:
    """Settings without stabilisation, so that every frame can be worked out."""
    return Settings((grey,), steady=0, **choices)  # type: ignore[arg-type]


def test_every_frame_is_rendered_and_stored_without_loss(tmp_path: Path, load: Load, grey: str) -> None:
    frames = make_frames(5)
    clip = make_clip(tmp_path / "clip.mkv", frames)
    last = run_to_end(clip, tmp_path / "out.mkv", load, alone(grey, codec="ffv1"))
    painted = read_frames(tmp_path / "out.mkv")
    assert (last.frames, last.count, last.width, last.height) == (5, 5, 64, 48)
    assert all(
        np.array_equal(pixels, negative(frame, GREY)) for (_, pixels), frame in zip(painted, frames, strict=True)
    )
    assert not list(tmp_path.glob(".*"))


def test_strength_0_with_a_lossless_codec_is_the_clip(tmp_path: Path, load: Load, grey: str) -> None:
    frames = make_frames(3)
    clip = make_clip(tmp_path / "clip.mkv", frames)
    run_to_end(clip, tmp_path / "out.mkv", load, Settings((grey,), strength=0, codec="ffv1"))
    assert [pixels.tolist() for _, pixels in read_frames(tmp_path / "out.mkv")] == [frame.tolist() for frame in frames]


def test_irregular_time_stamps_are_kept(tmp_path: Path, load: Load, grey: str) -> None:
    ticks = [0, 100, 900, 1500, 5000, 5001, 9000, 12288]
    clip = make_clip(tmp_path / "clip.mp4", make_frames(8), codec="libx264", form="yuv420p", ticks=ticks)
    run_to_end(clip, tmp_path / "out.mp4", load, alone(grey), piece=3)
    assert [time for time, _ in read_frames(tmp_path / "out.mp4")] == [tick * TICKS for tick in ticks]


@pytest.mark.parametrize(("name", "sound", "subtitles"), [
    ("clip.mp4", "aac", None), ("clip.mkv", "aac", "subrip"), ("clip.mkv", "libmp3lame", "subrip"),
    ("clip.mkv", "pcm_s16le", None), ("clip.mkv", "libopus", None),
])  # fmt: skip
def test_sound_and_subtitles_are_copied_packet_for_packet(
    name: str, sound: str, subtitles: str | None, tmp_path: Path, load: Load, grey: str
) -> None:
    clip = make_clip(
        tmp_path / name,
        make_frames(24),
        codec="libx264",
        form="yuv420p",
        sound=sound,
        subtitles=subtitles,
        chapters=True,
    )
    target = tmp_path / f"out{clip.suffix}"
    run_to_end(clip, target, load, alone(grey), piece=10)
    assert packets(target, "audio") == packets(clip, "audio") != []
    assert packets(target, "subtitle") == packets(clip, "subtitle")
    assert (packets(clip, "subtitle") == []) is (subtitles is None)
    with av.open(str(target)) as container:
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["Part 0", "Part 1"]
        assert container.metadata["title"] == "A film"


def test_an_excerpt_starts_at_0_with_its_own_sound_and_chapters(tmp_path: Path, load: Load, grey: str) -> None:
    frames = make_frames(24)
    clip = make_clip(tmp_path / "clip.mkv", frames, sound="pcm_s16le", chapters=True)
    run_to_end(clip, tmp_path / "out.mkv", load, alone(grey, codec="ffv1", start=0.25, end=0.75))
    painted = read_frames(tmp_path / "out.mkv")
    assert len(painted) == 12
    assert painted[0][0] == 0
    assert np.array_equal(painted[0][1], negative(frames[6], GREY))
    times = [time for time, _ in packets(clip, "audio") if Fraction(1, 4) <= time < Fraction(3, 4)]
    assert [time for time, _ in packets(tmp_path / "out.mkv", "audio")] == [time - Fraction(1, 4) for time in times]
    with av.open(str(tmp_path / "out.mkv")) as container:
        chapters: list[Any] = container.chapters()
    spans = [(chapter["start"] * chapter["time_base"], chapter["end"] * chapter["time_base"]) for chapter in chapters]
    assert spans == [(0, Fraction(1, 4)), (Fraction(1, 4), Fraction(1, 2))]


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_rotated_clip_is_written_upright(rotation: int, tmp_path: Path, load: Load, grey: str) -> None:
    """OpenCV rotates the frames that it reads."""
    clip = make_clip(tmp_path / "clip.mp4", make_frames(2), codec="libx264", form="yuv420p", rotation=rotation)
    run_to_end(clip, tmp_path / "out.mp4", load, Settings((grey,), strength=0, crf=1))
    shown, painted = (cv2.VideoCapture(str(path)).read()[1] for path in (clip, tmp_path / "out.mp4"))
    assert painted.shape == shown.shape == ((64, 48, 3) if rotation != 180 else (48, 64, 3))
    assert np.abs(painted.astype(int) - shown).mean() < 3


@pytest.mark.parametrize("look", [(1, 1), (6, 1), (1, 2), (5, 2)])
def test_matrix_and_range_of_the_colours_are_kept(look: tuple[int, int], tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(2), codec="libx264", form="yuv444p", color=look)
    run_to_end(clip, tmp_path / "out.mkv", load, Settings((grey,), strength=0, crf=0))
    with av.open(str(clip)) as given, av.open(str(tmp_path / "out.mkv")) as made:
        contexts = [container.streams.video[0].codec_context for container in (given, made)]
        assert [(context.colorspace, context.color_range) for context in contexts] == [look, look]
        frames = [next(container.decode(video=0)) for container in (given, made)]
    planes = [np.frombuffer(bytes(frame.planes[0]), np.uint8).reshape(48, -1)[:, :64].astype(int) for frame in frames]
    assert np.abs(planes[0] - planes[1]).max() <= 2
    assert abs((planes[0] - planes[1]).mean()) < 0.2


def test_ten_bits_stay_ten_bits(tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(2), codec="libx264", form="yuv420p10le")
    run_to_end(clip, tmp_path / "out.mkv", load, Settings((grey,), strength=0))
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p10le"


@pytest.mark.parametrize(("codec", "ending"), [("h264", "mov"), ("h265", "mp4"), ("vp9", "webm"), ("prores", "mov")])
def test_segments_of_every_codec_are_joined(codec: str, ending: str, tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(11))
    target = tmp_path / f"out.{ending}"
    run_to_end(clip, target, load, alone(grey, codec=codec), piece=4)
    painted = read_frames(target)
    assert [round(time * 24, 1) for time, _ in painted] == list(range(11))
    wanted = [negative(frame, GREY).astype(int) for frame in make_frames(11)]
    assert all(np.abs(pixels - frame).mean() < 6 for (_, pixels), frame in zip(painted, wanted, strict=True))


def test_odd_sides_lose_a_line_with_a_notice(tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(2, 49, 65))
    last = run_to_end(clip, tmp_path / "out.mp4", load, alone(grey))
    assert read_frames(tmp_path / "out.mp4")[0][1].shape == (48, 64, 3)
    assert last.notes == ["65 x 49 has an odd side, which the codec cannot hold: a line is cut off"]
    run_to_end(clip, tmp_path / "out.mkv", load, alone(grey, codec="ffv1"))
    assert read_frames(tmp_path / "out.mkv")[0][1].shape == (49, 65, 3)


def test_the_long_side_is_limited(tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(2))
    last = run_to_end(clip, tmp_path / "out.mp4", load, alone(grey, size=32))
    assert (last.width, last.height) == (32, 24)


def test_image_sequences_are_read_and_written(tmp_path: Path, load: Load, grey: str) -> None:
    frames = make_frames(3)
    clip = make_clip(tmp_path / "clip.mkv", frames)
    run_to_end(clip, tmp_path / "first", load, Settings((grey,), strength=0))
    names = [path.name for path in sorted((tmp_path / "first").iterdir())]
    assert names == ["000001.png", "000002.png", "000003.png"]
    run_to_end(tmp_path / "first" / "%06d.png", tmp_path / "out.mkv", load, alone(grey, codec="ffv1", fps=10.0))
    painted = read_frames(tmp_path / "out.mkv")
    assert [time for time, _ in painted] == [0, Fraction(1, 10), Fraction(1, 5)]
    assert np.array_equal(painted[2][1], negative(frames[2], GREY))


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_animated_pictures_are_written_and_read(ending: str, tmp_path: Path, load: Load, grey: str) -> None:
    from PIL import Image

    clip = make_clip(tmp_path / "clip.mkv", make_frames(4), ticks=[0, 1228, 2457, 6144])
    target = tmp_path / f"out.{ending}"
    run_to_end(clip, target, load, alone(grey))
    with Image.open(target) as picture:
        assert getattr(picture, "n_frames", 1) == 4
        picture.seek(2)
        picture.load()
        assert picture.info["duration"] == 300  # from 0.2 to 0.5 seconds
    run_to_end(target, tmp_path / "again.mkv", load, alone(grey, codec="ffv1"))
    assert [time for time, _ in read_frames(tmp_path / "again.mkv")] == [
        0,
        Fraction(1, 10),
        Fraction(1, 5),
        Fraction(1, 2),
    ]


def test_a_repeated_frame_is_not_rendered_again(tmp_path: Path, load: Load, runtime: Negative, grey: str) -> None:
    frames = make_frames(2)
    clip = make_clip(tmp_path / "clip.mkv", [frames[0], frames[0], frames[0], frames[1]])
    run_to_end(clip, tmp_path / "out.mkv", load, Settings((grey,), codec="ffv1"))
    painted = [pixels for _, pixels in read_frames(tmp_path / "out.mkv")]
    assert len(runtime.painted) == 2
    assert np.array_equal(painted[0], painted[2])


def test_styles_change_over_time(tmp_path: Path, load: Load, grey: str) -> None:
    from PIL import Image

    Image.new("RGB", (96, 96), (255, 255, 255)).save(tmp_path / "white.png")
    frames = [np.full((48, 64, 3), 255, np.uint8)] * 24
    clip = make_clip(tmp_path / "clip.mkv", frames)
    settings = alone(grey, codec="ffv1", changes=((0.25, str(tmp_path / "white.png")),), fade=0.5)
    run_to_end(clip, tmp_path / "out.mkv", load, settings)
    levels = [int(pixels[0, 0, 0]) for _, pixels in read_frames(tmp_path / "out.mkv")]
    assert levels[:7] == [64] * 7
    assert levels[12] == round((128 + 0.5 * 127) / 2)  # half of the way at half of the time
    assert levels[18:] == [128] * 6
    assert levels == sorted(levels)
