"""Options that several commands share, each with the range of its values in the help.

An option that is not given is None and `given` omits it from the call, so defaults exist only in the signatures of the
public functions. A test compares the help with them.
"""

from pathlib import Path
from typing import Annotated, Any

from typer import Option

STYLE, RESULT, FILES, MACHINE = "Style", "Result", "Files", "Model and machine"


def option(panel: str | None, names: str, metavar: str, words: str) -> Any:
    """Return an option in a panel of the help; the metavar of a flag is empty."""
    return Option(*names.split(), metavar=metavar, help=words, rich_help_panel=panel)


def given(**values: Any) -> dict[str, Any]:
    """Return the values of the options that were given."""
    return {name: value for name, value in values.items() if value is not None}


def check_target(target: Path | None, overwrite: bool) -> None:
    """Check that a file can be written before the work starts.

    Raises:
        UserError: If it is a folder, its folder does not exist, or it exists and may not be overwritten.
    """
    from brushwork.errors import UserError

    if target is None:
        return
    if target.is_dir() or not target.parent.is_dir():
        raise UserError(f"cannot write {target}: it is a folder" if target.is_dir() else f"no folder {target.parent}")
    if target.exists() and not overwrite:
        raise UserError(f"{target} exists; use --overwrite to replace it")


Styles = Annotated[
    list[str], option(STYLE, "--style -s", "STYLE", "Style picture, a name that brushwork styles lists, or "
    "\"words: stormy sea, dark blue\"; several are blended.")
]  # fmt: skip
Weights = Annotated[
    str | None, option(STYLE, "--weights", "W,W,...", "Weights of the blended styles, 0 or more each: 0.7,0.3.")
]
StyleSize = Annotated[
    int | None, option(STYLE, "--style-size", "80..2048", "Short side in pixels at which styles are read; smaller "
    "values give finer strokes; default: the model's.")
]  # fmt: skip
Strength = Annotated[float | None, option(RESULT, "--strength", "0..1", "0 is the content, 1 the full pastiche.")]
KeepColors = Annotated[
    str | None, option(RESULT, "--keep-colors", "luma|histogram", "Keep the content's colours: stylise lightness only, "
    "or recolour the style first.")
]  # fmt: skip
Stroke = Annotated[
    str | None, option(RESULT, "--stroke", "auto|own|0.25..8", "Stroke size relative to the picture; 1 is that of "
    "a picture of 1024 pixels. auto is 1 for larger pictures; own is the network's stroke at any size.")
]  # fmt: skip
Regions = Annotated[
    list[str] | None, option(RESULT, "--region", "MASK=STYLE[:STRENGTH]", "Use a style where a mask is white; the "
    "mask is a file, a folder of masks, or alpha. The rest uses -s or stays the photo.")
]  # fmt: skip
Protect = Annotated[str | None, option(RESULT, "--protect", "MASK", "Keep the photo where this mask is white.")]
FrameStroke = Annotated[
    str | None, option(RESULT, "--stroke", "auto|own|0.25..8", "Stroke size relative to a frame; 1 is that of a frame "
    "of 1024 pixels. auto is 1 for larger frames and renders them twice; default own.")
]  # fmt: skip
FrameRegions = Annotated[
    list[str] | None, option(RESULT, "--region", "MASK=STYLE[:STRENGTH]", "Use a style where a mask, the same for all "
    "frames, is white.")
]  # fmt: skip
FrameProtect = Annotated[str | None, option(RESULT, "--protect", "MASK", "Keep the clip where this mask is white.")]
Size = Annotated[
    int | None, option(RESULT, "--size", "16..100000", "Limit of the long side in pixels; default: the content's size.")
]
Steady = Annotated[
    float | None,
    option(RESULT, "--steady", "0..1", "Weight of the previous frame's pastiche in the next; default 0.99."),
]
Format = Annotated[
    str | None,
    option(FILES, "--format", "FORMAT", "jpeg, png, webp, tiff, avif or gif; default: the content's format."),
]
Quality = Annotated[int | None, option(FILES, "--quality", "1..100", "Quality of JPEG, WebP and AVIF.")]
Depth = Annotated[
    int | None, option(FILES, "--depth", "8|16", "Bits per channel of PNG and TIFF; default: the photo's.")
]
Overwrite = Annotated[bool, option(FILES, "--overwrite", "", "Replace existing files.")]
JsonFile = Annotated[Path | None, option(FILES, "--json", "FILE", "Write all numbers to a file.")]
Memory = Annotated[
    str | None, option(MACHINE, "--memory", "2G", "Memory to use, at least 512M; else most of what is free.")
]
Model = Annotated[
    str | None,
    option(MACHINE, "--model", "NAME|FOLDER", "brushwork (default, 16 MB) is the best, brushwork-mobile (14 MB) "
    "is twice as fast, magenta-mobile (6 MB) is Google's; or a model folder.")
]  # fmt: skip
FrameModel = Annotated[
    str | None,
    option(MACHINE, "--model", "NAME|FOLDER", "brushwork-mobile (default) is the fastest, brushwork the best "
    "at half the frame rate; or a model folder.")
]  # fmt: skip
Detail = Annotated[
    float | None, option(RESULT, "--detail", "0..1", "1 keeps the content's detail, 0 gives the most style; default 1.")
]
Device = Annotated[
    str | None, option(MACHINE, "--device", "auto|cpu|gpu|cuda|mps", "Device to run on; gpu is an Intel GPU.")
]
TorchDevice = Annotated[
    str | None, option(MACHINE, "--device", "auto|cpu|cuda|mps", "Device to run on; auto is a GPU if there is one.")
]
Precision = Annotated[
    str | None, option(MACHINE, "--precision", "auto|f32|bf16|f16|int8", "Numbers to compute in; auto is the device's "
    "fastest.")
]  # fmt: skip
Threads = Annotated[int | None, option(MACHINE, "--threads", "1..", "CPU threads; default: one per core.")]
