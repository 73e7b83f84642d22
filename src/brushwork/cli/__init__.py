"""The command line: one file a command, no logic. A command imports its own code when it is called."""

import typer

from brushwork.cli.export import export
from brushwork.cli.models import models
from brushwork.cli.stylize import stylize

app = typer.Typer(
    name="brushwork",
    help="Any photo in the style of any picture.",
    epilog="Start with: brushwork stylize photo.jpg -s painting.jpg",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (stylize, models, export):
    app.command()(command)


def version(value: bool) -> None:
    """Prints the version and ends."""
    if value:
        from importlib.metadata import version as installed

        print(f"brushwork {installed('brushwork')}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=version, is_eager=True, help="Show the version."),
) -> None:
    """Any photo in the style of any picture."""
