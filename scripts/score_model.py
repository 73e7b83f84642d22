"""Write measured scores into the card of a model folder: its own, and those of its peers on the same pairs.

python -m benchmarks.quality --contents validation/content --styles validation/style --json quality.json
python scripts/score_model.py src/brushwork/models/magenta-mobile quality.json
"""

import dataclasses
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brushwork import model_folder

MEASURES = ("content loss", "style share", "SSIM", "artefact", "border")
DIGITS = 4  # more digits than so few pairs support


def scores(values: Mapping[str, Any]) -> dict[str, float]:
    """The scores of one method, and the number of pairs they are the mean of."""
    return {**{name: float(f"{values[name]:.{DIGITS}g}") for name in MEASURES}, "pairs": values["pairs"]}


def main(model: str, *measured: str) -> None:
    """Write ``config.json`` from files of `benchmarks.quality`; of a method in several files the last counts."""
    folder = model_folder.find(model)
    painters = {}
    for file in measured:
        painters.update(json.loads(Path(file).read_text(encoding="utf-8")))
    own = scores(painters.pop(folder.name))
    peers = {name: scores(values) for name, values in painters.items() if not name.startswith("contents")}
    said = f"{own['pairs']} pairs of the validation set at 512 x 512 (benchmarks/quality.py)"
    card = dataclasses.replace(folder.card, scores=own, peers=peers, measured=said)
    model_folder.write(folder.path, card, folder.network)
    print(json.dumps({folder.name: own, **peers}, indent=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
