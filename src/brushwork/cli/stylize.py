"""`brushwork stylize`: renders pictures in given styles."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Exit

from brushwork.cli.groups import FileOptions, Machine, StyleOptions, grouped
from brushwork.cli.options import FILES, MACHINE, RESULT, STYLE, Detail, Memory, Model, Overwrite, Styles, given, option

if TYPE_CHECKING:
    from brushwork.batch.options import Options
    from brushwork.batch.plan import Job
    from brushwork.batch.record import Record
    from brushwork.stylizer import Stylizer

# Named types keep the signature of `stylize` readable.
Contents = Annotated[list[str], Argument(metavar="CONTENT", hidden=True)]
StylesOrNone = Annotated[list[str] | None, Styles.__metadata__[0]]
Each = Annotated[bool, option(STYLE, "--each", "", "Render every content in each style instead of a blend.")]
Output = Annotated[
    str | None, option(FILES, "--output -o", "FILE|FOLDER", "Output, or - for standard output; default "
    "photo-style.jpg beside photo.jpg, folder photos-style beside photos.")
]  # fmt: skip
Page = Annotated[str | None, option(FILES, "--page", "1..|all", "Page of a multi-page TIFF file; all writes a TIFF.")]
Strip = Annotated[str | None, option(FILES, "--strip", "[gps]", "Remove all metadata, or only the location with gps.")]
SkipExisting = Annotated[
    bool, option(FILES, "--skip-existing", "", "Skip pictures whose pastiches exist, to continue a run.")
]
Refine = Annotated[
    float | None, option(RESULT, "--refine", "1..100000", "Optimise the pixels of each pastiche for this many seconds "
    "after the network; Ctrl-C keeps the best result so far.")
]  # fmt: skip
Recursive = Annotated[bool, option(FILES, "--recursive -r", "", "Search folders recursively.")]
Json = Annotated[bool, option(FILES, "--json", "", "Print a JSON record per picture: paths, sizes, seconds.")]
Tile = Annotated[
    str | None, option(MACHINE, "--tile", "auto|never|fast|exact", "Render in tiles; auto does so if memory is short.")
]
TileSize = Annotated[
    int | None,
    option(MACHINE, "--tile-size", "128..16384", "Side of a tile in pixels, a multiple of 4; default: by memory."),
]


@grouped
def stylize(
    contents: Contents,
    style: StylesOrNone = None,
    each: Each = False,
    *,
    paint: StyleOptions,
    output: Output = None,
    recursive: Recursive = False,
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    refine: Refine = None,
    page: Page = None,
    strip: Strip = None,
    file: FileOptions,
    as_json: Json = False,
    tile: Tile = None,
    tile_size: TileSize = None,
    memory: Memory = None,
    model: Model = None,
    detail: Detail = None,
    machine: Machine,
) -> None:
    """Render photos in the style of a picture.

    CONTENT is a photo, a folder of photos, or - for standard input.

    brushwork stylize photo.jpg -s painting.jpg

    brushwork stylize photos/ -s waves.jpg -s stars.jpg --weights 0.7,0.3 -o pastiches/

    brushwork stylize photo.jpg -s waves.jpg --region sky.png=stars.jpg:0.8
    """
    from brushwork import extras
    from brushwork.batch import refining
    from brushwork.batch.inputs import expand_styles, is_folder
    from brushwork.batch.options import Options, parse_memory, parse_page
    from brushwork.batch.plan import make_plan
    from brushwork.errors import UserError

    each = each or any(is_folder(Path(name)) for name in style or [] if name)
    style = expand_styles(style or [])
    if not style and not paint.region:
        raise UserError("no style; give a picture or a name with -s, or a --region")
    options = Options(
        memory=parse_memory(memory), page=parse_page(page), overwrite=overwrite, strip=strip,
        skip_existing=skip_existing, refine=refine, **paint.values(len(style), each=each),
        **given(tile=tile, tile_size=tile_size, **vars(file)),
    )  # fmt: skip
    if refine is not None:
        extras.require("torch", "--refine")
        refining.check(options)
    load = machine.loader(model, detail)
    plan = make_plan(contents, style, output, each=each, recursive=recursive, options=options)
    if not plan:
        print("every pastiche exists", file=sys.stderr)
        return
    if not _run(plan, load, options, as_json):
        raise Exit(1)


def _run(plan: Sequence["Job"], load: Callable[[], "Stylizer"], options: "Options", as_json: bool) -> bool:
    """Render and report the pastiches, and return whether all jobs succeeded."""
    from contextlib import closing

    from brushwork.batch import run
    from brushwork.cli import interrupts
    from brushwork.cli.progress import percentage
    from brushwork.cli.report import report

    with (
        interrupts.raised() as check,
        closing(run.run(plan, load, options, percentage(hidden=len(plan) > 1))) as records,
    ):
        records_to = sys.stderr if plan[0].target is None else sys.stdout
        return report(_checked(records, check), len(plan), json_to=records_to if as_json else None)


def _checked(records: Iterator["Record"], check: Callable[[], None]) -> Iterator["Record"]:
    for record in records:
        yield record
        check()
