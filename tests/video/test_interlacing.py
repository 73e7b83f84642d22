"""Interlaced clips."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from brushwork.errors import UserError
from brushwork.video.reading.opening import open_clip
from tests.video.clips import H264, Load, paint
from tests.video.conftest import make_clip, make_frames


def interlaced(folder: Path) -> Path:
    """A white bar that moves by 8 pixels from field to field, as in interlaced television."""
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
        source = graph.add_buffer(width=128, height=48, format=av.VideoFormat("yuv420p"), time_base=Fraction(1, 25))
        flagged, sink = graph.add("setfield", "tff"), graph.add("buffersink")
        graph.link_nodes(source, flagged, sink).configure()
        for number, pixels in enumerate(frames):
            shown = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p")
            shown.pts, shown.time_base = number, Fraction(1, 25)
            graph.push(shown)
            out.mux(stream.encode(graph.pull()))
        out.mux(stream.encode(None))
    return path


def combing(pixels: Any) -> float:
    """The mean difference of a line from the mean of its neighbours."""
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
    assert last.notes == ["interlaced frames are deinterlaced; --no-deinterlace renders them as stored"]
    assert paint(path, tmp_path / "as-it-is.mkv", load, grey, deinterlace=False).notes == []


def test_frames_that_become_interlaced_later_are_deinterlaced(tmp_path: Path, load: Load, grey: str) -> None:
    """A broadcast of two recordings: the first 12 frames are whole, the next 12 interlaced."""
    plain = [np.full((48, 128, 3), 60, np.uint8)] * 12
    first = make_clip(tmp_path / "first.mpg", plain, codec="mpeg2video", form="yuv420p", base=Fraction(1, 24))
    joined = tmp_path / "joined.mpg"
    joined.write_bytes(first.read_bytes() + interlaced(tmp_path).read_bytes())
    last = paint(joined, tmp_path / "out.mkv", load, grey)
    assert last.notes == ["interlaced frames are deinterlaced; --no-deinterlace renders them as stored"]
    clip, stored = open_clip(str(joined)), open_clip(str(joined), deinterlaced=False)
    whole, combed = (list(each.read(each.start)) for each in (clip, stored))
    assert [frame.pts for frame in whole] == [frame.pts for frame in combed]
    assert np.mean([combing(frame.pixels) for frame in combed[-12:]]) > 5
    assert np.mean([combing(frame.pixels) for frame in whole[-12:]]) < 1


def test_no_deinterlace_is_refused_for_progressive_clips(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(3), **H264)
    assert open_clip(str(clip)).notes == []
    with pytest.raises(UserError, match="--no-deinterlace does nothing: .* is not interlaced"):
        open_clip(str(clip), deinterlaced=False)
