"""The timing of clips of cameras, recorders and editors: every frame, in sync, from the right start."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import GifImagePlugin, Image

from brushwork.video.reading import video_file
from brushwork.video.reading.opening import open_clip
from brushwork.video.writing import muxing
from tests.video.clips import FRAME, H264, Load, brightness, flashes, later, paint, remux, times
from tests.video.conftest import make_clip, make_frames, read_frames


def test_all_frames_without_presentation_times_are_written(tmp_path: Path, load: Load, grey: str) -> None:
    """AVI has no presentation times, and frames are stored in another order than they are shown."""
    clip = make_clip(
        tmp_path / "clip.avi", flashes(48), **H264, sound="libmp3lame", options={"bf": "3", "qp": "1"},
        base=Fraction(1, 24),
    )  # fmt: skip
    last = paint(clip, tmp_path / "out.mkv", load, grey, crf=1)
    levels = brightness(tmp_path / "out.mkv")
    assert (last.frames, last.count, len(levels)) == (48, 48, 48)
    assert levels == sorted(levels)
    shown = times(tmp_path / "out.mkv", "video")
    assert np.diff(shown) == pytest.approx(FRAME, abs=0.002)
    assert shown[0] - times(tmp_path / "out.mkv", "audio")[0] == pytest.approx(0, abs=1.05 * FRAME)


@pytest.fixture
def joined(tmp_path: Path) -> Path:
    """Two recordings of 36 frames, joined by writing one behind the other: time steps back by 1.5 s."""
    levels = flashes(72)
    for number in range(2):
        make_clip(tmp_path / f"{number}.ts", levels[36 * number : 36 * number + 36], **H264, sound="aac")
    path = tmp_path / "joined.ts"
    path.write_bytes((tmp_path / "0.ts").read_bytes() + (tmp_path / "1.ts").read_bytes())
    return path


@pytest.mark.parametrize("ending", ["mkv", "mp4"])
def test_time_stamps_that_step_back_are_continued(
    ending: str, joined: Path, tmp_path: Path, load: Load, grey: str
) -> None:
    target = tmp_path / f"out.{ending}"
    paint(joined, target, load, grey, crf=1)
    levels, shown = brightness(target), times(target, "video")
    assert len(levels) == 72
    assert levels == sorted(levels)
    assert np.diff(shown) == pytest.approx(FRAME, abs=0.06)
    heard = times(target, "audio")
    assert heard == sorted(heard)
    assert heard[-1] - heard[0] == pytest.approx(3, abs=0.1)


def test_an_excerpt_of_joined_recordings_starts_at_the_right_frame(
    joined: Path, tmp_path: Path, load: Load, grey: str
) -> None:
    paint(joined, tmp_path / "out.mkv", load, grey, crf=1, start=2.0)
    levels = brightness(tmp_path / "out.mkv")
    assert len(levels) in (23, 24)  # sound that is a little longer than its picture moves what comes after
    assert levels[0] == pytest.approx(10 + 200 * 48 // 72, abs=6)


def test_a_start_in_a_stream_without_index_is_exact(tmp_path: Path, load: Load, grey: str) -> None:
    """A seek in MPEG-TS lands behind the only key frame; the clip is then decoded from its start."""
    clip = make_clip(tmp_path / "clip.ts", flashes(96), **H264, options={"g": "200", "qp": "1"}, sound="aac")
    paint(clip, tmp_path / "out.mkv", load, grey, crf=1, start=2.0)
    levels = brightness(tmp_path / "out.mkv")
    assert len(levels) == 48
    assert levels[0] == pytest.approx(10 + 200 * 48 // 96, abs=3)


def test_an_excerpt_of_a_raw_stream_starts_at_the_right_frame(tmp_path: Path, load: Load, grey: str) -> None:
    """Raw H.264 has no times at all: each frame takes its turn at the rate the stream says."""
    clip = make_clip(tmp_path / "clip.mp4", flashes(48), **H264, options={"g": "12", "qp": "1"})
    raw = remux(clip, tmp_path / "clip.h264")
    paint(raw, tmp_path / "whole.mkv", load, grey, crf=1)
    assert len(read_frames(tmp_path / "whole.mkv")) == 48
    paint(raw, tmp_path / "out.mkv", load, grey, crf=1, start=1.0)
    levels = brightness(tmp_path / "out.mkv")
    first = round(open_clip(str(raw)).rate)
    assert len(levels) == 48 - first
    assert levels[0] == pytest.approx(10 + 200 * first // 48, abs=3)


@pytest.mark.parametrize("ending", ["mkv", "mp4"])
def test_time_starts_at_0(ending: str, tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mp4", make_frames(24), **H264, sound="libmp3lame")
    moved = remux(clip, tmp_path / "moved.ts", later(50_000))
    target = tmp_path / f"out.{ending}"
    paint(moved, target, load, grey)
    shown, heard = times(target, "video"), times(target, "audio")
    original = times(clip, "video")[0] - times(clip, "audio")[0]
    assert min(shown[0], heard[0]) == pytest.approx(0, abs=FRAME)
    assert shown[0] - heard[0] == pytest.approx(original, abs=0.002)
    assert shown[-1] - shown[0] == pytest.approx(23 * FRAME, abs=0.002)
    with av.open(str(target)) as container:
        assert container.duration is not None
        assert float(container.duration / av.time_base) == pytest.approx(1, abs=0.1)


def test_frames_removed_by_an_edit_list_stay_removed(tmp_path: Path, load: Load, grey: str) -> None:
    """A clip cut without encoding it again holds frames and sound before its start, which no player shows."""
    clip = make_clip(tmp_path / "clip.mp4", flashes(48), **H264, options={"g": "48", "qp": "1"}, sound="aac")
    cut = remux(clip, tmp_path / "cut.mp4", later(-1.0), avoid_negative_ts="disabled")
    last = paint(cut, tmp_path / "out.mkv", load, grey, crf=1)
    levels = brightness(tmp_path / "out.mkv")
    assert len(levels) == 24
    assert levels[0] == pytest.approx(10 + 200 * 24 // 48, abs=3)
    assert last.notes == []
    shown, heard = times(tmp_path / "out.mkv", "video"), times(tmp_path / "out.mkv", "audio")
    assert abs(shown[0] - heard[0]) < FRAME
    assert heard[-1] - heard[0] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("container", "moved"), [("mp4", [0, 20, 21, 22, 60]), ("matroska", [0, 20, 20, 20, 60])])
def test_decoding_times_that_do_not_increase_are_corrected(container: str, moved: list[int]) -> None:
    """Matroska takes packets at the same tick; TrueHD has more packets than it has ticks."""

    class Packet:
        def __init__(self, pts: int, dts: int | None) -> None:
            self.pts, self.dts, self.time_base = pts, dts, Fraction(1, 1000)
            self.duration, self.stream = 20, type("Stream", (), {"index": 1, "time_base": Fraction(1, 1000)})

    class Out:
        def __init__(self) -> None:
            self.packets: list[Packet] = []
            self.format = av.ContainerFormat(container, "w")

        def start_encoding(self) -> None: ...

        def mux(self, packet: Packet) -> None:
            self.packets.append(packet)

    def items() -> Iterator[Any]:
        for pts, dts in [(0, 0), (20, 20), (20, 20), (15, 15), (60, None)]:
            packet = Packet(pts, dts)
            yield float(pts), 1, packet

    out, written = Out(), muxing.Tally()
    muxing._mux(out, [items()], written, [])
    assert [packet.dts for packet in out.packets] == moved
    assert [packet.pts for packet in out.packets] == moved
    assert written.packets == {1: 5}
    assert written.seconds == {1: pytest.approx(0.1)}


def test_time_stamps_of_a_gif_do_not_drift(tmp_path: Path, load: Load, grey: str) -> None:
    """24 frames a second are 41.67 ms each, and GIF counts in 10 ms: 40, 40, 50 and so on, 1 s in all."""
    clip = make_clip(tmp_path / "clip.mkv", make_frames(24))
    paint(clip, tmp_path / "out.gif", load, grey)
    with Image.open(tmp_path / "out.gif") as picture:
        durations = []
        assert isinstance(picture, GifImagePlugin.GifImageFile)
        for number in range(picture.n_frames):
            picture.seek(number)
            picture.load()
            durations.append(picture.info["duration"])
    assert sum(durations) == 1000
    assert set(durations) == {40, 50}


def test_frames_missing_from_the_decoder_are_counted(
    tmp_path: Path, load: Load, grey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", make_frames(40), **H264)
    decode = video_file.decode_stream

    def losing(*given: Any) -> Iterator[Any]:
        yield from (frame for number, frame in enumerate(decode(*given)) if number not in (20, 21, 22))

    monkeypatch.setattr(video_file, "decode_stream", losing)
    notes = paint(clip, tmp_path / "out.mp4", load, grey).notes
    assert notes == [f"{clip} states 40 frames; 37 could be decoded"]
