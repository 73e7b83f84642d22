"""`brushwork export`: converts a training checkpoint to a model folder."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option


def export(
    checkpoint: Annotated[Path, Argument(metavar="CHECKPOINT", hidden=True)],
    folder: Annotated[Path, Argument(metavar="FOLDER", hidden=True)],
    card: Annotated[
        Path | None, Option(metavar="FILE", help="Model card in TOML; the options below override it.")
    ] = None,
    title: Annotated[str | None, Option(metavar="TEXT", help="Title; default: the folder's name.")] = None,
    licence: Annotated[str | None, Option(metavar="SPDX", help="Licence of the weights; default: unknown.")] = None,
    source: Annotated[str | None, Option(metavar="TEXT", help="Who trained it; default: own training.")] = None,
    style_size: Annotated[
        int | None, Option(metavar="PIXELS", help="Default short side at which styles are read; default 256.")
    ] = None,
    style_end: Annotated[
        Path | None,
        Option(metavar="CHECKPOINT", help="The same network trained on with less weight on content: --detail 0."),
    ] = None,
    away: Annotated[
        float, Option(metavar="0..2", help="Move the model away from the style end by this part of their difference.")
    ] = 0.0,
) -> None:
    """Convert a training checkpoint to a model folder for --model.

    The folder's name becomes the model's name. A model folder in place of the checkpoint is exported again with the
    graphs of this version; its card and gallery are kept.
    """
    import dataclasses
    import tempfile

    from brushwork import extras, model_folder
    from brushwork.model_folder import ModelCard, read_card

    extras.require("torch", "exporting")
    from brushwork.export.model import export as write
    from brushwork.export.model import mix_weights, write_style_end
    from brushwork.training.checkpoints import load_checkpoint

    _check_away(away, style_end)
    if (checkpoint / model_folder.CONFIG).is_file():
        old = model_folder.find(checkpoint)
        network, stated, along = model_folder.load_network(old), old.card, old.extras
    else:
        network, _ = load_checkpoint(checkpoint)
        stated, along = ModelCard(folder.name, "unknown", "own training"), []
    stated = read_card(card) if card else stated
    given: dict[str, Any] = {"title": title, "licence": licence, "source": source, "style_size": style_size}
    stated = dataclasses.replace(stated, **{name: value for name, value in given.items() if value is not None})
    with tempfile.TemporaryDirectory() as temporary:
        if style_end is not None:
            end, _ = load_checkpoint(style_end)
            along = [path for path in along if path.name != model_folder.STYLE_WEIGHTS]
            along.append(write_style_end(network, end, Path(temporary)))
            network = mix_weights((network, end), (1 + away, -away))
        written = write(network, folder, stated, along)
    print(f"{written.path}  {written.size / 1e6:.1f} MB")


def _check_away(away: float, style_end: Path | None) -> None:
    """Raise `UserError` unless a model can be moved so far."""
    from brushwork.errors import UserError

    if not 0 <= away <= 2:  # also false for NaN
        raise UserError(f"--away is {away:g}; it must be between 0 and 2")
    if away and style_end is None:
        raise UserError("--away needs --style-end")
