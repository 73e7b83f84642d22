"""Clips as cameras, phones, recorders and editors make them: every frame, in sync, with all that travels along."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from brushwork.errors import UserError
from brushwork.stylizer import Stylizer
from brushwork.video.reading.opening import open_clip
from brushwork.video.run import RunOptions, VideoProgress, run
from brushwork.video.settings import Settings
from brushwork.video.writing import muxing, streams
from tests.video.conftest import Negative, make_clip, make_frames, packets, read_frames

Load = Callable[[], Stylizer]
H264: dict[str, Any] = {"codec": "libx264", "form": "yuv420p"}
FRAME = 1 / 24


def paint(clip: Path, target: Path, load: Load, style: str, **choices: Any) -> VideoProgress:
    settings = Settings((style,), strength=0, **choices)
    *_, last = run(str(clip), target, load, settings, RunOptions(piece=10))
    return last


def remux(source: Path, target: Path, change: Callable[[Any], Any] = lambda packet: packet, **options: str) -> Path:
    """Copies a clip's packets, each changed, into another file."""
    with av.open(str(source)) as given, av.open(str(target), "w", options=options) as out:
        copies = {stream.index: out.add_stream_from_template(stream, opaque=True) for stream in given.streams}
        for packet in given.demux():
            if packet.size:
                packet = change(packet)
                packet.stream = copies[packet.stream.index]
                out.mux(packet)
    return target


def later(seconds: float) -> Callable[[Any], Any]:
    """Moves packets by some seconds."""

    def move(packet: Any) -> Any:
        ticks = round(seconds / packet.time_base)
        packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
        return packet

    return move


def times(path: Path, kind: str) -> list[float]:
    if kind == "video":
        return [float(time) for time, _ in read_frames(path)]
    return [float(time) for time, _ in packets(path, kind)]


def brightness(path: Path) -> list[float]:
    return [float(pixels.mean()) for _, pixels in read_frames(path)]


def flashes(count: int) -> list[Any]:
    """Frames of which each has a brightness of its own, so that their order can be seen."""
    return [np.full((48, 64, 3), 10 + 200 * number // count, np.uint8) for number in range(count)]


def test_frames_without_presentation_times_are_all_there(tmp_path: Path, load: Load, grey: str) -> None:
    """AVI knows no presentation times, and frames are stored in another order than they are shown."""
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
def test_time_that_steps_back_goes_on(ending: str, joined: Path, tmp_path: Path, load: Load, grey: str) -> None:
    target = tmp_path / f"out.{ending}"
    paint(joined, target, load, grey, crf=1)
    levels, shown = brightness(target), times(target, "video")
    assert len(levels) == 72
    assert levels == sorted(levels)
    assert np.diff(shown) == pytest.approx(FRAME, abs=0.06)
    heard = times(target, "audio")
    assert heard == sorted(heard)
    assert heard[-1] - heard[0] == pytest.approx(3, abs=0.1)


def test_a_part_of_joined_recordings_begins_where_it_should(
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


def test_a_raw_stream_starts_where_it_should(tmp_path: Path, load: Load, grey: str) -> None:
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
def test_time_begins_at_0(ending: str, tmp_path: Path, load: Load, grey: str) -> None:
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
        assert float(container.duration / av.time_base) == pytest.approx(1, abs=0.1)


def test_what_an_edit_list_cuts_off_stays_cut_off(tmp_path: Path, load: Load, grey: str) -> None:
    """A clip cut without encoding it anew holds frames and sound before its start, which no player shows."""
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


def test_decoding_times_that_do_not_rise_are_moved() -> None:
    class Packet:
        def __init__(self, pts: int, dts: int | None) -> None:
            self.pts, self.dts, self.time_base = pts, dts, Fraction(1, 1000)
            self.duration, self.stream = 20, type("Stream", (), {"index": 1, "time_base": Fraction(1, 1000)})

    class Out:
        def __init__(self) -> None:
            self.packets: list[Packet] = []

        def start_encoding(self) -> None: ...

        def mux(self, packet: Packet) -> None:
            self.packets.append(packet)

    def items() -> Iterator[Any]:
        for pts, dts in [(0, 0), (20, 20), (20, 20), (15, 15), (60, None)]:
            packet = Packet(pts, dts)
            yield float(pts), 1, packet

    out, written = Out(), muxing.Counter[int]()
    muxing._mux(out, [items()], written)
    assert [packet.dts for packet in out.packets] == [0, 20, 21, 22, 60]
    assert [packet.pts for packet in out.packets] == [0, 20, 21, 22, 60]
    assert written == {1: 5}


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
    assert [(start, end) for start, end, _ in lines] == [
        (pytest.approx(0.1, abs=0.002), pytest.approx(0.4, abs=0.002)),
        (pytest.approx(0.5, abs=0.002), pytest.approx(0.8, abs=0.002)),
    ]


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


def test_a_subtitle_on_the_screen_at_the_start_is_kept(tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(24), **H264, subtitles="subrip")
    paint(clip, tmp_path / "out.mkv", load, grey, start=0.25, end=0.75)
    assert subtitles(tmp_path / "out.mkv") == [
        (pytest.approx(0, abs=0.002), pytest.approx(0.15, abs=0.002), "line 0"),
        (pytest.approx(0.25, abs=0.002), pytest.approx(0.5, abs=0.002), "line 1"),
    ]


def test_what_cannot_be_written_is_said_before_painting(
    tmp_path: Path, runtime: Negative, load: Load, grey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container that takes each stream but not all together: nothing has been painted when that is said."""
    clip = make_clip(tmp_path / "clip.mkv", make_frames(4), **H264, sound="aac", subtitles="subrip")
    write = streams._write_start

    def refuse(container: str, chosen: list[Any]) -> None:
        if len(chosen) == 2:
            raise ValueError("too much")
        write(container, chosen)

    monkeypatch.setattr(streams, "_write_start", refuse)
    with pytest.raises(UserError, match="matroska cannot hold the streams of .* together: too much"):
        paint(clip, tmp_path / "out.mkv", load, grey)
    assert not runtime.painted
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mkv", "grey.png"]


def test_chapters_of_mp4_go_into_mkv(tmp_path: Path, load: Load, grey: str) -> None:
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


def test_cover_second_camera_and_names_stay(tmp_path: Path, load: Load, grey: str) -> None:
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
def test_a_stream_says_the_rate_of_the_clip(codec: str, ending: str, tmp_path: Path, load: Load, grey: str) -> None:
    """Not the number of ticks in a second: players and editors that read the stream itself believe it."""
    clip = make_clip(tmp_path / "clip.mp4", make_frames(12), **H264)
    target = tmp_path / f"out.{ending}"
    paint(clip, target, load, grey, codec=codec)
    with av.open(str(target)) as container:
        packet = next(packet for packet in container.demux(video=0) if packet.size)
        context: Any = container.streams.video[0].codec_context
        context.decode(packet)
        assert codec == "av1" or context.framerate == 24  # its decoder does not tell
        assert container.streams.video[0].average_rate == 24


def test_h265_in_mp4_is_named_as_players_expect(tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mp4", make_frames(3), **H264)
    paint(clip, tmp_path / "out.mp4", load, grey, codec="hevc")
    data = (tmp_path / "out.mp4").read_bytes()
    assert b"hvc1" in data and b"hev1" not in data
    assert data.index(b"moov") < data.index(b"mdat")  # players on the web begin before they have all of it


def test_names_that_look_like_patterns_or_protocols(tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "50%.mkv", make_frames(3), **H264)
    odd = tmp_path / "12:30 100%d.mkv"
    odd.write_bytes(clip.read_bytes())
    assert open_clip(str(odd)).count == 3
    paint(clip, tmp_path / "12:30.mp4", load, grey)
    assert len(read_frames(tmp_path / "12:30.mp4")) == 3
    paint(odd, tmp_path / "100%.mp4", load, grey)
    assert len(read_frames(tmp_path / "100%.mp4")) == 3


def test_a_mirrored_clip_is_shown_mirrored(tmp_path: Path, load: Load, grey: str) -> None:
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


def test_colours_of_a_clip_in_rgb_are_told_as_they_are_written(tmp_path: Path, load: Load, grey: str) -> None:
    """FFV1 in RGB has no matrix; what is written of it has the one by which it was converted."""
    red = [np.full((48, 64, 3), (200, 30, 30), np.uint8)] * 2
    clip = make_clip(tmp_path / "clip.mkv", red)
    paint(clip, tmp_path / "out.mp4", load, grey, crf=1)
    with av.open(str(tmp_path / "out.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_range) == (6, 1)
        frame = next(container.decode(video=0))
        assert np.abs(frame.to_ndarray(format="rgb24").astype(int) - red[0]).max() < 4


def test_times_of_a_gif_do_not_drift(tmp_path: Path, load: Load, grey: str) -> None:
    """24 frames a second are 41.67 ms each, and GIF counts in 10 ms: 40, 40, 50 and so on, 1 s in all."""
    clip = make_clip(tmp_path / "clip.mkv", make_frames(24))
    paint(clip, tmp_path / "out.gif", load, grey)
    with Image.open(tmp_path / "out.gif") as picture:
        durations = []
        for number in range(picture.n_frames):
            picture.seek(number)
            picture.load()
            durations.append(picture.info["duration"])
    assert sum(durations) == 1000
    assert set(durations) == {40, 50}


def interlaced(folder: Path) -> Path:
    """A white bar that moves by 8 pixels from field to field, as a camera for television sees it."""
    fields = []
    for number in range(24):
        field = np.zeros((48, 128, 3), np.uint8)
        field[:, 8 + 4 * number : 24 + 4 * number] = 255
        fields.append(field)
    frames = []
    for top, bottom in zip(fields[::2], fields[1::2], strict=True):
        frame = top.copy()
        frame[1::2] = bottom[1::2]
        frames.append(frame)
    path = folder / "clip.mpg"
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("mpeg2video", rate=25, options={"flags": "+ildct+ilme", "qscale": "1"})
        stream.width, stream.height, stream.pix_fmt = 128, 48, "yuv420p"
        graph = av.filter.Graph()
        source = graph.add_buffer(width=128, height=48, format="yuv420p", time_base=Fraction(1, 25))
        flagged, sink = graph.add("setfield", "tff"), graph.add("buffersink")
        graph.link_nodes(source, flagged, sink).configure()
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            graph.push(frame)
            out.mux(stream.encode(graph.pull()))
        out.mux(stream.encode(None))
    return path


def combing(pixels: Any) -> float:
    """How much a line differs from the mean of its neighbours."""
    gray = pixels.astype(float).mean(axis=-1)
    return float(np.abs(gray[1:-1] - (gray[:-2] + gray[2:]) / 2).mean())


def test_interlaced_frames_are_deinterlaced(tmp_path: Path, load: Load, grey: str) -> None:
    path = interlaced(tmp_path)
    clip, stored = open_clip(str(path)), open_clip(str(path), deinterlaced=False)
    whole, combed = (list(each.read(each.start)) for each in (clip, stored))
    assert [frame.pts for frame in whole] == [frame.pts for frame in combed]
    assert len(whole) == 12
    assert np.mean([combing(frame.pixels) for frame in combed]) > 5
    assert np.mean([combing(frame.pixels) for frame in whole]) < 1
    later = list(clip.read(whole[5].pts))
    assert np.array_equal(later[0].pixels, whole[5].pixels)
    last = paint(path, tmp_path / "out.mkv", load, grey)
    assert last.notes == ["interlaced frames are deinterlaced; --no-deinterlace paints them as they are stored"]
    assert paint(path, tmp_path / "as-it-is.mkv", load, grey, deinterlace=False).notes == []


def test_what_is_not_interlaced_needs_no_wish_to_stay_so(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(3), **H264)
    assert open_clip(str(clip)).notes == []
    with pytest.raises(UserError, match="--no-deinterlace does nothing: .* is not interlaced"):
        open_clip(str(clip), deinterlaced=False)


def test_a_clip_that_vanishes_is_not_called_a_full_disk(tmp_path: Path, load: Load, grey: str) -> None:
    """The sound is read at the end: what fails there is reading, and the painted frames stay for --resume."""
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
