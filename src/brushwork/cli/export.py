"""`brushwork export`: a training checkpoint becomes a model folder."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option


def export(
    checkpoint: Annotated[Path, Argument(metavar="CHECKPOINT", hidden=True)],
    folder: Annotated[Path, Argument(metavar="FOLDER", hidden=True)],
    title: Annotated[str | None, Option(metavar="TEXT", help="A name in words.")] = None,
    licence: Annotated[str, Option(metavar="SPDX", help="Licence of the weights.")] = "unknown",
    source: Annotated[str, Option(metavar="TEXT", help="Who trained it, on what.")] = "own training",
    style_size: Annotated[
        int, Option(metavar="PIXELS", help="Short side at which a style is seen, unless a user asks for another.")
    ] = 256,
) -> None:
    """Write a model folder from a training checkpoint, for use with --model.

    The folder's name becomes the model's.
    """
    from importlib.util import find_spec

    from brushwork.checkpoints import ModelCard, load_checkpoint
    from brushwork.errors import missing_extra

    if not find_spec("torch") or not find_spec("onnxscript"):
        raise missing_extra("torch", "exporting")
    from brushwork.export import export as write

    network, _ = load_checkpoint(checkpoint)
    card = ModelCard(title or folder.name, licence, source, style_size=style_size)
    written = write(network, folder, card)
    print(f"{written.path}  {written.size / 1e6:.1f} MB")
