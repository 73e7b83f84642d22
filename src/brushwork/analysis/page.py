"""Writes the folder of an experiment: ``numbers.json``, figures, and ``index.html``, which works offline."""

import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from brushwork import atomic, images
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.evaluation.machine import describe_machine

SMALL = {
    "tiny": "it only shows that the experiment runs",
    "short": "few pairs, and networks with little training",
}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; color: #222 }}
table {{ border-collapse: collapse; margin: 1em 0 }}
caption {{ text-align: left; font-weight: 600; padding: .4em 0 }}
th, td {{ padding: .25em .9em .25em 0; border-bottom: 1px solid #ddd; text-align: right }}
th:first-child, td:first-child {{ text-align: left }}
img {{ max-width: 100%; display: block }}
figure {{ margin: 1.5em 0 }}
figcaption, footer {{ color: #555; font-size: 14px }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{section}</p>
<p><strong>{summary}</strong></p>
{body}
<footer>{footer}</footer>
</body>
</html>
"""


def write_result(name: str, section: str, result: Result, context: Context, seconds: Mapping[str, float]) -> None:
    """Write the numbers, figures and page of a result to the context's folder, replacing older ones."""
    folder, machine = context.folder, describe_machine()
    values = {
        "experiment": name,
        "scale": context.scale,
        "seeds": context.seeds,
        "setting": result.setting,
        "numbers": result.numbers,
        "time": {key: round(value, 1) for key, value in seconds.items()},
        "machine": machine,
    }
    atomic.write_text(folder / "numbers.json", json.dumps(values, indent=1) + "\n")
    files = [_write_plot(plot, folder) for plot in result.plots]
    for file, text in result.pages.items():
        atomic.write_text(folder / file, text)
    body = [f'<p><a href="{file}">{file}</a></p>' for file in result.pages]
    body += [_table(table) for table in result.tables]
    body += [_figure(plot, file) for plot, file in zip(result.plots, files, strict=True)]
    small = "" if context.scale == "report" else f" At the scale {context.scale}: {SMALL[context.scale]}."
    page = PAGE.format(
        title=html.escape(name.replace("-", " ").capitalize()),
        section=html.escape(section),
        summary=html.escape(result.summary + small),
        body="\n".join(body),
        footer=html.escape(_footer(result.setting, machine, seconds)),
    )
    atomic.write_text(folder / "index.html", page)


def _write_plot(plot: Plot, folder: Path) -> str:
    """Write a figure, and return the name of its file."""
    if isinstance(plot.picture, Figure):
        file = f"{plot.name}.png"
        with atomic.write(folder / file) as part:
            plot.picture.savefig(part, dpi=100, format="png")
        return file
    file = f"{plot.name}.jpg"
    images.save(plot.picture, folder / file, quality=90, overwrite=True)
    return file


def _figure(plot: Plot, file: str) -> str:
    caption = html.escape(plot.caption)
    return f'<figure><img src="{file}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'


def _table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in table.columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{html.escape(format_cell(cell))}</td>' for cell in row)}</tr>" for row in table.rows
    )
    return f"<table><caption>{html.escape(table.caption)}</caption><thead><tr>{head}</tr></thead>{rows}</table>"


def format_cell(cell: Cell) -> str:
    """Return a cell as text: numbers with three digits, large ones rounded to integers, and a dash for None."""
    if cell is None:
        return "–"
    if isinstance(cell, str | int):
        return f"{cell:,}" if isinstance(cell, int) else cell
    return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.3g}"


def _footer(setting: Mapping[str, Any], machine: Mapping[str, Any], seconds: Mapping[str, float]) -> str:
    settings = "; ".join(f"{key} {value}" for key, value in setting.items())
    versions = ", ".join(f"{key} {value}" for key, value in machine["versions"].items())
    took = f"{seconds['seconds']:,.0f} s, of which {seconds['processor seconds']:,.0f} s of processor time"
    load = f"load {machine['load']}" if machine["load"] is not None else "load unknown"
    return (
        f"{settings}. {took}, on {machine['cores']} cores of {machine['processor']} ({load}); {versions}. "
        "All numbers are in numbers.json."
    )
