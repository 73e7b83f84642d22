"""Write a model folder whose weights are the weighted mean of other models' weights.

    python scripts/average_models.py OUT card.toml FOLDER=0.4 FOLDER=0.4 NAME=0.2 --transfer

The mean of runs that started from the same weights and differ in balance (one favours the style, one the photo) is
often better than either, without a cost in speed (Wortsman et al. 2022, *Model soups*, arXiv 2203.05482).
"""

from pathlib import Path
from typing import Annotated

import typer

from brushwork import model_folder
from brushwork.export.model import export, mix_weights


def main(
    folder: Annotated[Path, typer.Argument(help="Model folder to write.")],
    card: Annotated[Path, typer.Argument(help="Card of the model.")],
    parts: Annotated[list[str], typer.Argument(metavar="MODEL=WEIGHT...", help="Models, each with its weight.")],
    transfer: Annotated[bool, typer.Option("--transfer", help="Keep the first model's predictor.")] = False,
) -> None:
    """Average models of the same architecture; their weights must add up to 1."""
    named = [part.rsplit("=", 1) for part in parts]
    networks = [model_folder.load_network(model_folder.find(model)).float() for model, _ in named]
    try:
        mixed = mix_weights(networks, [float(weight) for _, weight in named], prefix="transfer." if transfer else "")
    except model_folder.ModelError as error:
        raise SystemExit(str(error)) from None
    written = export(mixed, folder, model_folder.read_card(card))
    print(f"{written.path}  {written.size / 1e6:.1f} MB")


if __name__ == "__main__":
    typer.run(main)
