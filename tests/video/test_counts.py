"""Every decoded frame is written: a lost one is an error, and a resumed run finds its place."""

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from brushwork.errors import UserError
from brushwork.video import pipeline
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.opening import open_clip
from brushwork.video.reading.video_file import VideoSource
from tests.video.conftest import make_clip, make_frames
from tests.video.dying import PIECE, in_process, killed_run, paint


def test_a_lost_frame_is_an_error_with_both_counts(
    clips: Callable[[int], tuple[Path, bytes, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, whole, style = clips(2 * PIECE)
    target = tmp_path / "out.mkv"
    stylize = pipeline.stylize_frames

    def without_the_last(*given: Any) -> Iterator[FrameState]:
        yield from islice(stylize(*given), 2 * PIECE - 1)

    monkeypatch.setattr(pipeline, "stylize_frames", without_the_last)
    with pytest.raises(UserError, match="7 of 8 decoded frames were rendered; the written pieces are kept"):
        paint(str(clip), str(target), style)
    assert not target.exists()
    monkeypatch.undo()
    paint(str(clip), str(target), style, resume=True)
    assert target.read_bytes() == whole


def test_a_seek_past_the_last_frame_loses_none(
    clips: Callable[[int], tuple[Path, bytes, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is stopped after its first segment; on `--resume` the decoder starts late, as without an index."""
    clip, whole, style = clips(2 * PIECE)
    target = tmp_path / "out.mkv"
    in_process(killed_run, "in the second piece", str(clip), str(target), style)
    after_seek = VideoSource._after_seek
    monkeypatch.setattr(VideoSource, "_after_seek", lambda *given: islice(after_seek(*given) or (), PIECE + 1, None))
    paint(str(clip), str(target), style, resume=True)
    assert target.read_bytes() == whole


def test_a_changed_clip_of_the_same_name_is_not_continued(
    clips: Callable[[int], tuple[Path, bytes, str]], tmp_path: Path
) -> None:
    """The file has the same size and time stamp, but other frames."""
    original, _, style = clips(2 * PIECE)
    clip = tmp_path / "clip.mkv"
    clip.write_bytes(original.read_bytes())
    target = tmp_path / "out.mkv"
    in_process(killed_run, "in the second piece", str(clip), str(target), style)
    stamp = clip.stat()
    make_clip(tmp_path / "other.mkv", make_frames(2 * PIECE)[::-1], sound="pcm_s16le")
    clip.write_bytes((tmp_path / "other.mkv").read_bytes()[: stamp.st_size].ljust(stamp.st_size, b"\0"))
    os.utime(clip, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    with pytest.raises(UserError, match="no longer has the frame at which it was left; start again with --overwrite"):
        paint(str(clip), str(target), style, resume=True)


def test_intact_frames_around_a_damaged_one_are_kept(tmp_path: Path) -> None:
    """A download that stopped in the middle of a frame: threads of the decoder would take two more along."""
    frames = [np.random.default_rng(number).integers(0, 255, (48, 64, 3), np.uint8) for number in range(24)]
    whole = make_clip(tmp_path / "whole.mp4", frames, codec="libx264", form="yuv420p", options={"crf": "30"})
    with av.open(str(whole)) as given, av.open(str(tmp_path / "a.mp4"), "w", options={"movflags": "faststart"}) as out:
        copy = out.add_stream_from_template(given.streams.video[0], opaque=True)
        for packet in given.demux(video=0):
            if packet.size:
                packet.stream = copy
                out.mux(packet)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes((tmp_path / "a.mp4").read_bytes()[: round(0.7 * (tmp_path / "a.mp4").stat().st_size)])
    clip = open_clip(str(cut))
    found = [frame.pts for frame in clip.read(clip.start)]
    with av.open(str(cut)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size and not packet.is_corrupt]
    assert len(found) >= len(packets) > 8
    assert sorted(found) == found
    assert clip.damaged[-1].startswith(f"{cut} is cut short")
