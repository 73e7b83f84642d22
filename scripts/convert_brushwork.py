"""Write a model folder from the network of a training run outside of the project, a safetensors file.

    python scripts/convert_brushwork.py brushwork_w50.safetensors card.toml OUT [brushwork_w50_style.safetensors]

The second file is the same network after further training with less weight on the content; its style transfer network
becomes the other end of `detail`.

The keys of the file are those of `PasticheNetwork`, except for the predictor's head: predictor.affine.{weight,bias} and
predictor.statistics.{mean,deviation}.
"""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from safetensors.torch import load_file

from brushwork import model_folder
from brushwork.export.model import export, write_style_end
from brushwork.networks import PasticheConfig, PasticheNetwork

RENAMED = {
    "predictor.affine.weight": "predictor.bottleneck.weight",
    "predictor.affine.bias": "predictor.bottleneck.bias",
    "predictor.statistics.mean": "predictor.feature_mean",
    "predictor.statistics.deviation": "predictor.feature_deviation",
}


def load(path: Path) -> PasticheNetwork:
    """Return the network in float32 and evaluation mode; its width is read from the weights."""
    state = {RENAMED.get(key, key): value.float() for key, value in load_file(path).items()}
    config = PasticheConfig(
        backbone={"name": "mobilenet_v2", "norm": "folded", "padding": "tensorflow"},
        pooling="statistics",
        width=state["transfer.contract.0.conv.bias"].numel() / 32,
        encoder_norm="folded",
    )
    network = PasticheNetwork(config)
    network.load_state_dict(state)
    return network.eval()


def main(
    weights: Annotated[Path, typer.Argument(help="Weights of the network.")],
    card: Annotated[Path, typer.Argument(help="Card of the model.")],
    folder: Annotated[Path, typer.Argument(help="Model folder to write.")],
    style_weights: Annotated[Path | None, typer.Argument(help="Weights of the other end of detail.")] = None,
) -> None:
    """Write the model folder."""
    with tempfile.TemporaryDirectory() as temporary:
        network, extras = load(weights), []
        if style_weights:
            extras.append(write_style_end(network, load(style_weights), Path(temporary)))
        export(network, folder, model_folder.read_card(card), extras)


if __name__ == "__main__":
    typer.run(main)
