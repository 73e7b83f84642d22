"""`brushwork styles add`, `remove`, `rename`, `export` and `import`: manage the user's own styles."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from brushwork.cli.groups import Machine, grouped
from brushwork.cli.options import Model, Overwrite, StyleSize, Weights, option

Name = Annotated[str, typer.Argument(metavar="NAME", hidden=True)]
NewName = Annotated[str, typer.Argument(metavar="NEW", hidden=True)]
Names = Annotated[list[str], typer.Argument(metavar="NAME", hidden=True)]
Sources = Annotated[list[str], typer.Argument(metavar="STYLE", hidden=True)]
Files = Annotated[list[Path], typer.Argument(metavar="FILE", hidden=True)]
About = Annotated[str | None, option(None, "--about", "TEXT", "One-line description; default: the sources.")]
NoPicture = Annotated[
    bool, option(None, "--no-picture", "", "Do not store small copies of the pictures, which other models need.")
]  # fmt: skip
Output = Annotated[
    Path | None, option(None, "--output -o", "FILE", "Output file, or - for standard output; default NAME.json.")
]  # fmt: skip
As = Annotated[str | None, option(None, "--as", "NAME", "Name of the style; default: that of the file.")]


@grouped
def add(
    name: Name,
    sources: Sources,
    weights: Weights = None,
    style_size: StyleSize = None,
    about: About = None,
    no_picture: NoPicture = False,
    overwrite: Overwrite = False,
    model: Model = None,
    *,
    machine: Machine,
) -> None:
    """Save a style under a name: a picture, or a blend of pictures and named styles.

    brushwork styles add barn painting.jpg

    brushwork styles add dusk painting.jpg ukiyo-e --weights 0.7,0.3
    """
    from brushwork import model_folder
    from brushwork.batch.options import parse_weights
    from brushwork.styles import own
    from brushwork.styles.adding import make_style
    from brushwork.styles.names import notices_of

    own.check_free(name, overwrite=overwrite)
    parsed = parse_weights(weights, len(sources))
    folder = model_folder.find(model)
    stylizer = machine.loader(model)()
    made = make_style(
        sources, stylizer, folder, weights=parsed, style_size=style_size, about=about, keep_pictures=not no_picture
    )
    for notice in notices_of(sources, stylizer.gallery):
        print(f"note: {notice}", file=sys.stderr)
    path = own.save(name, made, overwrite=overwrite)
    hides = "; it hides the model's style of the same name" if name in stylizer.gallery.shipped else ""
    print(f"{name}  {made.about}  {path}{hides}", file=sys.stderr)


def remove(names: Names) -> None:
    """Remove own styles. If one does not exist, none is removed.

    brushwork styles remove barn dusk
    """
    from brushwork.styles import own

    own.remove(names)
    print(f"removed {', '.join(names)}", file=sys.stderr)


def rename(name: Name, new: NewName) -> None:
    """Rename an own style.

    brushwork styles rename barn old-barn
    """
    from brushwork.styles import own

    own.rename(name, new)
    print(f"{name} is now {new}", file=sys.stderr)


def export(name: Name, output: Output = None, overwrite: Overwrite = False) -> None:
    """Write an own style to a file for backup or sharing.

    The file contains small copies of its pictures unless the style was added with --no-picture.

    brushwork styles export barn -o barn.json
    """
    from brushwork.styles import own, own_file

    source = own.path_of(name.removesuffix(own_file.ENDING))
    style = own_file.read(source)
    if output == Path("-"):
        print(own_file.as_text(style), end="")
        return
    target = output or Path(source.name)
    own_file.write(target, style, overwrite=overwrite)
    print(target, file=sys.stderr)


def import_(files: Files, name: As = None, overwrite: Overwrite = False) -> None:
    """Import styles from files written by styles export.

    brushwork styles import barn.json
    """
    from brushwork.errors import UserError
    from brushwork.styles import own, own_file

    if name and len(files) > 1:
        raise UserError("--as requires exactly one file")
    named = [(name or file.stem, own_file.read(file)) for file in files]
    for each, _ in named:
        own.check_free(each, overwrite=overwrite)
    if len({each.casefold() for each, _ in named}) < len(named):
        raise UserError("two of the files have the same name; import one of them with --as")
    for each, style in named:
        print(own.save(each, style, overwrite=overwrite), file=sys.stderr)
