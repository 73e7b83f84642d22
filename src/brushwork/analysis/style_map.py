"""A map of styles as one offline HTML file: thumbnails on a plane, with zoom, colours, search and neighbours."""

import base64
import html
import json
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from io import BytesIO

import numpy as np
from PIL import Image as Pillow

from brushwork.analysis.embeddings import THUMBNAIL, EmbeddedStyles, Thumbnails
from brushwork.analysis.layout import plane
from brushwork.analysis.neighbours import neighbours
from brushwork.training.labels import Labels, labels_of

NEAR = 12  # nearest styles shown on a click
QUALITY = 82  # of the JPEG with all thumbnails, and of strips of pastiches


def render_map(styles: EmbeddedStyles, labels: Labels, title: str) -> str:
    """Return the page.

    Args:
        styles: Two or more styles.
        labels: Labels by which they can be coloured; kinds that no style has are omitted.
        title: Title of the page.
    """
    places = plane(styles.embeddings)
    data = {
        "names": styles.names,
        "x": [round(float(x), 5) for x in places[:, 0]],
        "y": [round(float(y), 5) for y in places[:, 1]],
        "labels": _labels(styles.names, labels),
        "near": neighbours(styles.embeddings, NEAR).tolist(),
        "side": THUMBNAIL,
        "columns": _columns(len(styles)),
    }
    page = files("brushwork.analysis").joinpath("style_map.html").read_text(encoding="utf-8")
    # A name in the data must not end the script element.
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    for mark, value in (("__TITLE__", html.escape(title)), ("__SPRITE__", _sprite(styles.thumbnails))):
        page = page.replace(mark, value)
    return page.replace("__DATA__", text)


def _labels(names: Sequence[str], labels: Labels) -> Mapping[str, object]:
    """Return, for each kind, its different labels, and the index of each style's label, or -1."""
    found = {}
    for kind, known in labels.items():
        each = labels_of(names, known)
        once = sorted({label for label in each if label is not None})
        if once:
            number = {label: place for place, label in enumerate(once)}
            found[kind] = {"names": once, "each": [-1 if label is None else number[label] for label in each]}
    return found


def _columns(count: int) -> int:
    return math.ceil(math.sqrt(count))


def _sprite(thumbnails: Thumbnails) -> str:
    """Return the data URL of one JPEG with all thumbnails in rows."""
    columns = _columns(len(thumbnails))
    rows = math.ceil(len(thumbnails) / columns)
    sheet = np.full((rows * columns, THUMBNAIL, THUMBNAIL, 3), 255, np.uint8)
    sheet[: len(thumbnails)] = thumbnails
    pixels = sheet.reshape(rows, columns, THUMBNAIL, THUMBNAIL, 3).swapaxes(1, 2)
    return data_url(pixels.reshape(rows * THUMBNAIL, columns * THUMBNAIL, 3))


def data_url(pixels: Thumbnails) -> str:
    """Return a data URL with a JPEG of pixels (H, W, 3), uint8."""
    file = BytesIO()
    Pillow.fromarray(pixels).save(file, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
