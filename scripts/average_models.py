"""Write a model folder whose weights are the weighted mean of other models' weights.

    python scripts/average_models.py OUT card.toml FOLDER=0.4 FOLDER=0.4 NAME=0.2

The mean of runs that started from the same weights and differ in balance (one favours the style, one the photo) is
often better than either, without a cost in speed (Wortsman et al. 2022, *Model soups*, arXiv 2203.05482).
"""

from pathlib import Path
from typing import Annotated

import typer

from brushwork import model_folder
from brushwork.export.model import export


def main(
    folder: Annotated[Path, typer.Argument(help="Model folder to write.")],
    card: Annotated[Path, typer.Argument(help="Card of the model.")],
    parts: Annotated[list[str], typer.Argument(metavar="MODEL=WEIGHT...", help="Models, each with its weight.")],
) -> None:
    """Average models of the same architecture; their weights must add up to 1."""
    named = [part.rsplit("=", 1) for part in parts]
    weights = [float(weight) for _, weight in named]
    if abs(sum(weights) - 1) > 1e-6:
        raise SystemExit(f"the weights add up to {sum(weights):g}, not to 1")
    networks = [model_folder.load_network(model_folder.find(model)).float() for model, _ in named]
    if any(network.config != networks[0].config for network in networks):
        raise SystemExit("the models have different architectures")
    states = [network.state_dict() for network in networks]
    mean = {
        name: sum(weight * state[name] for weight, state in zip(weights, states, strict=True))
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }
    networks[0].load_state_dict(mean)
    written = export(networks[0], folder, model_folder.read_card(card))
    print(f"{written.path}  {written.size / 1e6:.1f} MB")


if __name__ == "__main__":
    typer.run(main)
