"""Clips of cameras, phones and editors: streams and metadata are kept, and names of files."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from brushwork.errors import UserError
from brushwork.video.reading.opening import open_clip
from brushwork.video.run import RunOptions, run
from brushwork.video.settings import Settings
from brushwork.video.writing import streams
from brushwork.video.writing.target import default_target
from tests.video.clips import H264, Load, paint
from tests.video.conftest import Negative, make_clip, make_frames, packets, read_frames


@pytest.mark.parametrize(("sound", "ending", "expected", "codec"), [
    ("pcm_s16le", "webm", "stream 1 (pcm_s16le sound) becomes libopus: webm cannot hold it", "opus"),
    ("libopus", "mov", "stream 1 (opus sound) becomes aac: mov cannot hold it", "aac"),
    ("flac", "mov", "stream 1 (flac sound) becomes aac: mov cannot hold it", "aac"),
])  # fmt: skip
def test_sound_that_does_not_fit_is_converted(
    sound: str, ending: str, expected: str, codec: str, tmp_path: Path, load: Load, grey: str
) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(24), **H264, sound=sound)
    target = tmp_path / f"out.{ending}"
    last = paint(clip, target, load, grey)
    assert last.notes == [expected]
    with av.open(str(target)) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.codec.canonical_name == codec
        wave = np.concatenate([
            frame.to_ndarray().astype(np.float32).ravel() for frame in container.decode(stream) if frame.samples > 100
        ])  # fmt: skip
    rate = stream.rate
    middle = wave[rate // 4 : rate // 4 + rate // 2]
    loudest = np.argmax(np.abs(np.fft.rfft(middle * np.hanning(len(middle))))) * 2
    assert loudest == pytest.approx(440, abs=4)  # the tone that went in
    assert len(wave) / rate == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("given", "ending", "codec"), [
    ("subrip", "mp4", "mov_text"), ("subrip", "webm", "webvtt"), ("subrip", "mov", "mov_text"),
])  # fmt: skip
def test_text_subtitles_that_do_not_fit_are_converted(
    given: str, ending: str, codec: str, tmp_path: Path, load: Load, grey: str
) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(24), **H264, subtitles=given)
    target = tmp_path / f"out.{ending}"
    last = paint(clip, target, load, grey)
    assert last.notes == [f"stream 1 (subrip subtitles) becomes {codec}: {ending} cannot hold it"]
    lines = subtitles(target)
    assert [text for _, _, text in lines] == ["line 0", "line 1"]
    np.testing.assert_allclose([(start, end) for start, end, _ in lines], [(0.1, 0.4), (0.5, 0.8)], atol=0.002)


def subtitles(path: Path) -> list[tuple[float, float, str]]:
    """Start, end and text of every subtitle."""
    found = []
    with av.open(str(path)) as container:
        stream: Any = container.streams.subtitles[0]
        for packet in container.demux(stream):
            decoded = stream.codec_context.decode2(packet) if packet.size else None
            for line in decoded or ():
                start = float(packet.pts * packet.time_base)
                text = line.ass.split(b",", 8)[-1].decode()
                found.append((start, start + float(packet.duration * packet.time_base), text))
    return found


def test_a_subtitle_visible_at_the_start_of_an_excerpt_is_kept(tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(24), **H264, subtitles="subrip")
    paint(clip, tmp_path / "out.mkv", load, grey, start=0.25, end=0.75)
    lines = subtitles(tmp_path / "out.mkv")
    assert [text for _, _, text in lines] == ["line 0", "line 1"]
    np.testing.assert_allclose([(start, end) for start, end, _ in lines], [(0, 0.15), (0.25, 0.5)], atol=0.002)


def test_streams_that_cannot_be_written_are_reported_before_rendering(
    tmp_path: Path, runtime: Negative, load: Load, grey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container can hold each stream but not all together: this is reported before rendering."""
    clip = make_clip(tmp_path / "clip.mkv", make_frames(4), **H264, sound="aac", subtitles="subrip")
    write = streams._write_start

    def refuse(container: str, chosen: list[Any]) -> Any:
        if len(chosen) == 2:
            raise ValueError("too much")
        return write(container, chosen)

    monkeypatch.setattr(streams, "_write_start", refuse)
    with pytest.raises(UserError, match="matroska cannot hold the streams of .* together: too much"):
        paint(clip, tmp_path / "out.mkv", load, grey)
    assert not runtime.painted
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mkv", "grey.png"]


def test_chapters_of_mp4_are_kept_in_mkv(tmp_path: Path, load: Load, grey: str) -> None:
    """MP4 keeps their titles in a data stream of its own, which Matroska does not take and does not need."""
    clip = make_clip(tmp_path / "clip.mp4", make_frames(24), **H264, sound="aac", chapters=True)
    last = paint(clip, tmp_path / "out.mkv", load, grey)
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["Part 0", "Part 1"]
    assert last.notes == []


def with_cover(clip: Path, target: Path) -> Path:
    """A clip with a second video stream and a cover picture, titles and languages."""
    from io import BytesIO

    cover = BytesIO()
    Image.new("RGB", (32, 32), (200, 30, 30)).save(cover, "PNG")
    with av.open(str(clip)) as given, av.open(str(target), "w") as out:
        first = given.streams.video[0]
        copies = [out.add_stream_from_template(first, opaque=True) for _ in range(2)]
        copies[0].metadata.update({"language": "fra", "handler_name": "Main camera"})
        picture: Any = out.add_stream("png", rate=1)
        picture.width = picture.height = 32
        picture.pix_fmt = "rgb24"
        picture.disposition = av.stream.Disposition.attached_pic
        out.start_encoding()
        packet = av.Packet(cover.getvalue())
        packet.stream, packet.pts, packet.dts, packet.time_base = picture, 0, 0, Fraction(1, 90000)
        out.mux(packet)
        for each in given.demux(first):
            if not each.size:
                continue
            for copy in copies:
                again = av.Packet(bytes(each))
                again.pts, again.dts, again.time_base, again.stream = each.pts, each.dts, each.time_base, copy
                again.duration, again.is_keyframe = each.duration, each.is_keyframe
                out.mux(again)
    return target


def test_covers_second_video_streams_and_titles_are_kept(tmp_path: Path, load: Load, grey: str) -> None:
    clip = with_cover(make_clip(tmp_path / "one.mp4", make_frames(12), **H264), tmp_path / "clip.mp4")
    last = paint(clip, tmp_path / "out.mp4", load, grey)
    assert last.notes == []
    with av.open(str(clip)) as given, av.open(str(tmp_path / "out.mp4")) as made:
        kinds = [
            (stream.type, bool(stream.disposition & av.stream.Disposition.attached_pic)) for stream in made.streams
        ]
        assert kinds == [("video", False), ("video", False), ("video", True)]
        assert made.streams[0].metadata["language"] == "fra"
        assert made.streams[0].metadata["handler_name"] == "Main camera"
    for number in (1, 2):
        with av.open(str(clip)) as given, av.open(str(tmp_path / "out.mp4")) as made:
            packed = [[bytes(packet) for packet in file.demux(video=number) if packet.size] for file in (given, made)]
        assert packed[0] == packed[1] != []


@pytest.mark.parametrize(("codec", "ending"), [("h264", "mp4"), ("h265", "mp4"), ("h264", "mkv"), ("av1", "mp4")])
def test_the_written_stream_states_the_frame_rate_of_the_clip(
    codec: str, ending: str, tmp_path: Path, load: Load, grey: str
) -> None:
    """Not the number of ticks per second: players and editors trust the rate in the stream."""
    clip = make_clip(tmp_path / "clip.mp4", make_frames(12), **H264)
    target = tmp_path / f"out.{ending}"
    paint(clip, target, load, grey, codec=codec)
    with av.open(str(target)) as container:
        packet = next(packet for packet in container.demux(video=0) if packet.size)
        context: Any = container.streams.video[0].codec_context
        context.decode(packet)
        assert codec == "av1" or context.framerate == 24  # its decoder does not tell
        assert container.streams.video[0].average_rate == 24


def test_h265_in_mp4_has_the_tag_that_players_expect(tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mp4", make_frames(3), **H264)
    paint(clip, tmp_path / "out.mp4", load, grey, codec="hevc")
    data = (tmp_path / "out.mp4").read_bytes()
    assert b"hvc1" in data and b"hev1" not in data
    assert data.index(b"moov") < data.index(b"mdat")  # players on the web begin before they have all of it


def test_file_names_that_look_like_patterns_or_protocols_work(tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "50%.mkv", make_frames(3), **H264)
    odd = tmp_path / "12:30 100%d.mkv"
    odd.write_bytes(clip.read_bytes())
    assert open_clip(str(odd)).count == 3
    paint(clip, tmp_path / "12:30.mp4", load, grey)
    assert len(read_frames(tmp_path / "12:30.mp4")) == 3
    for name in ("100%.mp4", "100%d.mp4", "%04d.mov"):
        paint(odd, tmp_path / name, load, grey)
        assert len(read_frames(tmp_path / name)) == 3
    assert default_target(str(odd), Settings((grey,))).name == f"12:30 100%d-{Path(grey).stem}.mkv"


def test_a_mirrored_clip_is_written_mirrored(tmp_path: Path, load: Load, grey: str) -> None:
    """The display matrix of a front camera: -1 0 / 0 1."""
    path = make_clip(tmp_path / "clip.mp4", make_frames(2), **H264, options={"qp": "1"}, rotation=180)
    data = path.read_bytes()
    turned = bytes.fromhex("ffff0000" + "00000000" * 3 + "ffff0000")
    assert data.count(turned) == 1
    path.write_bytes(data.replace(turned, bytes.fromhex("ffff0000" + "00000000" * 3 + "00010000")))
    clip = open_clip(str(path))
    shown = next(clip.read(clip.start)).pixels.astype(int)
    assert np.abs(shown - make_frames(2)[0][:, ::-1]).mean() < 4
    assert np.abs(shown - make_frames(2)[0]).mean() > 10


def test_a_clip_in_rgb_is_tagged_with_the_written_colours(tmp_path: Path, load: Load, grey: str) -> None:
    """FFV1 in RGB has no matrix; the written clip is tagged with the matrix used for the conversion."""
    red = [np.full((48, 64, 3), (200, 30, 30), np.uint8)] * 2
    clip = make_clip(tmp_path / "clip.mkv", red)
    paint(clip, tmp_path / "out.mp4", load, grey, crf=1)
    with av.open(str(tmp_path / "out.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_range) == (6, 1)
        frame = next(container.decode(video=0))
        assert np.abs(frame.to_ndarray(format="rgb24").astype(int) - red[0]).max() < 4


def test_a_deleted_clip_is_not_reported_as_a_full_disk(tmp_path: Path, load: Load, grey: str) -> None:
    """The sound is read at the end: reading fails there, and the rendered frames are kept for --resume."""
    clip = make_clip(tmp_path / "clip.mkv", make_frames(4), **H264, sound="aac")
    hidden = tmp_path / "hidden"
    settings = Settings((grey,), strength=0)
    with pytest.raises(UserError, match=r"^cannot read .*clip\.mkv: no such file or directory$"):
        for progress in run(str(clip), tmp_path / "out.mkv", load, settings):
            if progress.frames == 4:
                clip.rename(hidden)
    hidden.rename(clip)
    for _ in run(str(clip), tmp_path / "out.mkv", load, settings, RunOptions(resume=True)):
        pass
    assert len(read_frames(tmp_path / "out.mkv")) == 4
    assert packets(tmp_path / "out.mkv", "audio") == packets(clip, "audio")
