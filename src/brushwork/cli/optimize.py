"""`brushwork optimize`: creates one pastiche by optimising its pixels, slowly and without a model."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Exit

from brushwork.cli import interrupts, progress
from brushwork.cli.options import FILES, RESULT, STYLE, Overwrite, Styles, TorchDevice, Weights, given, option

if TYPE_CHECKING:
    from pathlib import Path

    from brushwork.training.optimize import OptimizeProgress

Content = Annotated[str, Argument(metavar="CONTENT", hidden=True)]
StyleSize = Annotated[
    int | None,
    option(
        STYLE,
        "--style-size",
        "16..100000",
        "Short side in pixels at which styles are read; smaller values give finer strokes.",
    ),
]
StyleWeight = Annotated[
    float | None, option(STYLE, "--style-weight", "0..1e9", "Weight of the style relative to the content; default 2.5.")
]
Size = Annotated[int | None, option(RESULT, "--size", "16..100000", "Limit of the long side in pixels; default 512.")]
Steps = Annotated[int | None, option(RESULT, "--steps", "1..", "Steps at each size, from coarse to fine; default 40.")]
Optimizer = Annotated[str | None, option(RESULT, "--optimizer", "lbfgs|adam", "Optimizer; default lbfgs.")]
Start = Annotated[
    str | None, option(RESULT, "--start", "content|noise|recolored", "Initial picture; default recolored.")
]
Seed = Annotated[int | None, option(RESULT, "--seed", "N", "Seed of the noise; default 0.")]
Output = Annotated[
    str | None, option(FILES, "--output -o", "FILE|FOLDER", "Output file; default photo-style.jpg beside photo.jpg.")
]
Json = Annotated[bool, option(FILES, "--json", "", "Print a JSON record: paths, size, steps, loss terms, seconds.")]


def optimize(
    content: Content,
    style: Styles,
    weights: Weights = None,
    style_size: StyleSize = None,
    style_weight: StyleWeight = None,
    size: Size = None,
    steps: Steps = None,
    optimizer: Optimizer = None,
    start: Start = None,
    seed: Seed = None,
    output: Output = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    device: TorchDevice = None,
) -> None:
    """Optimise the pixels of one pastiche: takes minutes and comes closer to the style.

    Ctrl-C writes the best result so far and exits with code 130.

    brushwork optimize photo.jpg -s painting.jpg -o pastiche.png
    """
    import sys
    import time

    from brushwork import extras, images
    from brushwork.batch.options import parse_weights
    from brushwork.errors import UserError

    extras.require("torch", "optimising pixels")
    from brushwork.training import optimize as training
    from brushwork.training.optimize_settings import OptimizeSettings

    settings = OptimizeSettings(
        **given(
            size=size, style_size=style_size, steps=steps, style_weight=style_weight, optimizer=optimizer, start=start,
            seed=seed, device=device,
        )
    )  # fmt: skip
    parsed = parse_weights(weights, len(style))
    target = _plan(content, style, output, overwrite)
    began = time.perf_counter()
    picture = images.open(content, size=settings.size)
    if picture.animated:
        raise UserError(f"{content} is an animation; optimize takes only still pictures")
    shape = picture.image.shape[:2]
    for notice in picture.notices:
        print(f"note: {notice}", file=sys.stderr)
    pictures = [images.open(path).on_white for path in style]
    records = training.optimize(picture.filled().image, pictures, parsed, settings)
    last, stopped = _watch(records)
    if last is not None:
        best = images.resize(last.pastiche, shape)  # smaller if the run was interrupted at a coarse size
        images.save(picture.map_visible(lambda _: best).marked(), target, overwrite=overwrite)
        record = {"content": content, "styles": style, "pastiche": str(target), "width": shape[1], "height": shape[0]}
        _report(record, last, time.perf_counter() - began, as_json)
    if stopped:
        raise Exit(interrupts.INTERRUPTED)


def _plan(content: str, styles: list[str], output: str | None, overwrite: bool) -> "Path":
    """Return the target by the rules of `stylize`, and raise errors of writing before the work is done."""
    from pathlib import Path

    from brushwork.batch.plan import make_plan
    from brushwork.errors import UserError

    if "-" in (content, output) or Path(content).is_dir():
        raise UserError("optimize takes exactly one picture file")
    target = make_plan([content], styles, output)[0].target
    assert target is not None  # None would be standard output
    if not target.exists():
        return target
    for source in map(Path, (content, *styles)):
        if source.exists() and source.samefile(target):
            raise UserError(f"{target} is also read; write the pastiche to another file")
    if not overwrite:
        raise UserError(f"{target} exists; use --overwrite to replace it")
    return target


def _watch(records: Iterator["OptimizeProgress"]) -> tuple["OptimizeProgress | None", bool]:
    """Return the last record, if any, and whether Ctrl-C ended the run early."""
    last = None
    try:
        with progress.bar() as bar:
            for last in records:
                bar.update(last.step, last.steps, _terms(last))
    except KeyboardInterrupt:
        return last, True
    return last, False


def _terms(record: "OptimizeProgress") -> str:
    height, width = record.pastiche.shape[:2]
    return (
        f"{width} x {height}  total {record.terms['total']:.3f}  content {record.terms['content']:,.0f}  "
        f"style {record.terms['style']:.3f}, {record.share:.1%} left"
    )


def _report(record: dict[str, Any], last: "OptimizeProgress", seconds: float, as_json: bool) -> None:
    """Print the record of a run as JSON on standard output, or as a line on standard error."""
    import json
    import sys

    if as_json:
        numbers = {"step": last.step, "steps": last.steps, "share": last.share, "terms": dict(last.terms)}
        print(json.dumps({**record, **numbers, "seconds": seconds}))
        return
    size = f"{record['width']} x {record['height']}"
    left = f"{last.share:.1%} of the style loss left"
    print(f"{record['pastiche']}  {size}  {left}  {seconds:.1f} s", file=sys.stderr)
