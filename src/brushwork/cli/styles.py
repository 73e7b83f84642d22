"""`brushwork styles`: lists, shows, finds and maps named styles."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brushwork.cli.groups import Machine, grouped
from brushwork.cli.learn import learn
from brushwork.cli.options import Model, Overwrite, given, option
from brushwork.cli.own_styles import add, export, import_, remove, rename
from brushwork.cli.plain import PlainCommand, PlainGroup

if TYPE_CHECKING:
    from brushwork.analysis.embeddings import EmbeddedStyles
    from brushwork.model_folder import ModelFolder
    from brushwork.stylizer import Stylizer

Sheet = Annotated[Path | None, option(None, "--sheet", "PHOTO", "Render a photo in every style, as a contact sheet.")]
Output = Annotated[Path | None, option(None, "--output -o", "FILE", "File of the sheet; default photo-styles.jpg.")]
Size = Annotated[
    int | None, option(None, "--size", "16..100000", "Long side of each picture on the sheet in pixels; default 320.")
]
Find = Annotated[
    str | None, option(None, "--find", "WORDS", "List the named styles nearest to words: stormy sea, thick paint.")
]  # fmt: skip
Json = Annotated[bool, option(None, "--json", "", "Print JSON.")]

Map = Annotated[
    Path | None, option(None, "--map", "FILE", "Write a map of similar styles, an HTML page that works offline.")
]
Near = Annotated[Path | None, option(None, "--near", "PICTURE", "List the styles most similar to a picture.")]
Pictures = Annotated[
    list[str] | None, option(None, "--pictures", "SOURCE", "Map or search these pictures, folders, tars or globs "
    "instead of the named styles.")
]  # fmt: skip
LabelFile = Annotated[
    Path | None,
    option(None, "--labels", "FILE", "Colours of the map: tab-separated lines of name, kind and label."),
]
Count = Annotated[int | None, option(None, "--count", "1..", "Number of styles that --near lists; default 10.")]

FOUND = 8  # styles that --find lists
UNWRAPPED = 1000  # columns of the list in a pipe, wider than any name and description

# `brushwork styles` alone lists the styles; its subcommands are in other files.
app = typer.Typer(cls=PlainGroup, invoke_without_command=True)
for command in (add, learn, remove, rename, export):
    app.command(cls=PlainCommand)(command)
app.command("import", cls=PlainCommand)(import_)


@app.callback()
@grouped
def styles(
    context: typer.Context,
    sheet: Sheet = None,
    output: Output = None,
    size: Size = None,
    find: Find = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    map_file: Map = None,
    near: Near = None,
    pictures: Pictures = None,
    labels: LabelFile = None,
    count: Count = None,
    model: Model = None,
    *,
    machine: Machine,
) -> None:
    """List the named styles, including your own, or render a photo in all of them.

    brushwork styles --sheet photo.jpg

    brushwork styles --map styles.html --pictures paintings/

    brushwork styles --near painting.jpg

    brushwork stylize photo.jpg -s ukiyo-e
    """
    from brushwork import model_folder
    from brushwork.errors import UserError

    if context.invoked_subcommand is not None:
        if any(context.params.values()):
            raise UserError(f"put the options after styles {context.invoked_subcommand}")
        return
    if map_file is not None or near is not None:
        if sheet is not None or output is not None or (map_file is not None and near is not None):
            raise UserError("--sheet, --map and --near exclude each other, and only --sheet takes -o")
        load = machine.loader(model)
        if map_file is not None:
            _map(map_file, pictures, labels, overwrite, load)
        elif near is not None:
            _near(near, pictures, as_json, load, **given(count=count))
        return
    if pictures or labels or count:
        raise UserError("--pictures, --labels and --count require --map or --near")
    if find is not None:
        if sheet is not None or output is not None:
            raise UserError("--find and --sheet exclude each other; leave out one")
        _find(machine.loader(model), find, as_json)
        return
    if sheet is None:
        if output is not None:
            raise UserError("-o requires --sheet")
        _list(model_folder.find(model), as_json)
        return
    if as_json:
        raise UserError("--json and --sheet exclude each other; leave out one")
    _paint(sheet, output, size, overwrite, machine.loader(model))


def _paint(photo: Path, output: Path | None, size: int | None, overwrite: bool, load: "Callable[[], Stylizer]") -> None:
    """Write the contact sheet of a photo."""
    import sys

    from brushwork import images
    from brushwork.cli.progress import track
    from brushwork.styles.sheet import cells, compose, open_photo, target

    path = target(photo, output, overwrite=overwrite)
    content = open_photo(photo, **given(size=size))
    for notice in content.notices:
        print(f"note: {notice}", file=sys.stderr)
    stylizer = load()
    coming = cells(content, stylizer.names, lambda photo, name: stylizer.stylize(photo, name))
    painted = list(track(coming, len(stylizer.names) + 1))
    images.save(compose(painted, content.alpha).marked(), path, overwrite=overwrite)
    print(f"{path}  {len(stylizer.names)} styles", file=sys.stderr)


def _find(load: "Callable[[], Stylizer]", words: str, as_json: bool) -> None:
    """Print the named styles nearest to words."""
    import json
    import sys

    from brushwork.styles.names import word_map_of
    from brushwork.styles.words import find, style_of

    gallery = load().gallery  # a loaded model's: own styles of other models are embedded again
    word_map = word_map_of(gallery)
    usable = {name: style for name, style in gallery.styles.items() if style.embeddings}
    for notice in style_of(words, word_map, usable, nearest=False).notices:
        print(f"note: {notice}", file=sys.stderr)
    found = find(word_map.understand(words, usable), word_map, usable)[:FOUND]
    rows = [{"name": name, "fit": round(fit, 3), "about": usable[name].about} for name, fit in found]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(f"{row['name']:20} {row['fit']:6.2f}  {row['about']}")


def _list(folder: "ModelFolder", as_json: bool) -> None:
    """Print the named styles of a model."""
    import json
    import sys

    from brushwork.styles.adding import open_gallery

    gallery = open_gallery(folder)
    for refused in gallery.refused.values():
        print(f"note: {refused}", file=sys.stderr)
    rows = [{"name": name, "kind": each.kind, "about": each.about} for name, each in gallery.styles.items()]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    if not rows:
        print(f"{folder.name} has no named styles; -s takes any picture")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # In a pipe, lines are not wrapped, so programs can parse the columns.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else UNWRAPPED)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in rows[0]:
        table.add_column(column, no_wrap=column != "about")
    for row in rows:
        table.add_row(*map(Text, row.values()))  # not markup, which a description could contain
    console.print(table)


def _map(
    path: Path, pictures: list[str] | None, labels: Path | None, overwrite: bool, load: "Callable[[], Stylizer]"
) -> None:
    """Write the map of the named styles or of pictures."""
    import sys

    from brushwork import atomic, extras
    from brushwork.cli.options import check_target

    check_target(path, overwrite)
    extras.require("analysis", "a map of styles")
    from brushwork.analysis.style_map import render_map
    from brushwork.training.labels import read_labels

    known = {} if labels is None else read_labels(labels)
    stylizer = load()
    styles = _embedded(stylizer, pictures)
    if not pictures:
        known = {"kind": {name: each.kind for name, each in stylizer.gallery.styles.items()}, **known}
    title = "Styles" if not pictures else f"{len(styles):,} pictures by style"
    atomic.write_text(path, render_map(styles, known, title), overwrite=overwrite)
    print(f"{path}  {len(styles)} styles", file=sys.stderr)


def _near(
    picture: Path, pictures: list[str] | None, as_json: bool, load: "Callable[[], Stylizer]", **count: int
) -> None:
    """Print the styles nearest to a picture with the Euclidean distance of their embeddings."""
    import json

    from brushwork import extras

    extras.require("analysis", "finding similar styles")
    from brushwork.analysis.embeddings import STYLE_SIZE
    from brushwork.analysis.neighbours import nearest

    stylizer = load()
    wanted = stylizer.embed(picture, STYLE_SIZE)
    styles = _embedded(stylizer, pictures)
    numbers, distances = nearest(styles.embeddings, wanted, **count)
    rows = [
        {"name": styles.names[number], "distance": round(float(distance), 3)}
        for number, distance in zip(numbers[0], distances[0], strict=True)
    ]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(f"{row['distance']:8.3f}  {row['name']}")


def _embedded(stylizer: "Stylizer", pictures: list[str] | None) -> "EmbeddedStyles":
    """Return the styles of a map: pictures, or the named styles."""
    from brushwork.analysis.embeddings import embed_pictures, named_styles
    from brushwork.cli import progress

    if not pictures:
        return named_styles(stylizer)
    with progress.bar() as bar:
        return embed_pictures(stylizer, pictures, say=bar.print)
