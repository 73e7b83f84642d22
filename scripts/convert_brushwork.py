"""Makes a model folder of the network that a training run outside of the project left as a safetensors file.

    python scripts/convert_brushwork.py brushwork_w50.safetensors card.toml OUT [brushwork_w50_style.safetensors]

The second file is the same network, trained on with less weight on the content; its style transfer network becomes the
other end of `detail`.

Keys of the file are those of `PasticheNetwork` but for the predictor's head: predictor.affine.{weight,bias} and
predictor.statistics.{mean,deviation}.
"""

import sys
import tempfile
from pathlib import Path

from safetensors.torch import load_file, save_file

from brushwork import model_folder
from brushwork.export.model import export
from brushwork.networks import PasticheConfig, PasticheNetwork

RENAMED = {
    "predictor.affine.weight": "predictor.bottleneck.weight",
    "predictor.affine.bias": "predictor.bottleneck.bias",
    "predictor.statistics.mean": "predictor.feature_mean",
    "predictor.statistics.deviation": "predictor.feature_deviation",
}


def load(path: Path) -> PasticheNetwork:
    """The network, in float32 and in evaluation mode; its width is read from the weights."""
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


def main(weights: str, card: str, folder: str, style_weights: str | None = None) -> None:
    """Write the model folder."""
    with tempfile.TemporaryDirectory() as temporary:
        extras = []
        if style_weights:
            state = load(Path(style_weights)).state_dict()
            transfer = {key: value.half() for key, value in state.items() if key.startswith("transfer.")}
            extras.append(Path(temporary) / model_folder.STYLE_WEIGHTS)
            save_file(transfer, extras[0])
            extras[0].chmod(0o644)  # safetensors writes for its owner alone
        export(load(Path(weights)), Path(folder), model_folder.read_card(Path(card)), extras)


if __name__ == "__main__":
    main(*sys.argv[1:])
