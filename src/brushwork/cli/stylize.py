"""`brushwork stylize`: pictures in, pastiches out."""

from typing import Annotated

import typer
from typer import Argument, Option

PICTURE, LOOK, FILES, SPEED = "Style", "Look", "Files", "Speed"


def stylize(
    contents: Annotated[
        list[str], Argument(metavar="CONTENT...", help="Photos, folders of photos, or - for standard input.")
    ],
    style: Annotated[
        list[str],
        Option("--style", "-s", metavar="STYLE", help="A picture to take the style of. Several are blended.", rich_help_panel=PICTURE),
    ],
    weights: Annotated[
        str | None, Option(metavar="W1,W2,...", help="Shares of the blended styles, e.g. 0.7,0.3.", rich_help_panel=PICTURE)
    ] = None,
    each: Annotated[
        bool, Option("--each", help="Every content with every style, instead of their blend.", rich_help_panel=PICTURE)
    ] = False,
    strength: Annotated[
        float, Option(metavar="0..1", help="0 is the photo, 1 the full pastiche.", rich_help_panel=LOOK)
    ] = 1.0,
    style_size: Annotated[
        int | None,
        Option(metavar="PIXELS", help="Short side at which the style is seen; smaller means larger strokes.", rich_help_panel=LOOK),
    ] = None,
    keep_colors: Annotated[
        str | None,
        Option(metavar="luma|histogram", help="Keep the photo's colours: luma takes lightness alone from the pastiche, histogram recolours the style first.", rich_help_panel=LOOK),
    ] = None,
    size: Annotated[
        int | None, Option(metavar="PIXELS", help="Limit of the long side; the photo's own size without it.", rich_help_panel=LOOK)
    ] = None,
    output: Annotated[
        str | None,
        Option("--output", "-o", metavar="FILE|FOLDER", help="Where to write; - for standard output. Without it photo-style.jpg beside photo.jpg.", rich_help_panel=FILES),
    ] = None,
    recursive: Annotated[
        bool, Option("--recursive", "-r", help="Search folders to any depth.", rich_help_panel=FILES)
    ] = False,
    overwrite: Annotated[bool, Option("--overwrite", help="Replace files that exist.", rich_help_panel=FILES)] = False,
    format: Annotated[
        str | None, Option(metavar="FORMAT", help="jpeg, png, webp, tiff, avif or gif; the photo's own without it.", rich_help_panel=FILES)
    ] = None,
    quality: Annotated[
        int | None, Option(metavar="1..100", help="Quality of JPEG, WebP and AVIF.", rich_help_panel=FILES)
    ] = None,
    depth: Annotated[
        int | None, Option(metavar="8|16", help="Bits a channel of PNG and TIFF; the photo's own without it.", rich_help_panel=FILES)
    ] = None,
    json: Annotated[
        bool, Option("--json", help="One JSON record a picture on standard output: paths, sizes, seconds.", rich_help_panel=FILES)
    ] = False,
    model: Annotated[
        str | None, Option(metavar="NAME|FOLDER", help="See brushwork models.", rich_help_panel=SPEED)
    ] = None,
    device: Annotated[str, Option(metavar="auto|cpu|gpu|cuda|mps", help="What computes.", rich_help_panel=SPEED)] = "auto",
    precision: Annotated[
        str, Option(metavar="auto|f32|bf16|f16", help="Auto is the fastest the device has natively.", rich_help_panel=SPEED)
    ] = "auto",
    threads: Annotated[int | None, Option(metavar="N", help="Threads of the CPU; all cores without it.", rich_help_panel=SPEED)] = None,
) -> None:  # fmt: skip
    """Render photos in the style of a picture.

    [bold]brushwork stylize photo.jpg -s painting.jpg[/bold]   writes photo-painting.jpg

    [bold]brushwork stylize photos/ -s a.jpg -s b.jpg --weights 0.7,0.3 -o pastiches/[/bold]
    """
    from brushwork import stylizer
    from brushwork.batch import Options, parse_weights, run
    from brushwork.cli.report import report
    from brushwork.jobs import plan

    options = Options(
        weights=parse_weights(weights, 1 if each else len(style)),
        strength=strength, keep_colors=keep_colors, size=size, style_size=style_size,
        format=format, quality=quality, depth=depth, overwrite=overwrite,
    )  # fmt: skip
    jobs = plan(contents, style, output, each=each, recursive=recursive, format=format)
    stylizer.check_choices(device, precision, threads)
    records = run(jobs, lambda: stylizer.load(model, device=device, precision=precision, threads=threads), options)
    if not report(records, len(jobs), json=json):
        raise typer.Exit(1)
