"""Write measured scores into the card of a model folder, with those of other methods on the same pairs.

python -m benchmarks.quality --contents validation/content --styles validation/style --json quality.json
python scripts/score_model.py src/brushwork/models/magenta-mobile quality.json
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from brushwork import model_folder

MEASURES = ("content loss", "style share", "SSIM", "artefact", "border")
DIGITS = 4  # more than the number of pairs supports


def scores(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the mean scores of a method, and the number of pairs."""
    return {**{name: float(f"{values[name]:.{DIGITS}g}") for name in MEASURES}, "pairs": values["pairs"]}


def main(
    model: Annotated[str, typer.Argument(help="Model folder.")],
    measured: Annotated[list[Path], typer.Argument(help="Files of `benchmarks.quality`.")],
) -> None:
    """Write ``config.json`` from files of `benchmarks.quality`; for a method in several files, the last is used."""
    folder = model_folder.find(model)
    methods = {}
    for file in measured:
        methods.update(json.loads(file.read_text(encoding="utf-8")))
    own = scores(methods.pop(folder.name))
    peers = {name: scores(values) for name, values in methods.items() if not name.startswith("contents")}
    pairs = f"{own['pairs']} pairs of the validation set at 512 x 512 (benchmarks/quality.py)"
    card = dataclasses.replace(folder.card, scores=own, peers=peers, measured=pairs)
    model_folder.write(folder.path, card, folder.network)
    print(json.dumps({folder.name: own, **peers}, indent=2))


if __name__ == "__main__":
    typer.run(main)
