"""`brushwork video`: renders a clip in a style and keeps its sound."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Exit

from brushwork.cli import interrupts, progress
from brushwork.cli.groups import FrameStyleOptions, Machine, grouped
from brushwork.cli.options import FILES, RESULT, STYLE, FrameModel, Overwrite, Quality, Steady, Styles, given, option

if TYPE_CHECKING:
    from brushwork.stylizer import Stylizer
    from brushwork.video.run import RunOptions, VideoProgress
    from brushwork.video.settings import Settings

Clip = Annotated[str, Argument(metavar="CLIP", hidden=True)]
At = Annotated[
    list[str] | None, option(STYLE, "--at", "TIME=STYLE", "Change to another style at a time: 0:05=other.jpg.")
]
Fade = Annotated[
    float | None, option(STYLE, "--fade", "SECONDS", "Duration of a change of style in seconds; default 1.")
]
Hold = Annotated[
    float | None, option(RESULT, "--hold", "0..1", "Weight of the previous frame's statistics in the next; default 0.")
]
Start = Annotated[str | None, option(FILES, "--start", "TIME", "Start time: 5, 0:05 or 1:02:03.5.")]
End = Annotated[str | None, option(FILES, "--end", "TIME", "End here.")]
Output = Annotated[
    str | None, option(FILES, "--output -o", "FILE|FOLDER", "Output: .mp4 .mov .mkv .webm .gif .webp, folder, "
    "frames/%05d.png, or - for standard output; default clip-style.mp4 beside clip.mp4.")
]  # fmt: skip
Codec = Annotated[str | None, option(FILES, "--codec", "CODEC", "h264, h265, av1, vp9, prores, or ffv1 (lossless).")]
Crf = Annotated[int | None, option(FILES, "--crf", "0..51", "Quality of the codec, 0 is best; default 19 for h264.")]
NoSound = Annotated[bool, option(FILES, "--no-sound", "", "Leave out the sound.")]
Hdr = Annotated[str | None, option(FILES, "--hdr", "tone-map|keep", "Tone-map HDR clips to SDR, or keep HDR.")]
NoDeinterlace = Annotated[bool, option(FILES, "--no-deinterlace", "", "Do not deinterlace interlaced frames.")]
Fps = Annotated[float | None, option(FILES, "--fps", "N", "Frames per second of numbered pictures; default 24.")]
Preview = Annotated[
    str | None, option(FILES, "--preview", "PICTURE", "Render twelve frames as one picture; estimate time and size.")
]
Resume = Annotated[bool, option(FILES, "--resume", "", "Continue an interrupted or killed run.")]
Json = Annotated[bool, option(FILES, "--json", "", "Print a JSON record: paths, size, frames, seconds.")]


@dataclass
class ClipOptions:
    """Options for reading and writing a clip."""

    start: Start = None
    end: End = None
    output: Output = None
    codec: Codec = None
    crf: Crf = None
    quality: Quality = None
    no_sound: NoSound = False
    hdr: Hdr = None
    no_deinterlace: NoDeinterlace = False
    fps: Fps = None

    def values(self) -> dict[str, Any]:
        """Return the given options as keyword arguments of `Settings`."""
        from brushwork.video import times

        values = given(
            start=times.parse(self.start) if self.start else None, end=times.parse(self.end) if self.end else None,
            codec=self.codec, crf=self.crf, quality=self.quality, hdr=self.hdr, fps=self.fps,
        )  # fmt: skip
        return {**values, "sound": not self.no_sound, "deinterlace": not self.no_deinterlace}


@grouped
def video(
    clip: Clip,
    style: Styles,
    at: At = None,
    fade: Fade = None,
    *,
    paint: FrameStyleOptions,
    steady: Steady = None,
    hold: Hold = None,
    file: ClipOptions,
    preview: Preview = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
    model: FrameModel = None,
    machine: Machine,
) -> None:
    """Render a clip in the style of a picture, stabilised and with its sound.

    CLIP is a video file, a folder or pattern of numbered pictures, an animated picture, or - for standard input.
    Ctrl-C leaves a playable file and exits with code 130; --resume continues an interrupted or killed run.

    brushwork video clip.mp4 -s painting.jpg -o pastiche.mp4

    brushwork video clip.mp4 -s waves.jpg --at 0:05=stars.jpg --start 0:02 --end 0:12
    """
    from brushwork import extras, model_folder
    from brushwork.errors import UserError

    extras.require("video", "video")
    from brushwork.video import timeline
    from brushwork.video.run import RunOptions
    from brushwork.video.settings import Settings
    from brushwork.video.standard_io import STANDARD, input_file, output_file
    from brushwork.video.writing.target import default_target

    if STANDARD in (clip, file.output) and resume:
        raise UserError("a clip on standard input or output cannot be resumed")
    if preview and (resume or as_json):
        raise UserError(f"{'--resume' if resume else '--json'} does nothing with --preview, which writes no clip")
    if as_json and STANDARD in (file.output, None if file.output else clip):
        raise UserError("--json and the pastiche cannot both go to standard output; name a file with -o")

    settings = Settings(
        styles=tuple(style), changes=tuple(timeline.parse_change(text) for text in at or ()),
        **paint.values(len(style)), **file.values(), **given(fade=fade, steady=steady, hold=hold),
    )  # fmt: skip
    chosen = model_folder.for_frames(model)
    load = machine.loader(chosen)
    options = RunOptions(overwrite, resume, model_folder.find(chosen).name, **given(precision=machine.precision))
    with input_file(clip) as source:
        target = Path(file.output or (STANDARD if clip == STANDARD else default_target(clip, settings)))
        if preview:
            _preview(source, target, Path(preview), load, settings, overwrite)
            return
        with output_file(target) as path:
            last = _run(source, path, load, settings, options)
        _report(clip, style, target, last, as_json)
    if last.stopped:
        raise Exit(interrupts.INTERRUPTED)


def _preview(
    clip: str, target: Path, sheet: Path, load: Callable[[], "Stylizer"], settings: "Settings", overwrite: bool
) -> None:
    """Write the preview and print the estimate."""
    import sys

    from brushwork.video.preview import preview
    from brushwork.video.standard_io import STANDARD
    from brushwork.video.writing.target import Target

    whole = Target(Path("standard-output.mkv") if str(target) == STANDARD else target, settings)
    found = preview(clip, whole, sheet, load, settings, overwrite=overwrite)
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    print(f"{sheet}  {found.line}", file=sys.stderr)


def _run(
    clip: str, target: Path, load: Callable[[], "Stylizer"], settings: "Settings", options: "RunOptions"
) -> "VideoProgress":
    """Render the clip, show the progress, and return the last record."""
    from contextlib import closing

    from brushwork.video.run import run

    with interrupts.deferred() as stop:
        records = run(clip, target, load, settings, options, stop=stop)
        with closing(records):
            return _watch(records)


def _watch(records: Iterator["VideoProgress"]) -> "VideoProgress":
    """Show the records and their notes, and return the last record."""
    from brushwork.video.times import format_time

    printed = 0
    with progress.bar(time_left=False) as bar:
        for record in records:
            for note in record.notes[printed:]:
                bar.print(f"note: {note}")
            printed = len(record.notes)
            left = "" if record.left is None else f", {format_time(record.left)} left"
            bar.update(record.frames, record.count, f"{record.rate:.1f} frames/s{left}")
    for note in record.notes[printed:]:
        bar.print(f"note: {note}")
    return record


def _report(clip: str, styles: list[str], target: Path, last: "VideoProgress", as_json: bool) -> None:
    """Print the record of a run as JSON on standard output, or as a line on standard error."""
    import json
    import sys

    if as_json:
        record = {
            "clip": clip, "styles": styles, "pastiche": str(target), "width": last.width, "height": last.height,
            "frames": last.frames, "rate": last.rate, "seconds": last.spent, "stopped": last.stopped,
            "notes": last.notes,
        }  # fmt: skip
        print(json.dumps(record))
        return
    size = f"{last.width} x {last.height}, {last.frames} frames"
    print(f"{target}  {size}  {last.rate:.1f} frames/s", file=sys.stderr)
    if last.stopped:
        print("brushwork: the finished part is a playable file; --resume continues from there", file=sys.stderr)
