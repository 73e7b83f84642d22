"""HDR is converted to SDR for rendering, and back if it is to be kept: values of the standards, and round trips."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from brushwork.errors import UserError
from brushwork.stylizer import Stylizer
from brushwork.video.reading import hdr
from brushwork.video.reading.frames import HLG, PQ, ColorInfo, encode
from brushwork.video.reading.hdr import ToneMap
from brushwork.video.reading.light_levels import LightLevels
from brushwork.video.reading.opening import open_clip
from brushwork.video.run import RunOptions, VideoProgress, run
from brushwork.video.settings import Settings
from tests.video.conftest import make_clip, make_frames

Load = Callable[[], Stylizer]
MASTERED = (
    "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:hdr10=1:"
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400"
)


def test_pq_equals_that_of_the_standard() -> None:
    """BT.2408, table 1: 58 % of PQ is 203 cd/m2, 75 % is 983 or about 1,000."""
    assert hdr.pq_to_light([0, 0.58, 1]) == pytest.approx([0, 202, 10_000], rel=0.01, abs=1e-6)
    assert hdr.light_to_pq([100, 203, 1000]) == pytest.approx([0.508, 0.581, 0.752], abs=0.001)
    assert hdr.pq_to_light(hdr.light_to_pq([0.01, 1, 5000])) == pytest.approx([0.01, 1, 5000], rel=1e-6)


def test_hlg_equals_that_of_the_standard() -> None:
    """BT.2100, table 5: half of the code is a twelfth of the light, and 75 % of the code about 26.5 %."""
    assert hdr.hlg_to_scene([0, 0.5, 0.75, 1]) == pytest.approx([0, 1 / 12, 0.265, 1], abs=0.001)
    assert hdr.scene_to_hlg(hdr.hlg_to_scene([0.1, 0.5, 0.9])) == pytest.approx([0.1, 0.5, 0.9], abs=1e-6)


def test_the_tone_curve_keeps_dark_and_compresses_bright_values() -> None:
    light = np.array([0.1, 1, 20, 50, 300, 1000])
    mapped = hdr.tone_curve(light, 1000)
    assert mapped[:4] == pytest.approx(light[:4], rel=0.01)
    assert mapped[-1] == pytest.approx(hdr.WHITE, rel=0.01)
    assert 150 < mapped[4] < 203
    rising = hdr.tone_curve(np.linspace(0, 4000, 500), 4000)
    assert np.all(np.diff(rising) > 0)
    assert hdr.tone_curve([50, 200], 150) == pytest.approx([50, 200])  # darker than SDR: nothing to compress


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("wide", [False, True])
def test_conversion_to_sdr_and_back_is_the_identity(transfer: int, wide: bool) -> None:
    """HLG has no code for a pure colour at its peak, so brightest colours are left out."""
    tone_map = ToneMap(transfer, 1000.0, wide)
    image = np.random.default_rng(0).uniform(0.05, 1 if transfer == PQ else 0.85, (64, 64, 3)).astype(np.float32)
    codes = (tone_map.to_hdr(image) * 65535 + 0.5).astype(np.uint16)
    assert np.abs(tone_map.to_sdr(codes) / 65535 - image).max() < 0.01


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_grey_stays_grey_and_white_is_white(transfer: int) -> None:
    tone_map = ToneMap(transfer, 1000.0, True)
    white = hdr.light_to_pq(1000) if transfer == PQ else 1.0
    codes = np.full((2, 2, 3), round(65535 * float(white)), np.uint16)
    assert tone_map.to_sdr(codes) / 65535 == pytest.approx(1, abs=0.005)
    middle = np.full((2, 2, 3), 30_000, np.uint16)
    found = tone_map.to_sdr(middle).astype(int)
    assert np.ptp(found) < 200
    assert 0.3 < found.mean() / 65535 < 0.8


def make_hdr(path: Path, levels: list[float], transfer: str = "smpte2084", params: str = MASTERED) -> Path:
    """A clip of grey frames of so many cd/m2, in PQ of 10 bits."""
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx265", rate=24, options={"x265-params": params, "crf": "5"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc = 9, PQ if transfer == "smpte2084" else HLG
        context.colorspace, context.color_range = 9, 1
        info = ColorInfo(9, 1, 9, context.color_trc)
        packets: list[Any] = []
        for number, level in enumerate(levels):
            code = round(65535 * float(hdr.light_to_pq(level)))
            frame = encode(np.full((48, 64, 3), code, np.uint16), info, "yuv420p10le")
            frame.pts = number
            packets += stream.encode(frame)
        for place, packet in enumerate([*packets, *stream.encode(None)]):
            packet.dts = place - 16  # those of x265 are random in short clips
            out.mux(packet)
    return path


def paint(clip: Path, target: Path, load: Load, style: str, **choices: Any) -> VideoProgress:
    *_, last = run(str(clip), target, load, Settings((style,), strength=0, **choices), RunOptions())
    return last


def test_an_hdr_clip_is_read_as_sdr(tmp_path: Path) -> None:
    clip = open_clip(str(make_hdr(tmp_path / "clip.mp4", [20, 203, 1000])))
    assert clip.notes == ["HDR (PQ, up to 1000 cd/m2) is tone-mapped to SDR; --hdr keep keeps it"]
    assert (clip.color, clip.depth) == (hdr.SDR, 8)  # few players show 10 bits of H.264
    found = [frame.pixels.mean() / 65535 for frame in clip.read(clip.start)]
    expected = [float(hdr.tone_curve(level, 1000) / hdr.WHITE) ** (1 / 2.4) for level in (20, 203, 1000)]
    assert found == pytest.approx(expected, abs=0.01)


def test_a_tone_mapped_clip_is_tagged_as_sdr(tmp_path: Path, load: Load, grey: str) -> None:
    last = paint(make_hdr(tmp_path / "clip.mp4", [20, 100, 300]), tmp_path / "out.mp4", load, grey)
    assert last.notes == ["HDR (PQ, up to 1000 cd/m2) is tone-mapped to SDR; --hdr keep keeps it"]
    with av.open(str(tmp_path / "out.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)


@pytest.mark.parametrize("codec", [None, "av1"])
def test_kept_hdr_has_the_light_and_the_tags_of_the_clip(
    codec: str | None, tmp_path: Path, load: Load, grey: str
) -> None:
    clip = make_hdr(tmp_path / "clip.mp4", [5, 50, 134])
    last = paint(clip, tmp_path / "out.mp4", load, grey, hdr="keep", codec=codec, crf=5)
    assert last.notes == []
    with av.open(str(tmp_path / "out.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert context.pix_fmt == "yuv420p10le"
        assert (context.colorspace, context.color_primaries, context.color_trc) == (9, 9, PQ)
        frames = list(container.decode(video=0))
    with av.open(str(clip)) as given:
        said = LightLevels.of(next(given.decode(video=0)))
    assert said.content == (1000, 400) and float(said.maximum) == 1000
    written = LightLevels.of(frames[0])
    assert written.content == said.content
    assert [float(value) for value in written.primaries] == pytest.approx([float(v) for v in said.primaries], abs=1e-3)
    light = [float(hdr.pq_to_light((frame.to_ndarray()[:48].mean() - 64) / 876)) for frame in frames]
    assert light == pytest.approx([5, 50, 134], rel=0.05)


def test_hdr_is_kept_only_for_hdr_clips_and_targets_that_can_hold_it(tmp_path: Path, load: Load, grey: str) -> None:
    sdr = make_clip(tmp_path / "sdr.mp4", make_frames(2), codec="libx264", form="yuv420p")
    with pytest.raises(UserError, match="--hdr keep does nothing: .* is not HDR"):
        paint(sdr, tmp_path / "out.mp4", load, grey, hdr="keep")
    clip = make_hdr(tmp_path / "clip.mp4", [50])
    with pytest.raises(UserError, match="--hdr tone-map does nothing: .* is not HDR"):
        paint(sdr, tmp_path / "out.mp4", load, grey, hdr="tone-map")
    for codec in ("h264", "vp9"):  # PyAV's VP9 encoder has 8 bits only
        with pytest.raises(UserError, match="--hdr keep needs --codec h265, av1 or prores"):
            paint(clip, tmp_path / "out.mp4", load, grey, hdr="keep", codec=codec)
    with pytest.raises(UserError, match="--hdr keep is for video files; pictures are written in SDR"):
        paint(clip, tmp_path / "out.gif", load, grey, hdr="keep")
    with pytest.raises(UserError, match="unknown choice of --hdr"):
        Settings((grey,), hdr="yes")


def test_content_light_levels_alone_are_kept(tmp_path: Path, load: Load, grey: str) -> None:
    """Some clips state the brightness of their frames, but not of the mastering display."""
    clip = make_hdr(
        tmp_path / "clip.mp4", [50], params=MASTERED.replace(MASTERED[MASTERED.find("master-") :], "max-cll=700,90")
    )
    paint(clip, tmp_path / "out.mp4", load, grey, hdr="keep")
    with av.open(str(tmp_path / "out.mp4")) as container:
        written = LightLevels.of(next(container.decode(video=0)))
    assert (written.content, written.primaries) == ((700, 90), ())


def test_prores_gives_a_notice_that_light_levels_are_left_out(tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_hdr(tmp_path / "clip.mp4", [50, 134])
    last = paint(clip, tmp_path / "out.mov", load, grey, hdr="keep", codec="prores")
    assert last.notes == ["the light levels of the mastering display are left out; h265 and av1 keep them"]
    with av.open(str(tmp_path / "out.mov")) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (9, 9, PQ)
        frames = [frame.reformat(format="yuv420p10le").to_ndarray() for frame in container.decode(video=0)]
    light = [float(hdr.pq_to_light((frame[:48].mean() - 64) / 876)) for frame in frames]
    assert light == pytest.approx([50, 134], rel=0.05)


def test_colours_outside_of_the_gamut_keep_luminance_and_hue() -> None:
    """The green of BT.2020 in BT.709: (-0.588, 1.133, -0.101), of luminance 0.678."""
    green = np.array([[[0, 1, 0]]], np.float32) @ hdr.TO_BT709.T
    (mapped,) = hdr.into_gamut(green)[0]
    assert mapped.min() == pytest.approx(0, abs=1e-6) and mapped.max() < 1
    assert float(mapped @ hdr.LUMA_BT709) == pytest.approx(float(green[0, 0] @ hdr.LUMA_BT709), abs=1e-5)
    apart, before = mapped - mapped @ hdr.LUMA_BT709, green[0, 0] - green[0, 0] @ hdr.LUMA_BT709
    assert apart / np.linalg.norm(apart) == pytest.approx(before / np.linalg.norm(before), abs=1e-5)
    inside = np.random.default_rng(0).random((4, 4, 3), np.float32)
    assert np.array_equal(hdr.into_gamut(inside), inside)


def test_ten_bits_become_eight_if_the_encoder_has_no_more(tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(2), codec="libx264", form="yuv420p10le")
    note = "10 bits per channel become 8, the limit of this libvpx-vp9; h265 and av1 keep 10"
    assert paint(clip, tmp_path / "out.webm", load, grey).notes == [note]
    with av.open(str(tmp_path / "out.webm")) as container:
        found = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(found) == 2
    assert np.abs(found[1].astype(int) - make_frames(2)[1]).mean() < 6


def test_ten_bits_of_h264_give_a_notice_about_players(tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(2), codec="libx264", form="yuv420p10le")
    note = "10 bits per channel are written as H.264 High 10, which few players show; try --codec h265"
    assert paint(clip, tmp_path / "out.mp4", load, grey).notes == [note]
    assert paint(clip, tmp_path / "other.mp4", load, grey, codec="h265").notes == []
