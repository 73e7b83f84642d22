"""The command line: one file per command, without logic. A command imports its code when it is called."""

from typing import Annotated

import typer

from brushwork.cli.dataset import dataset
from brushwork.cli.embed import embed
from brushwork.cli.evaluate import evaluate
from brushwork.cli.experiment import experiment
from brushwork.cli.export import export
from brushwork.cli.live import live
from brushwork.cli.models import models
from brushwork.cli.optimize import optimize
from brushwork.cli.plain import PlainCommand, PlainGroup
from brushwork.cli.serve import serve
from brushwork.cli.styles import app as styles
from brushwork.cli.stylize import stylize
from brushwork.cli.train import train
from brushwork.cli.train_words import train_words
from brushwork.cli.video import video
from brushwork.cli.watch import watch

app = typer.Typer(
    name="brushwork",
    cls=PlainGroup,
    epilog="Start with: brushwork stylize photo.jpg -s painting.jpg",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (
    *(stylize, video, live, serve, watch, optimize, models, train, train_words, evaluate, export, experiment),
    *(dataset, embed),
)
for command in COMMANDS:
    app.command(cls=PlainCommand)(command)
app.add_typer(styles, name="styles")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"brushwork {version('brushwork')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", metavar="", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Render any photo in the style of any picture."""
