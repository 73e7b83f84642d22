"""Sound of old formats, covers and attachments: what is copied, converted, attached or left out."""

from pathlib import Path
from typing import Any

import av
import pytest

from brushwork.video.settings import Settings
from brushwork.video.writing import streams
from brushwork.video.writing.target import default_target
from tests.video.clips import H264, Load, paint
from tests.video.conftest import make_clip, make_frames
from tests.video.test_streams import with_cover


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A clip whose sound has a channel, of which the file does not say which one it is."""
    return make_clip(tmp_path / "clip.avi", make_frames(24), codec="mpeg4", form="yuv420p", sound="pcm_s16le")


@pytest.mark.parametrize(("ending", "becomes", "reason"), [
    ("mp4", "aac", "few programs play it in mp4"), ("webm", "libopus", "webm cannot hold it"),
])  # fmt: skip
def test_sound_of_an_unknown_layout_is_converted(
    ending: str, becomes: str, reason: str, old: Path, tmp_path: Path, load: Load, grey: str
) -> None:
    target = tmp_path / f"out.{ending}"
    last = paint(old, target, load, grey)
    assert last.notes == [f"stream 1 (pcm_s16le sound) becomes {becomes}: {reason}"]
    with av.open(str(target)) as container:
        sound = list(container.decode(audio=0))
        assert {frame.layout.name for frame in sound} == {"mono"}
        assert sum(frame.samples for frame in sound) / sound[0].sample_rate == pytest.approx(1, abs=0.1)


def test_the_container_that_needs_no_conversion_is_chosen(old: Path) -> None:
    assert default_target(str(old), Settings(("glass",))).suffix == ".mkv"


def test_sound_that_a_container_packs_otherwise_is_whole(
    tmp_path: Path, load: Load, grey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In MP4, packets of PCM are joined: fewer are read than were written, with all of the sound."""
    clip = make_clip(tmp_path / "clip.avi", make_frames(24), codec="mpeg4", form="yuv420p", sound="pcm_s16le")
    monkeypatch.setattr(streams, "RARELY_PLAYED", {})
    assert paint(clip, tmp_path / "out.mp4", load, grey).notes == []


def test_a_cover_is_attached_to_matroska_and_missed_in_mov(tmp_path: Path, load: Load, grey: str) -> None:
    clip = with_cover(make_clip(tmp_path / "one.mp4", make_frames(12), **H264), tmp_path / "clip.mp4")
    assert paint(clip, tmp_path / "out.mkv", load, grey).notes == []
    with av.open(str(clip)) as given, av.open(str(tmp_path / "out.mkv")) as made:
        pictures = [
            [stream for stream in file.streams if stream.disposition & av.stream.Disposition.attached_pic]
            for file in (given, made)
        ]
        (one,), (other,) = pictures
        assert other.metadata["filename"] == "cover.png"
        assert _first(given, one) == _first(made, other)
    last = paint(clip, tmp_path / "out.mov", load, grey)
    assert last.notes == ["stream 2 (png video) is left out: mov cannot hold it; .mkv holds most"]


def _first(container: Any, stream: Any) -> bytes:
    return next(bytes(packet) for packet in container.demux(stream) if packet.size)


def test_attachments_are_kept_or_named(tmp_path: Path, load: Load, grey: str) -> None:
    plain = make_clip(tmp_path / "plain.mkv", make_frames(12), **H264)
    clip = tmp_path / "clip.mkv"
    with av.open(str(plain)) as given, av.open(str(clip), "w") as out:
        copy = out.add_stream_from_template(given.streams.video[0], opaque=True)
        out.add_attachment("font.ttf", "font/ttf", b"a font")
        for packet in given.demux(video=0):
            if packet.size:
                packet.stream = copy
                out.mux(packet)
    assert paint(clip, tmp_path / "out.mkv", load, grey).notes == []
    with av.open(str(tmp_path / "out.mkv")) as made:
        assert [stream.metadata["filename"] for stream in made.streams if stream.type == "attachment"] == ["font.ttf"]
    (note,) = paint(clip, tmp_path / "out.webm", load, grey).notes
    assert note == "stream 1 (unknown attachment) is left out: webm cannot hold it; .mkv holds most"
