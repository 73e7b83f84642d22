"""An HTML page with the content, style, pastiche and scores of every pair, as one offline file."""

import base64
import html
from io import BytesIO

from brushwork import images
from brushwork.evaluation.evaluate import Judged, PairRecord
from brushwork.images import Image

SMALL = 256  # side of contents and styles on the page; pastiches are shown at full size
HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 15px/1.4 system-ui, sans-serif; margin: 1.5em; color: #222; background: #f6f6f4 }}
table {{ border-collapse: collapse; background: #fff }}
th, td {{ padding: .4em .6em; border-bottom: 1px solid #ddd; text-align: right; vertical-align: top }}
th {{ position: sticky; top: 0; background: #fff }}
th button {{ all: unset; cursor: pointer; font-weight: 600 }}
th button:hover, th button:focus-visible {{ text-decoration: underline }}
td:nth-child(-n+3) {{ text-align: left; font-size: 12px }}
img {{ display: block; width: 256px }}
td:nth-child(3) img {{ width: 384px }}
</style>
</head>
<body>
<h1>{title}</h1>
<pre>{summary}</pre>
<p>Click a column heading to sort by it; click again for the reverse order.</p>
<table>
<thead><tr>{columns}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
<script>
const body = document.querySelector("tbody");
document.querySelectorAll("th button").forEach((button, column) => button.addEventListener("click", () => {{
  const sign = button.dataset.sign = button.dataset.sign === "1" ? "-1" : "1";
  const key = row => row.cells[column].dataset.key;
  const order = (a, b) => isNaN(key(a)) ? key(a).localeCompare(key(b)) : key(a) - key(b);
  body.append(...[...body.rows].sort((a, b) => sign * order(a, b)));
}}));
</script>
</body>
</html>
"""
FORMS = {
    "content loss": ",.0f", "style share": ".3f", "relu1_2": ".3f", "relu2_2": ".3f", "relu3_3": ".3f",
    "relu4_3": ".3f", "SSIM": ".3f", "artefact": ".2f", "border": ".2f", "seconds": ".2f",
}  # fmt: skip


class Page:
    """A page to which pairs are added; its pictures are small JPEG files."""

    def __init__(self) -> None:
        self._rows: list[str] = []

    def add(self, judged: Judged) -> None:
        """Add a row."""
        pair = judged.record.pair
        cells = [
            _picture(images.fit(judged.content, SMALL), pair.content.stem),
            _picture(images.fit(judged.style, SMALL), pair.style.stem),
            _picture(judged.pastiche, pair.name),
        ]
        for name, value in _numbers(judged.record).items():
            shown = "" if value is None else format(value, FORMS[name])
            cells.append(f'<td data-key="{"" if value is None else value}">{shown}</td>')
        self._rows.append(f"<tr>{''.join(cells)}</tr>")

    def render(self, title: str, summary: str) -> str:
        """Return the HTML file with the lines of a summary, see `brushwork.evaluation.table`."""
        columns = "".join(f"<th><button>{name}</button></th>" for name in ("content", "style", "pastiche", *FORMS))
        rows = "\n".join(self._rows)
        return HEAD.format(title=html.escape(title), summary=html.escape(summary), columns=columns, rows=rows)


def _numbers(record: PairRecord) -> dict[str, float | None]:
    """Return the values of the columns of `FORMS`."""
    values = {**record.values(), **record.scores.shares}
    return {name: values[name] for name in FORMS}


def _picture(image: Image, name: str) -> str:
    """Return a table cell with an image (H, W, 3) and its name."""
    file = BytesIO()
    images.save(image, file, format="jpeg", quality=85)
    data, words = base64.b64encode(file.getvalue()).decode(), html.escape(name)
    return f'<td data-key="{words}"><img src="data:image/jpeg;base64,{data}" alt="{words}" loading="lazy">{words}</td>'
