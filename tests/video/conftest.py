"""Clips made here, with sound, subtitles and chapters, and a model whose pastiches can be worked out by hand."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from brushwork.runtime import Array
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from tests.cli.conftest import colours

TICKS = Fraction(1, 12288)
STEP = 512  # ticks of a frame at 24 a second
Pixels = NDArray[Any]


def make_frames(count: int, height: int = 48, width: int = 64) -> list[Pixels]:
    """Frames (height, width, 3) of soft colours that move to the right by 2 pixels a frame."""
    wide = colours(height, width + 2 * count)
    return [np.ascontiguousarray(wide[:, 2 * (count - n) : 2 * (count - n) + width]) for n in range(count)]


def make_clip(
    path: Path,
    frames: Sequence[Pixels],
    *,
    codec: str = "ffv1",
    form: str = "bgr0",
    ticks: Sequence[int] | None = None,
    sound: str | None = None,
    subtitles: str | None = None,
    chapters: bool = False,
    rotation: int = 0,
    color: Sequence[int] = (2, 0),
    options: dict[str, str] | None = None,
    base: Fraction = TICKS,
    timecode: str | None = None,
) -> Path:
    """Write a clip; `color` is the matrix and range of ITU-T H.273, `base` the time base of its video."""
    ticks = [n * STEP for n in range(len(frames))] if ticks is None else ticks
    options = options or ({"crf": "12"} if codec == "libx264" else {})
    with av.open(str(path), "w") as out:
        video = out.add_stream(codec, rate=Fraction(24), options=options)
        assert isinstance(video, av.VideoStream)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = form
        video.codec_context.time_base = video.time_base = base
        video.codec_context.colorspace, video.codec_context.color_range = color
        if timecode:
            video.metadata["timecode"] = timecode
        if rotation:
            video.set_display_rotation(rotation)
        tone = out.add_stream(sound, rate=48000, layout="mono") if sound else None
        words = out.add_mux_stream(subtitles) if subtitles else None
        if words:
            words.time_base = Fraction(1, 1000)
        if chapters:
            out.set_chapters([
                {"id": n, "start": 500 * n, "end": 500 * n + 500, "time_base": Fraction(1, 1000),
                 "metadata": {"title": f"Part {n}"}} for n in range(2)
            ])  # fmt: skip
        out.metadata["title"] = "A film"
        for tick, pixels in zip(ticks, frames, strict=True):
            out.mux(video.encode(_frame(pixels, form, color, round(tick * TICKS / base), base)))
        out.mux(video.encode(None))
        if tone:
            _hum(out, tone, float((ticks[-1] + STEP) * TICKS))
        if words:
            _speak(out, words)
    return path


def _frame(pixels: Pixels, form: str, color: Sequence[int], pts: int, base: Fraction) -> av.VideoFrame:
    """A frame of a matrix and range of colours, shown at a tick."""
    matrix, full = color
    space = 6 if matrix == 2 else matrix
    frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(
        format=form, src_colorspace=space, dst_colorspace=space, src_color_range=2, dst_color_range=full or 1
    )
    frame.colorspace, frame.color_range = color
    frame.pts, frame.time_base = pts, base
    return frame


def _speak(out: Any, stream: Any) -> None:
    """Two lines of subtitles."""
    for n in range(2):
        packet = av.Packet(f"line {n}".encode())
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = 100 + 400 * n
        packet.duration = 300
        out.mux(packet)


def _hum(out: Any, stream: Any, seconds: float) -> None:
    wave = 0.2 * np.sin(np.arange(round(48000 * seconds)) * 2 * np.pi * 440 / 48000)
    size = stream.codec_context.frame_size or 1024
    for start in range(0, len(wave), size):
        samples = np.round(32767 * wave[None, start : start + size]).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples, "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        resampled = av.AudioResampler(stream.codec_context.format, "mono", 48000).resample(frame)
        for each in resampled:
            out.mux(stream.encode(each))
    out.mux(stream.encode(None))


def packets(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """Time and bytes of every packet of the streams of a kind."""
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        found = [packet for packet in container.demux(streams) if packet.size] if streams else []
        return [(seconds(packet), bytes(packet)) for packet in found]


def read_frames(path: Path) -> list[tuple[Fraction, Pixels]]:
    """Time and pixels of every frame."""
    with av.open(str(path)) as container:
        return [(seconds(frame), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def seconds(item: "av.Packet[Any] | av.VideoFrame") -> Fraction:
    """When a packet or a frame is shown."""
    assert item.pts is not None and item.time_base is not None
    return item.pts * item.time_base


class Negative(FakeRuntime):
    """A model whose embedding is the mean colour of a style, and whose pastiche is half that, half the negative."""

    def transfer(self, content: Array, embedding: Array) -> Array:
        self.painted.append(content.shape)
        return ((1 - content) / 2 + embedding[:, None, None, :] / 2).astype(np.float32)


def negative(pixels: Pixels, colour: float) -> Pixels:
    """The pastiche of `Negative`, rounded to 8 bits, in a grey style."""
    content = pixels.astype(np.float32) / 255
    rounded: Pixels = (((1 - content) / 2 + np.float32(colour) / 2) * 255 + 0.5).astype(np.uint8)
    return rounded


@pytest.fixture
def runtime() -> Negative:
    return Negative()


@pytest.fixture
def load(runtime: Negative) -> Callable[[], Stylizer]:
    return lambda: Stylizer(runtime)


@pytest.fixture
def grey(tmp_path: Path) -> str:
    """A style picture of one grey, 128."""
    from PIL import Image

    path = tmp_path / "grey.png"
    Image.new("RGB", (96, 96), (128, 128, 128)).save(path)
    return str(path)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], tuple[Path, bytes, str]]:
    """A clip of so many frames, the file an uninterrupted run makes of it, and the style."""
    from PIL import Image

    from tests.video.dying import paint

    folder = tmp_path_factory.mktemp("clips")
    style = folder / "grey.png"
    Image.new("RGB", (96, 96), (128, 128, 128)).save(style)
    made: dict[int, tuple[Path, bytes, str]] = {}

    def clip(count: int) -> tuple[Path, bytes, str]:
        if count not in made:
            path = make_clip(folder / f"{count}.mkv", make_frames(count), sound="pcm_s16le")
            paint(str(path), str(folder / f"whole-{count}.mkv"), str(style))
            made[count] = path, (folder / f"whole-{count}.mkv").read_bytes(), str(style)
        return made[count]

    return clip
