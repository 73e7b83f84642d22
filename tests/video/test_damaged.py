"""Damaged clips, and streams that appear late: what can be read is written, with a notice."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from av.error import FFmpegError

from brushwork.errors import UserError
from brushwork.video.reading import video_file
from brushwork.video.reading.clip import DAMAGED
from brushwork.video.reading.opening import open_clip
from brushwork.video.reading.source import read_packets
from brushwork.video.reading.timestamps import rising
from tests.video.clips import FRAME, H264, Load, paint, times
from tests.video.conftest import make_clip, make_frames

ADTS = rb"\xff\xf1"  # begins every packet of AAC in MPEG-TS


@pytest.mark.parametrize("damage", [b"\xff\xf1" + 5 * b"\xff", bytes(8)], ids=["header", "nothing"])
@pytest.mark.parametrize("place", [5, 10, 20])
def test_damaged_sound_does_not_end_a_run_at_its_last_step(
    place: int, damage: bytes, tmp_path: Path, load: Load, grey: str
) -> None:
    """MP4 takes no packet of AAC whose header is damaged, as in a recording of a bad reception."""
    clip = make_clip(tmp_path / "clip.ts", make_frames(48), **H264, sound="aac")
    stored = bytearray(clip.read_bytes())
    begin = [match.start() for match in re.finditer(ADTS, stored)][place]
    stored[begin : begin + len(damage)] = damage
    clip.write_bytes(stored)
    last = paint(clip, tmp_path / "out.mp4", load, grey)
    assert last.notes == [DAMAGED]
    shown, heard = (times(tmp_path / "out.mp4", kind) for kind in ("video", "audio"))
    assert len(shown) == 48
    assert shown[0] - heard[0] == pytest.approx(times(clip, "video")[0] - times(clip, "audio")[0], abs=FRAME)
    assert heard[-1] - heard[0] == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize("error", ["PermissionError", "PatchWelcomeError", "InvalidDataError", "ArgumentError"])
def test_packets_that_cannot_be_decoded_are_left_out(
    error: str, tmp_path: Path, load: Load, grey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decoders have many words for damage: that of Theora does not permit a second header in the middle."""
    clip = make_clip(tmp_path / "clip.mkv", make_frames(24))

    class Decoder:
        def __init__(self, context: Any) -> None:
            self.context, self.count = context, 0

        def decode(self, packet: Any) -> Any:
            self.count += 1
            if self.count == 12:
                raise getattr(av.error, error)(1, "refused")
            return self.context.decode(packet)

    monkeypatch.setattr(video_file, "_decoder", lambda stream: Decoder(stream.codec_context))
    last = paint(clip, tmp_path / "out.mkv", load, grey)
    assert (last.frames, len(times(tmp_path / "out.mkv", "video"))) == (23, 23)
    assert last.notes == [DAMAGED]


def test_no_memory_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(4))

    class Decoder:
        def decode(self, packet: Any) -> Any:
            raise av.error.MemoryError(12, "out of memory")

    monkeypatch.setattr(video_file, "_decoder", lambda stream: Decoder())
    with pytest.raises((UserError, FFmpegError), match="out of memory"):
        open_clip(str(clip))


def test_a_stream_that_appears_late_does_not_end_the_reading() -> None:
    """PyAV fails on the last packet of a stream that it did not know at opening."""

    class Container:
        def demux(self, *streams: int) -> Iterator[int]:
            yield from streams or (1, 2, 3)
            raise IndexError("list index out of range")

    assert list(read_packets(Container())) == [1, 2, 3]
    assert list(read_packets(Container(), 2)) == [2]


def with_a_late_block(clip: Path, track: int, number: int) -> Path:
    """Move a block of a Matroska file to 20 seconds after the start of its cluster."""
    with av.open(str(clip)) as container:
        places = [packet.pos for packet in container.demux(container.streams[track - 1]) if packet.size]
    place = places[number]
    assert place is not None
    stored = bytearray(clip.read_bytes())
    assert stored[place] == 0x80 + track
    stored[place + 1 : place + 3] = (20_000).to_bytes(2, "big")
    clip.write_bytes(stored)
    return clip


@pytest.mark.parametrize("ending", ["mkv", "mp4"])
@pytest.mark.parametrize("kind", ["video", "audio"])
def test_one_time_far_ahead_does_not_move_what_follows(
    kind: str, ending: str, tmp_path: Path, load: Load, grey: str
) -> None:
    """All later frames were shown, and all later sound was heard, within a moment at that time."""
    clip = make_clip(tmp_path / "clip.mkv", make_frames(48), sound="aac")
    expected = {each: times(clip, each) for each in ("video", "audio")}
    with_a_late_block(clip, 1 if kind == "video" else 2, 20)
    damaged = times(clip, kind)
    assert max(damaged) > 19 and sum(one != other for one, other in zip(damaged, expected[kind], strict=True)) == 1
    paint(clip, tmp_path / f"out.{ending}", load, grey)
    for each, wanted in expected.items():
        found = times(tmp_path / f"out.{ending}", each)
        shift = expected["video"][0] - times(tmp_path / f"out.{ending}", "video")[0]
        assert [time + shift for time in found] == pytest.approx(wanted, abs=0.03)


def test_a_time_ahead_of_the_next_is_replaced() -> None:
    """The time of the second frame lies between those around it, and equal times still rise by a tick."""
    frame = av.VideoFrame(16, 16, "gray")
    given = [0, 90, 20, 30, None, 30, 31, 500]
    assert [time for time, _ in rising(((time, frame) for time in given), 10, 0)] == [0, 10, 20, 30, 40, 41, 42, 500]
