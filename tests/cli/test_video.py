"""`brushwork video` from the command line: files, lines, exit codes, and one-line errors."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from brushwork import extras
from tests.cli.conftest import Paint, Run, environment
from tests.video.conftest import make_clip, make_frames, packets, read_frames

pytestmark = pytest.mark.usefixtures("quick")


def test_the_pastiche_of_a_clip_is_written_beside_it(brushwork: Run, paint: Paint, here: Path) -> None:
    make_clip(here / "clip.mp4", make_frames(6), codec="libx264", form="yuv420p", sound="aac")
    paint("waves.jpg", 96, 96)
    ended = brushwork("video", "clip.mp4", "-s", "waves.jpg", "--json")
    record = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert (record["pastiche"], record["frames"], record["width"]) == ("clip-waves.mp4", 6, 64)
    assert set(record["seconds"]) == {"decode", "motion", "stylise", "steady", "encode"}
    assert len(read_frames(here / "clip-waves.mp4")) == 6
    assert packets(here / "clip-waves.mp4", "audio") == packets(here / "clip.mp4", "audio")


def test_named_styles_blend_and_change_over_time(brushwork: Run, here: Path) -> None:
    make_clip(here / "clip.mkv", make_frames(8))
    arguments = ("-s", "ukiyo-e", "--at", "0:00.1=stained-glass", "--fade", "0.1", "--keep-colors", "luma")
    ended = brushwork("video", "clip.mkv", *arguments, "-o", "out.gif", "--hold", "0.5")
    assert (ended.code, (here / "out.gif").exists()) == (0, True), ended.err


@pytest.fixture
def clip(here: Path, paint: Paint) -> Path:
    """A clip with sound, and a style picture."""
    paint("waves.jpg", 96, 96)
    return make_clip(here / "clip.mkv", make_frames(6), sound="pcm_s16le")


@pytest.mark.parametrize(("arguments", "line"), [
    (("missing.mp4",), "cannot read missing.mp4: no such file or directory"),
    (("waves.jpg", "-o", "waves.jpg"), "cannot write waves.jpg: use one of .mp4, .m4v, .mov, .mkv, .webm, .webp"),
    (("clip.mkv", "-o", "out.avi"), "cannot write out.avi: use one of .mp4, .m4v, .mov, .mkv, .webm, .webp"),
    (("clip.mkv", "--codec", "vp8"), "unknown codec 'vp8'; did you mean 'vp9'? known: h264, h265, av1, vp9"),
    (("clip.mkv", "-o", "out.mp4", "--codec", "ffv1"), ".mp4 cannot hold ffv1; name the file out.mkv"),
    (("clip.mkv", "--crf", "99"), "the crf is 99; for h264 it must be between 0 (best) and 51"),
    (("clip.mkv", "--steady", "2"), "steady is 2; it must be between 0 (every frame by itself) and 1"),
    (("clip.mkv", "--at", "soon"), "--at needs a time and a style, such as 0:05=other.jpg, not 'soon'"),
    (("clip.mkv", "--at", "1:99=waves.jpg"), "'1:99' is not a time; write seconds, 0:05 or 1:02:03.5"),
    (("clip.mkv", "--start", "5", "--end", "3"), "the end, 0:03, is not after the start, 0:05"),
    (("clip.mkv", "--start", "1:00"), "clip.mkv has no frame from 1:00 on"),
    (("clip.mkv", "--resume"), "nothing to resume: no unfinished clip-waves.mkv"),
    (("clip.mkv", "-o", "clip.mkv"), "clip.mkv is one of the files read; write the pastiche elsewhere"),
    (("clip.mkv", "-o", "clip.mkv", "--overwrite"), "clip.mkv is one of the files read; write the pastiche elsewhere"),
    (("clip.mkv", "--fade", "2"), "--fade does nothing without --at"),
    (("clip.mkv", "--fps", "12"), "--fps is only for numbered pictures; clip.mkv has its own frame times"),
    (("clip.mkv", "--quality", "80"), "--quality is for pictures; video files take --crf"),
    (("clip.mkv", "--crf", "20", "-o", "out.gif"), "--codec and --crf are for video files; pictures take --quality"),
    (("clip.mkv", "--no-sound", "-o", "frames"), "--no-sound is for video files; pictures have no sound"),
    (("clip.mkv", "-o", "-", "--resume"), "a clip on standard input or output cannot be resumed"),
    (("clip.mkv", "-o", "-", "--json"), "--json and the pastiche cannot both go to standard output; name a file"),
    (("clip.mkv", "-o", "out.gif", "--quality", "50"), "--quality does nothing: .gif files are lossless"),
    (("clip.mkv", "--hdr", "tone-map"), "--hdr tone-map does nothing: clip.mkv is not HDR"),
    (("clip.mkv", "--at", "0:07=waves.jpg"), "--at 0:07=waves.jpg does nothing: the clip ends at 0:00"),
    (("clip.mkv", "--end", "0:00.1", "--at", "0:00.2=waves.jpg"), "--at 0:00=waves.jpg does nothing: the clip ends"),
    (("clip.mkv", "--no-deinterlace"), "--no-deinterlace does nothing: clip.mkv is not interlaced"),
    (("waves.jpg", "--no-deinterlace", "-o", "out.mp4"), "--no-deinterlace does nothing: waves.jpg is pictures"),
    (("waves.jpg", "--no-sound", "-o", "out.mp4"), "--no-sound does nothing: waves.jpg has no sound"),
    (("clip.mkv", "--preview", "sheet.jpg", "--resume"), "--resume does nothing with --preview, which writes no clip"),
    (("clip.mkv", "--preview", "sheet.jpg", "--json"), "--json does nothing with --preview, which writes no clip"),
    (("%d%d.png",), "%d%d.png is not a pattern of numbered pictures such as frames/%04d.png"),
])  # fmt: skip
def test_invalid_input_is_a_one_line_error_and_changes_no_file(
    arguments: tuple[str, ...], line: str, brushwork: Run, clip: Path, here: Path
) -> None:
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    ended = brushwork("video", *arguments, "-s", "waves.jpg")
    assert ended.code == 1
    assert len(ended.lines) == 1
    assert ended.lines[0].startswith(f"brushwork: {line}")
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before


def test_a_clip_can_be_read_from_and_written_to_a_pipe(clip: Path, here: Path) -> None:
    command = [sys.executable, "-m", "brushwork", "video", "-", "-s", "waves.jpg"]
    ended = subprocess.run(command, cwd=here, env=environment(here), input=clip.read_bytes(), capture_output=True)
    assert ended.returncode == 0, ended.stderr
    (here / "out.mkv").write_bytes(ended.stdout)
    assert len(read_frames(here / "out.mkv")) == 6
    assert packets(here / "out.mkv", "audio") == packets(clip, "audio")
    empty = subprocess.run(command, cwd=here, env=environment(here), input=b"", capture_output=True)
    assert (empty.returncode, empty.stderr) == (1, b"brushwork: standard input is empty\n")


def test_the_default_container_can_hold_everything_in_the_clip(brushwork: Run, paint: Paint, here: Path) -> None:
    """MP4 cannot hold SubRip without conversion; Matroska can."""
    paint("waves.jpg", 96, 96)
    make_clip(here / "clip.mkv", make_frames(3), subtitles="subrip").rename(here / "clip.mk3d")
    ended = brushwork("video", "clip.mk3d", "-s", "waves.jpg")
    assert (ended.code, (here / "clip-waves.mkv").exists()) == (0, True), ended.err
    assert len(ended.lines) == 1


def test_a_preview_writes_a_sheet_and_no_clip(brushwork: Run, clip: Path, here: Path) -> None:
    ended = brushwork("video", "clip.mkv", "-s", "waves.jpg", "--preview", "sheet.jpg")
    assert (ended.code, (here / "sheet.jpg").exists(), (here / "clip-waves.mkv").exists()) == (0, True, False)
    assert ended.lines[-1].startswith("sheet.jpg  6 frames at ")


def test_a_file_with_only_sound_is_refused(brushwork: Run, clip: Path, here: Path) -> None:
    import wave

    with wave.open(str(here / "tone.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16000))
    ended = brushwork("video", "tone.wav", "-s", "waves.jpg")
    assert ended.lines == ["brushwork: tone.wav has no video stream; use brushwork stylize for pictures"]


@pytest.mark.parametrize(("name", "share"), [("clip.mp4", 0.5), ("clip.mkv", 0.001)])
def test_a_truncated_file_is_a_one_line_error(name: str, share: float, brushwork: Run, clip: Path, here: Path) -> None:
    whole = make_clip(here / name, make_frames(40), codec="libx264", form="yuv420p").read_bytes()
    (here / name).write_bytes(whole[: max(8, round(share * len(whole)))])
    ended = brushwork("video", name, "-s", "waves.jpg")
    assert ended.code == 1
    assert ended.lines == [f"brushwork: cannot read {name}: not a video file, or truncated"]
    assert not list(here.glob("*-waves*")) and not list(here.glob(".*"))


def test_the_available_frames_of_a_truncated_clip_are_rendered(brushwork: Run, clip: Path, here: Path) -> None:
    whole = make_clip(
        here / "long.mkv", [np.random.default_rng(n).integers(0, 255, (48, 64, 3), np.uint8) for n in range(48)]
    )
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) // 2])
    ended = brushwork("video", "long.mkv", "-s", "waves.jpg", "-o", "out.mkv")
    assert ended.code == 0
    assert ended.lines[0] == "note: long.mkv is cut short: it ends at 0:01 of 0:02"
    assert 20 <= len(read_frames(here / "out.mkv")) <= 24


def test_a_clip_without_frames_is_a_one_line_error(brushwork: Run, clip: Path, here: Path) -> None:
    import av

    with av.open(str(here / "empty.mkv"), "w") as out:
        stream = out.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
        out.start_encoding()
    ended = brushwork("video", "empty.mkv", "-s", "waves.jpg")
    assert ended.lines == ["brushwork: cannot read empty.mkv: it has no frames"]
    (here / "none").mkdir()
    assert brushwork("video", "none", "-s", "waves.jpg").lines == ["brushwork: none has no frames"]


def test_an_existing_file_is_kept(brushwork: Run, clip: Path, here: Path) -> None:
    (here / "out.mp4").write_text("mine")
    ended = brushwork("video", "clip.mkv", "-s", "waves.jpg", "-o", "out.mp4")
    assert ended.lines == ["brushwork: out.mp4 exists; use --overwrite to replace it"]
    assert (here / "out.mp4").read_text() == "mine"


def test_a_missing_extra_names_the_install_command(brushwork: Run, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "video", ("missing_module",))
    line = "brushwork: {} needs an optional extra: pip install 'brushwork[video]'"
    assert brushwork("video", "clip.mkv", "-s", "waves.jpg").lines == [line.format("video")]
    assert brushwork("live", "-s", "waves.jpg").lines == [line.format("live")]


def test_a_full_disk_is_a_one_line_error_and_leaves_no_files(clip: Path, here: Path) -> None:
    import resource

    frames = [np.random.default_rng(n).integers(0, 255, (96, 128, 3), np.uint8) for n in range(30)]
    make_clip(here / "noise.mkv", frames)

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    command = [sys.executable, "-m", "brushwork", "video", "noise.mkv", "-s", "waves.jpg", "-o", "out.mkv"]
    ended = subprocess.run(
        [*command, "--codec", "ffv1"], cwd=here, env=environment(here), capture_output=True, text=True, preexec_fn=full
    )
    assert (ended.returncode, ended.stderr) == (1, "brushwork: cannot write out.mkv: file too large\n")
    assert not (here / "out.mkv").exists() and not list(here.glob(".out*"))


def test_ctrl_c_leaves_a_playable_file_and_resume_completes_it(clip: Path, here: Path) -> None:
    make_clip(here / "long.mp4", make_frames(60, 96, 128), codec="libx264", form="yuv420p", sound="aac")
    command = [sys.executable, "-m", "brushwork", "video", "long.mp4", "-s", "waves.jpg", "-o", "out.mp4"]
    run = subprocess.Popen(command, cwd=here, env=environment(here), stderr=subprocess.PIPE, text=True)
    parts = here / ".out.mp4.parts"
    while not (parts / "000000.piece").exists() and run.poll() is None:
        os.sched_yield()
    run.send_signal(signal.SIGINT)
    _, words = run.communicate()
    assert run.returncode == 130
    assert words.splitlines()[-2:] == [
        "brushwork: the finished part is a playable file; --resume continues from there",
        "brushwork: interrupted; completed files are intact",
    ]
    assert 0 < len(read_frames(here / "out.mp4")) < 60
    again = subprocess.run([*command, "--resume"], cwd=here, env=environment(here), capture_output=True, text=True)
    assert again.returncode == 0
    assert len(read_frames(here / "out.mp4")) == 60
    assert packets(here / "out.mp4", "audio") == packets(here / "long.mp4", "audio")
    assert not parts.exists()


def test_evaluate_measures_how_steady_a_clip_is(brushwork: Run, paint: Paint, here: Path) -> None:
    make_clip(here / "clip.mkv", make_frames(4, 80, 96))
    paint("styles/waves.jpg", 96, 96)
    ended = brushwork("evaluate", "--video", "clip.mkv", "--styles", "styles", "--json", "numbers.json")
    assert ended.code == 0, ended.err
    (record,) = json.loads((here / "numbers.json").read_text())["records"]
    assert (record["clip"], record["style"], record["frames"]) == ("clip.mkv", "waves", 4)
    assert 0 < record["steady"] < record["single"] < 1
    assert ended.out.splitlines()[0].split()[:5] == ["clip", "style", "content", "single", "steady"]
    nothing = brushwork("evaluate", "--styles", "styles")
    assert nothing.lines == ["brushwork: nothing to evaluate; give photos with --contents or a clip with --video"]


def test_a_style_size_needs_a_style_picture(brushwork: Run, clip: Path, here: Path) -> None:
    ended = brushwork("video", "clip.mkv", "-s", "ukiyo-e", "--style-size", "300", "-o", "out.mkv")
    line = "brushwork: --style-size does nothing: it is for style pictures, and all styles are named ones"
    assert (ended.code, ended.lines) == (1, [line])
    assert not (here / "out.mkv").exists() and not list(here.glob(".out*"))
    ended = brushwork("video", "clip.mkv", "-s", "ukiyo-e", "-s", "waves.jpg", "--style-size", "300", "-o", "out.mkv")
    assert ended.code == 0, ended.err
