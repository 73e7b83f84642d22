"""The page of sliders: strips by axis and photo, and the styles furthest out in both directions."""

import base64
import json
import re
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from brushwork.analysis.embeddings import THUMBNAIL, EmbeddedStyles
from brushwork.analysis.layout import principal_components
from brushwork.analysis.sliders import ENDS, STEPS, render_sliders
from brushwork.runtime import Array

SIDE = 16


@pytest.fixture
def data() -> dict[str, Any]:
    """The data of a page: a distribution stretched along its second number; styles have the grey of their place."""
    random = np.random.default_rng(0)
    points = random.normal(size=(40, 3)) * (1.0, 5.0, 0.2)
    cloud = points[np.argsort(points[:, 1])].astype(np.float32)
    thumbnails = np.stack([np.full((THUMBNAIL, THUMBNAIL, 3), 6 * n, np.uint8) for n in range(40)])
    styles = EmbeddedStyles([str(n) for n in range(40)], cloud, thumbnails)

    def paint(photo: int, embeddings: Array) -> Array:
        """Pictures whose grey is the second number of the embedding, from -20 to 20, for the first photo."""
        grey = (embeddings[:, 1] + 20) / 40 if photo == 0 else np.ones(len(embeddings))
        return np.broadcast_to(grey[:, None, None, None], (len(embeddings), SIDE, SIDE, 3)).astype(np.float32)

    page = render_sliders(styles, principal_components(cloud), ["a", "</script>"], paint, axes=2, title="Axes < all")
    assert page.count("</script>") == 1 and "Axes &lt; all" in page and "__" not in re.sub(r"base64,[^\"]+", "", page)
    assert not re.search(r"(src|href)\s*=\s*[\"']?https?:|@import|fetch\(|url\([\"']?https?:", page)
    found = re.search(r"^const data = (.*);$", page, re.MULTILINE)
    assert found is not None
    values: dict[str, Any] = json.loads(found[1])
    return values


def greys(address: str, places: list[int], side: int, row: int = 0) -> list[int]:
    """The grey of pictures in a row of a JPEG in an address."""
    with Image.open(BytesIO(base64.b64decode(address.partition("base64,")[2]))) as image:
        return [image.convert("L").getpixel((side * place + side // 2, side * row + side // 2)) for place in places]  # type: ignore[misc]


def test_a_strip_moves_along_its_axis(data: dict[str, Any]) -> None:
    first, second = data["axes"]
    assert first["explained"] > 0.9 > 0.1 > second["explained"]
    found = greys(first["strips"][0], list(range(len(STEPS))), SIDE)
    assert np.all(np.diff(found) > 10)
    assert found[len(STEPS) // 2] == pytest.approx(127, abs=8)  # the mean
    still = greys(second["strips"][0], list(range(len(STEPS))), SIDE)
    assert max(still) - min(still) < 10
    assert greys(first["strips"][1], [0, 10], SIDE) == [255, 255]


def test_the_ends_of_an_axis_are_the_styles_furthest_out(data: dict[str, Any]) -> None:
    first = data["axes"][0]
    assert data["columns"] == 2 * ENDS
    low, high = (greys(str(data["sprite"]), first[end], THUMBNAIL) for end in ("low", "high"))
    assert low == pytest.approx([0, 6, 12, 18, 24], abs=3)
    assert high == pytest.approx([210, 216, 222, 228, 234], abs=3)
