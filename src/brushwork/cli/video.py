"""`brushwork video`: a clip in, its pastiche out, with the sound."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Exit, Option

from brushwork.cli import interrupts, progress

if TYPE_CHECKING:
    from brushwork.stylizer import Stylizer
    from brushwork.video.run import RunOptions, VideoProgress
    from brushwork.video.settings import Settings


def _option(panel: str, names: str, metavar: str, words: str) -> Any:
    """An option of one of the panels of the help; a metavar of "" is a flag's."""
    return Option(*names.split(), metavar=metavar, help=words, rich_help_panel=panel)


STYLE, LOOK, FILES, MACHINE = "Style", "Look", "Files", "Model and machine"
Clip = Annotated[str, Argument(metavar="CLIP", hidden=True)]
Styles = Annotated[list[str], _option(STYLE, "--style -s", "STYLE", "A picture or a named style; several blend.")]
Weights = Annotated[str | None, _option(STYLE, "--weights", "W,W,...", "Weights of the blended styles: 0.7,0.3.")]
At = Annotated[
    list[str] | None, _option(STYLE, "--at", "TIME=STYLE", "Change to another style at a time: 0:05=other.jpg.")
]
Fade = Annotated[float | None, _option(STYLE, "--fade", "SECONDS", "Seconds from one style to the next; else 1.")]
StyleSize = Annotated[int | None, _option(STYLE, "--style-size", "PIXELS", "Short side at which styles are read.")]
Steady = Annotated[
    float | None, _option(LOOK, "--steady", "0..1", "Weight of the last frame, moved along, in the next; else 0.99.")
]
Hold = Annotated[
    float | None, _option(LOOK, "--hold", "0..1", "Weight of the last frame's statistics in the next; else 0.")
]
Strength = Annotated[float, _option(LOOK, "--strength", "0..1", "0 is the clip, 1 the full pastiche.")]
KeepColors = Annotated[str | None, _option(LOOK, "--keep-colors", "luma|histogram", "Keep the clip's colours.")]
Size = Annotated[int | None, _option(LOOK, "--size", "PIXELS", "Limit of the long side; else the clip's own size.")]
Start = Annotated[str | None, _option(FILES, "--start", "TIME", "Begin here: 5, 0:05 or 1:02:03.5.")]
End = Annotated[str | None, _option(FILES, "--end", "TIME", "End here.")]
Output = Annotated[
    str | None, _option(FILES, "--output -o", "FILE|FOLDER", "Where to write: .mp4 .mov .mkv .webm .gif .webp, folder, "
    "frames/%05d.png, or - for standard output. Else clip-style.mp4 beside clip.mp4.")
]  # fmt: skip
Codec = Annotated[str | None, _option(FILES, "--codec", "CODEC", "h264, h265, av1, vp9, prores, or ffv1 without loss.")]
Crf = Annotated[int | None, _option(FILES, "--crf", "0..51", "Quality of the codec, 0 the best; else 19 for h264.")]
Quality = Annotated[int | None, _option(FILES, "--quality", "1..100", "Quality of pictures that are written.")]
NoSound = Annotated[bool, _option(FILES, "--no-sound", "", "Leave the sound out.")]
Hdr = Annotated[str, _option(FILES, "--hdr", "tone-map|keep", "Write HDR clips as SDR, or in HDR.")]
NoDeinterlace = Annotated[bool, _option(FILES, "--no-deinterlace", "", "Paint interlaced frames as they are stored.")]
Fps = Annotated[float | None, _option(FILES, "--fps", "N", "Frames per second of numbered pictures; else 24.")]
Resume = Annotated[bool, _option(FILES, "--resume", "", "Continue a run that was stopped or killed.")]
Overwrite = Annotated[bool, _option(FILES, "--overwrite", "", "Replace files that exist.")]
Json = Annotated[bool, _option(FILES, "--json", "", "Print a JSON record: paths, size, frames, seconds.")]
Model = Annotated[str | None, _option(MACHINE, "--model", "NAME|FOLDER", "What paints; see brushwork models.")]
Device = Annotated[str, _option(MACHINE, "--device", "auto|cpu|gpu|cuda|mps", "What computes; gpu is Intel's.")]
Precision = Annotated[str, _option(MACHINE, "--precision", "auto|f32|bf16|f16|int8", "auto is the device's fastest.")]
Threads = Annotated[int | None, _option(MACHINE, "--threads", "N", "Threads of the CPU that paint; else all cores.")]


def video(
    clip: Clip,
    style: Styles,
    weights: Weights = None,
    at: At = None,
    fade: Fade = None,
    style_size: StyleSize = None,
    steady: Steady = None,
    hold: Hold = None,
    strength: Strength = 1.0,
    keep_colors: KeepColors = None,
    size: Size = None,
    start: Start = None,
    end: End = None,
    output: Output = None,
    codec: Codec = None,
    crf: Crf = None,
    quality: Quality = None,
    no_sound: NoSound = False,
    hdr: Hdr = "tone-map",
    no_deinterlace: NoDeinterlace = False,
    fps: Fps = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
    model: Model = None,
    device: Device = "auto",
    precision: Precision = "auto",
    threads: Threads = None,
) -> None:
    """Render a clip in the style of a picture, steadily and with its sound.

    CLIP is a video file, a folder or pattern of numbered pictures, an animated picture, or - for standard input.
    Ctrl-C leaves a playable file and ends with code 130; --resume continues from there, or where a run was killed.

    brushwork video clip.mp4 -s painting.jpg -o pastiche.mp4

    brushwork video clip.mp4 -s waves.jpg --at 0:05=stars.jpg --start 0:02 --end 0:12
    """
    from brushwork import extras, model_folder, stylizer
    from brushwork.batch.options import parse_weights
    from brushwork.errors import UserError
    from brushwork.runtime.opening import check_choices

    extras.require("video", "video")
    from brushwork.video import timeline, times
    from brushwork.video.run import RunOptions
    from brushwork.video.settings import Settings
    from brushwork.video.standard_io import STANDARD, input_file, output_file
    from brushwork.video.writing.target import default_target

    if STANDARD in (clip, output) and resume:
        raise UserError("a clip on standard input or output cannot be resumed")
    if as_json and STANDARD in (output, None if output else clip):
        raise UserError("--json and the pastiche cannot both go to standard output; name a file with -o")

    chosen = {"fade": fade, "steady": steady, "hold": hold, "start": times.parse(start) if start else None}
    shares = parse_weights(weights, len(style))
    settings = Settings(
        styles=tuple(style), weights=tuple(shares) if shares else None,
        changes=tuple(timeline.parse_change(text) for text in at or ()),
        strength=strength, keep_colors=keep_colors, style_size=style_size, size=size,
        end=times.parse(end) if end else None, codec=codec, crf=crf, quality=quality, sound=not no_sound, fps=fps,
        hdr=hdr, deinterlace=not no_deinterlace,
        **{name: value for name, value in chosen.items() if value is not None},
    )  # fmt: skip
    check_choices(device, precision, threads)
    load = partial(stylizer.load, model, device=device, precision=precision, threads=threads)
    options = RunOptions(overwrite, resume, model_folder.find(model).name, precision)
    with input_file(clip) as source:
        target = Path(output or (STANDARD if clip == STANDARD else default_target(clip, settings)))
        with output_file(target) as path:
            last = _run(source, path, load, settings, options)
        _report(clip, style, target, last, as_json)
    if last.stopped:
        raise Exit(interrupts.INTERRUPTED)


def _run(
    clip: str, target: Path, load: Callable[[], "Stylizer"], settings: "Settings", options: "RunOptions"
) -> "VideoProgress":
    """Paints the clip, shows the progress, and returns the last of it."""
    from contextlib import closing

    from brushwork.video.run import run

    with interrupts.deferred() as stop:
        records = run(clip, target, load, settings, options, stop=stop)
        with closing(records):
            return _watch(records)


def _watch(records: Iterator["VideoProgress"]) -> "VideoProgress":
    """Show the records and their notes as they come, and return the last one."""
    from brushwork.video.times import format_time

    printed = 0
    with progress.bar(time_left=False) as bar:
        for record in records:
            for note in record.notes[printed:]:
                bar.print(f"brushwork: {note}")
            printed = len(record.notes)
            left = "" if record.left is None else f", {format_time(record.left)} left"
            bar.update(record.frames, record.count, f"{record.rate:.1f} frames/s{left}")
    for note in record.notes[printed:]:
        bar.print(f"brushwork: {note}")
    return record


def _report(clip: str, styles: list[str], target: Path, last: "VideoProgress", as_json: bool) -> None:
    """The record of a run on standard output, or its line on standard error."""
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
        print("brushwork: the part that is done can be played; --resume continues from there", file=sys.stderr)
