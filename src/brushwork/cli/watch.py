"""`brushwork watch`: stylises the pictures of a folder as they arrive."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from brushwork.cli.groups import FileOptions, Machine, StyleOptions, grouped
from brushwork.cli.options import Detail, Model, Overwrite, Styles, given


@grouped
def watch(
    folder: Annotated[Path, Argument(metavar="IN", hidden=True)],
    target: Annotated[Path, Argument(metavar="OUT", hidden=True)],
    style: Styles,
    *,
    paint: StyleOptions,
    overwrite: Overwrite = False,
    file: FileOptions,
    model: Model = None,
    detail: Detail = None,
    machine: Machine,
) -> None:
    """Stylise pictures as they arrive in a folder, until Ctrl-C.

    IN is the watched folder, OUT the folder for pastiches. Existing pictures are processed first, unless their
    pastiches already exist.

    brushwork watch inbox/ pastiches/ -s ukiyo-e
    """
    import sys

    from brushwork.batch import watch
    from brushwork.batch.inputs import expand_styles
    from brushwork.batch.options import Options
    from brushwork.cli import interrupts
    from brushwork.styles.names import notices_of

    style = expand_styles(style)
    options = Options(overwrite=overwrite, **paint.values(len(style)), **given(**vars(file)))
    loaded = machine.loader(model, detail)()
    shown = notices_of(style, loaded.gallery)  # before the first picture comes
    for notice in shown:
        print(f"note: {notice}", file=sys.stderr)
    with interrupts.deferred(cleaning=True) as stop:
        records = watch.watch(folder, target, style, loaded, options, stop=stop)
        print(f"watching {folder}; Ctrl-C ends after the picture in work, a second one at once", file=sys.stderr)
        for record in records:
            for notice in (each for each in record.notices if each not in shown):
                print(f"note: {notice}", file=sys.stderr)
            line = f"brushwork: {record.error}" if record.error else f"{record.pastiche}"
            print(line, file=sys.stderr)
