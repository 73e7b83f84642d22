"""A page with principal components of embeddings as sliders: one offline HTML file with strips of pastiches."""

import html
import json
from collections.abc import Callable, Sequence
from importlib.resources import files

import numpy as np

from brushwork.analysis.embeddings import THUMBNAIL, EmbeddedStyles
from brushwork.analysis.layout import Components
from brushwork.analysis.style_map import data_url
from brushwork.images import Image
from brushwork.images.levels import quantise
from brushwork.runtime import Array

STEPS = (-2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5)  # standard deviations along an axis
ENDS = 5  # styles shown for each end of an axis

# Returns the pastiches (N, H, W, 3) of the photo with an index, with embeddings (N, D).
Paint = Callable[[int, Array], Array]


def render_sliders(
    styles: EmbeddedStyles, components: Components, photos: Sequence[str], paint: Paint, *, axes: int, title: str
) -> str:
    """Return the page.

    Args:
        styles: The styles.
        components: Their principal components.
        photos: Names of the photos.
        paint: Called with the index of a photo and the embeddings of a strip.
        axes: Number of axes with a slider.
        title: Title of the page.
    """
    along = (styles.embeddings - components.mean) @ components.axes.T  # (N, K)
    found, shown = [], list[int]()
    for number in range(min(axes, len(components.axes))):
        moved = np.asarray(STEPS, np.float32)[:, None] * components.deviations[number] * components.axes[number]
        embeddings = (components.mean + moved).astype(np.float32)
        order = np.argsort(along[:, number])
        low, high = order[:ENDS].tolist(), order[::-1][:ENDS][::-1].tolist()
        places = list(range(len(shown), len(shown) + len(low) + len(high)))
        shown += low + high
        found.append(
            {
                "explained": round(float(components.explained[number]), 5),
                "strips": [_strip(paint(photo, embeddings)) for photo in range(len(photos))],
                "low": places[: len(low)],
                "high": places[len(low) :],
            }
        )
    thumbnails = styles.thumbnails[shown]
    columns = 2 * min(ENDS, len(styles))
    sheet = thumbnails.reshape(-1, columns, THUMBNAIL, THUMBNAIL, 3).swapaxes(1, 2)
    data = {
        "steps": STEPS,
        "photos": list(photos),
        "axes": found,
        "columns": columns,
        "sprite": data_url(sheet.reshape(-1, columns * THUMBNAIL, 3)),
    }
    page = files("brushwork.analysis").joinpath("sliders.html").read_text(encoding="utf-8")
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return page.replace("__TITLE__", html.escape(title)).replace("__DATA__", text)


def _strip(pastiches: Array) -> str:
    """Return the data URL of one JPEG of pastiches (N, H, W, 3) side by side."""
    image: Image = np.concatenate(list(pastiches), axis=1)
    return data_url(quantise(image))
