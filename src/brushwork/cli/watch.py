"""`brushwork watch`: a folder whose pictures are stylised as they come."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from brushwork.cli.options import (
    Depth,
    Detail,
    Device,
    Format,
    KeepColors,
    Model,
    Overwrite,
    Precision,
    Protect,
    Quality,
    Regions,
    Size,
    Strength,
    Stroke,
    Styles,
    StyleSize,
    Threads,
    Weights,
    given,
    loader,
)


def watch(
    folder: Annotated[Path, Argument(metavar="IN", hidden=True)],
    target: Annotated[Path, Argument(metavar="OUT", hidden=True)],
    style: Styles,
    weights: Weights = None,
    style_size: StyleSize = None,
    strength: Strength = None,
    keep_colors: KeepColors = None,
    stroke: Stroke = None,
    region: Regions = None,
    protect: Protect = None,
    size: Size = None,
    overwrite: Overwrite = False,
    format: Format = None,  # noqa: A002
    quality: Quality = None,
    depth: Depth = None,
    model: Model = None,
    detail: Detail = None,
    device: Device = None,
    precision: Precision = None,
    threads: Threads = None,
) -> None:
    """Stylise what is dropped into a folder, until Ctrl-C.

    IN is the folder that is watched, OUT the one that pastiches are written to. Pictures that are there already are
    done first; those whose pastiches are there, too, are left alone.

    brushwork watch inbox/ pastiches/ -s ukiyo-e
    """
    import sys

    from brushwork.batch import watch
    from brushwork.batch.inputs import expand_styles
    from brushwork.batch.options import Options, parse_region, parse_stroke, parse_weights
    from brushwork.cli import interrupts
    from brushwork.styles import resolve

    style = expand_styles(style)
    choices = given(
        strength=strength, keep_colors=keep_colors, size=size, style_size=style_size, format=format, quality=quality,
        depth=depth, stroke=parse_stroke(stroke) if stroke else None, protect=protect,
    )  # fmt: skip
    regions = tuple(parse_region(text) for text in region or ())
    options = Options(weights=parse_weights(weights, len(style)), overwrite=overwrite, regions=regions, **choices)
    loaded = loader(model, device, precision, threads, detail)()
    for name in style:
        resolve(name, loaded.gallery, files=True)
    with interrupts.deferred() as stop:
        records = watch.watch(folder, target, style, loaded, options, stop=stop)
        print(f"watching {folder}; Ctrl-C ends", file=sys.stderr)
        for record in records:
            line = f"brushwork: {record.error}" if record.error else f"{record.pastiche}"
            print(line, file=sys.stderr)
