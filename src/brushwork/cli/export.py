"""`brushwork export`: a training checkpoint becomes a model folder."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option


def export(
    checkpoint: Annotated[Path, Argument(help="A training checkpoint.")],
    folder: Annotated[Path, Argument(help="The model folder to write; its name is the model's.")],
    title: Annotated[str | None, Option(help="A name in words.")] = None,
    licence: Annotated[str, Option(help="Licence of the weights (SPDX).")] = "unknown",
    source: Annotated[str, Option(help="Who trained it, on what.")] = "own training",
    style_size: Annotated[int, Option(help="Short side at which a style is seen by default.")] = 256,
) -> None:
    """Write a model folder from a training checkpoint, for use with --model."""
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
