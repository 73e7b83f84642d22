"""Curves of training runs against the pastiches they were trained on, in one plot.

    python -m benchmarks.curves --output docs/figures/training-curves.png \
        "from magenta-mobile=runs/widened/log.jsonl" "reference=log.jsonl"

A line of a log counts its pastiches as ``pastiches`` or ``seen``, or else they are its steps times `--per-step`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import matplotlib
import matplotlib.pyplot as plt
import typer

from brushwork.errors import UserError

matplotlib.use("agg")
PANELS = {"total": "objective", "content": "content loss", "style": "normalised style loss, sum over layers"}


def read(path: Path, per_step: float) -> list[dict[str, float]]:
    """Return pastiches, objective, content and style of each line of a log."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [_numbers(line, per_step) for line in lines]


def _numbers(line: Mapping[str, Any], per_step: float) -> dict[str, float]:
    seen = line.get("pastiches", line.get("seen", line["step"] * per_step))
    layers = line["style"] if isinstance(line["style"], list) else [v for k, v in line.items() if k[:6] == "style/"]
    return {"seen": seen, "total": line["total"], "content": line["content"], "style": sum(layers)}


def main(
    logs: Annotated[list[str], typer.Argument(metavar="NAME=LOG...", help="Logs, each with a name for the legend.")],
    output: Annotated[Path, typer.Option(help="Picture to write.")],
    per_step: Annotated[float, typer.Option(help="Pastiches a step, where a log does not say.", min=0)] = 3.2,
    limit: Annotated[float, typer.Option(help="Pastiches at which the plot ends.", min=1)] = 1e9,
) -> None:
    """Plot the objective, the content loss and the style loss of training runs."""
    figure, axes = plt.subplots(1, len(PANELS), figsize=(12, 3.6), layout="constrained")
    for named in logs:
        name, separator, path = named.rpartition("=")
        if not separator:
            raise UserError(f"a log is NAME=LOG, not {named!r}")
        records = [record for record in read(Path(path), per_step) if record["seen"] <= limit]
        for panel, (key, title) in zip(axes, PANELS.items(), strict=True):
            panel.plot([record["seen"] for record in records], [record[key] for record in records], label=name)
            panel.set(title=title, xlabel="pastiches")
            panel.grid(alpha=0.3)
    axes[0].legend(frameon=False, fontsize=8)
    figure.savefig(output, dpi=120)


if __name__ == "__main__":
    typer.run(main)
