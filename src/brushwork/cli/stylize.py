"""`brushwork stylize`: pictures in, pastiches out."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Exit, Option

if TYPE_CHECKING:
    from brushwork.batch.options import Options
    from brushwork.batch.plan import Job
    from brushwork.batch.run import Record
    from brushwork.stylizer import Stylizer


def _option(panel: str, names: str, metavar: str, words: str) -> Any:
    """An option of one of the panels of the help; a metavar of "" is a flag's."""
    return Option(*names.split(), metavar=metavar, help=words, rich_help_panel=panel)


STYLE, LOOK, FILES, MACHINE = "Style", "Look", "Files", "Model and machine"
# One name a parameter of `stylize`, so that its signature can be read.
Contents = Annotated[list[str], Argument(metavar="CONTENT", hidden=True)]
Styles = Annotated[
    list[str] | None, _option(STYLE, "--style -s", "STYLE", "A picture whose style is taken, or a name that brushwork "
    "styles lists; several blend.")
]  # fmt: skip
Weights = Annotated[str | None, _option(STYLE, "--weights", "W,W,...", "Shares of the blended styles: 0.7,0.3.")]
Each = Annotated[bool, _option(STYLE, "--each", "", "Every content with every style, instead of a blend.")]
StyleSize = Annotated[
    int | None, _option(STYLE, "--style-size", "PIXELS", "Short side at which styles are seen; less: finer strokes.")
]
Strength = Annotated[float, _option(LOOK, "--strength", "0..1", "0 is the photo, 1 the full pastiche.")]
KeepColors = Annotated[
    str | None, _option(LOOK, "--keep-colors", "luma|histogram", "Keep the photo's colours: paint lightness alone, "
    "or recolour the style first.")
]  # fmt: skip
Stroke = Annotated[
    str, _option(LOOK, "--stroke", "auto|own|0.25..8", "Size of the brush relative to the picture; 1 is that of a "
    "picture of 1024 pixels. auto is 1 for larger pictures; own is the network's brush at any size.")
]  # fmt: skip
Regions = Annotated[
    list[str] | None, _option(LOOK, "--region", "MASK=STYLE[:STRENGTH]", "A style where a mask is white; a file, a "
    "folder of masks, or alpha. Several share a picture; the rest takes -s, or stays the photo.")
]  # fmt: skip
Protect = Annotated[str | None, _option(LOOK, "--protect", "MASK", "Where this mask is white the photo stays.")]
Size = Annotated[int | None, _option(LOOK, "--size", "PIXELS", "Limit of the long side; else the photo's own size.")]
Output = Annotated[
    str | None, _option(FILES, "--output -o", "FILE|FOLDER", "Where to write, or - for standard output. Else "
    "photo-style.jpg beside photo.jpg, folder photos-style beside photos.")
]  # fmt: skip
Recursive = Annotated[bool, _option(FILES, "--recursive -r", "", "Search folders to any depth.")]
Overwrite = Annotated[bool, _option(FILES, "--overwrite", "", "Replace files that exist.")]
Format = Annotated[
    str | None, _option(FILES, "--format", "FORMAT", "jpeg, png, webp, tiff, avif or gif; else the photo's own.")
]
Quality = Annotated[int | None, _option(FILES, "--quality", "1..100", "Quality of JPEG, WebP and AVIF.")]
Depth = Annotated[int | None, _option(FILES, "--depth", "8|16", "Bits a channel in PNG and TIFF; else the photo's.")]
Json = Annotated[bool, _option(FILES, "--json", "", "Print a JSON record a picture: paths, sizes, seconds.")]
Tile = Annotated[
    str, _option(MACHINE, "--tile", "auto|never|fast|exact", "Paint in tiles: auto does where memory is short.")
]
TileSize = Annotated[int | None, _option(MACHINE, "--tile-size", "PIXELS", "Side of a tile; else what memory allows.")]
Memory = Annotated[str | None, _option(MACHINE, "--memory", "2G", "What may be used; else most of what is free.")]
Model = Annotated[str | None, _option(MACHINE, "--model", "NAME|FOLDER", "What paints; see brushwork models.")]
Device = Annotated[str, _option(MACHINE, "--device", "auto|cpu|gpu|cuda|mps", "What computes; gpu is Intel's.")]
Precision = Annotated[str, _option(MACHINE, "--precision", "auto|f32|bf16|f16|int8", "auto is the device's fastest.")]
Threads = Annotated[int | None, _option(MACHINE, "--threads", "N", "Threads of the CPU; else all cores.")]


def stylize(
    contents: Contents,
    style: Styles = None,
    weights: Weights = None,
    each: Each = False,
    style_size: StyleSize = None,
    strength: Strength = 1.0,
    keep_colors: KeepColors = None,
    stroke: Stroke = "auto",
    region: Regions = None,
    protect: Protect = None,
    size: Size = None,
    output: Output = None,
    recursive: Recursive = False,
    overwrite: Overwrite = False,
    format: Format = None,  # noqa: A002
    quality: Quality = None,
    depth: Depth = None,
    as_json: Json = False,
    tile: Tile = "auto",
    tile_size: TileSize = None,
    memory: Memory = None,
    model: Model = None,
    device: Device = "auto",
    precision: Precision = "auto",
    threads: Threads = None,
) -> None:
    """Render photos in the style of a picture.

    CONTENT is a photo, a folder of photos, or - for standard input.

    brushwork stylize photo.jpg -s painting.jpg

    brushwork stylize photos/ -s waves.jpg -s stars.jpg --weights 0.7,0.3 -o pastiches/

    brushwork stylize photo.jpg -s waves.jpg --region sky.png=stars.jpg:0.8
    """
    from brushwork import stylizer
    from brushwork.batch.options import Options, parse_memory, parse_region, parse_stroke, parse_weights
    from brushwork.batch.plan import make_plan
    from brushwork.errors import UserError
    from brushwork.runtime.opening import check_choices

    style = style or []
    if not style and not region:
        raise UserError("no style: give a picture or a name with -s, or a --region")
    options = Options(
        weights=parse_weights(weights, len(style), each=each),
        strength=strength, keep_colors=keep_colors, size=size, style_size=style_size,
        format=format, quality=quality, depth=depth, overwrite=overwrite,
        regions=tuple(parse_region(text) for text in region or ()), protect=protect, stroke=parse_stroke(stroke),
        tile=tile, tile_size=tile_size, memory=parse_memory(memory),
    )  # fmt: skip
    check_choices(device, precision, threads)
    plan = make_plan(contents, style, output, each=each, recursive=recursive, format=format)
    if as_json and plan[0].target is None:
        raise UserError("standard output takes the pastiche or its JSON record, not both; choose a file with -o")
    load = partial(stylizer.load, model, device=device, precision=precision, threads=threads)
    if not _run(plan, load, options, as_json):
        raise Exit(1)


def _run(plan: Sequence["Job"], load: Callable[[], "Stylizer"], options: "Options", as_json: bool) -> bool:
    """Makes the pastiches and says so; True if no job failed."""
    from contextlib import closing

    from brushwork.batch import run
    from brushwork.cli import interrupts
    from brushwork.cli.progress import percentage
    from brushwork.cli.report import report

    with (
        interrupts.raised() as check,
        closing(run.run(plan, load, options, percentage(hidden=len(plan) > 1))) as records,
    ):
        return report(_checked(records, check), len(plan), as_json=as_json)


def _checked(records: Iterator["Record"], check: Callable[[], None]) -> Iterator["Record"]:
    for record in records:
        yield record
        check()
