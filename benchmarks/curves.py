"""Curves of training runs by the number of pastiches, in one plot.

    python -m benchmarks.curves --output docs/figures/training-curves.png \
        "from magenta-mobile=runs/widened/log.jsonl" "reference=log.jsonl"

A line of a log has the number of pastiches since the previous line (``pastiches``) or in total (``seen``); otherwise
it is the steps times `--per-step`.
"""

import itertools
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
    seen = itertools.accumulate(line.get("pastiches", 0) for line in lines)
    return [_numbers(line, counted or line["step"] * per_step) for line, counted in zip(lines, seen, strict=True)]


def _numbers(line: Mapping[str, Any], seen: float) -> dict[str, float]:
    layers = line["style"] if isinstance(line["style"], list) else [v for k, v in line.items() if k[:6] == "style/"]
    return {"seen": line.get("seen", seen), "total": line["total"], "content": line["content"], "style": sum(layers)}


def main(
    logs: Annotated[list[str], typer.Argument(metavar="NAME=LOG...", help="Logs, each with a name for the legend.")],
    output: Annotated[Path, typer.Option(help="Picture to write.")],
    per_step: Annotated[float, typer.Option(help="Pastiches per step, if a log does not state them.", min=0)] = 3.2,
    limit: Annotated[float, typer.Option(help="Pastiches at which the plot ends.", min=1)] = 1e9,
) -> None:
    """Plot the objective, the content loss and the style loss of training runs."""
    figure, axes = plt.subplots(1, len(PANELS), figsize=(12, 4.2), layout="constrained")
    for named in logs:
        name, separator, path = named.rpartition("=")
        if not separator:
            raise UserError(f"logs are NAME=LOG, not {named!r}")
        records = [record for record in read(Path(path), per_step) if record["seen"] <= limit]
        for panel, (key, title) in zip(axes, PANELS.items(), strict=True):
            panel.plot([record["seen"] for record in records], [record[key] for record in records], label=name)
            panel.set(title=title, xlabel="pastiches")
            panel.grid(alpha=0.3)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(output, dpi=120)


if __name__ == "__main__":
    typer.run(main)
