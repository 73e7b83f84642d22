"""The map of styles: its data, and that it loads nothing and escapes names."""

import base64
import json
import re
from io import BytesIO

import numpy as np
from PIL import Image

from brushwork.analysis.embeddings import THUMBNAIL, EmbeddedStyles
from brushwork.analysis.style_map import render_map

NAMES = ["a/1.png", "a/2.png", "b/</script><b>.png", "b/4.png", "b/5.png"]


def page() -> str:
    random = np.random.default_rng(0)
    thumbnails = np.stack([np.full((THUMBNAIL, THUMBNAIL, 3), 50 * n, np.uint8) for n in range(5)])
    styles = EmbeddedStyles(NAMES, random.normal(size=(5, 4)).astype(np.float32), thumbnails)
    labels = {"artist": {"a/1.png": "Ada", "b/4.png": "Ada", "b/5.png": "Ben"}, "texture": {"other.png": "dotted"}}
    return render_map(styles, labels, "Five < six")


def test_the_page_contains_names_positions_and_labels() -> None:
    found = re.search(r"^const data = (.*);$", page(), re.MULTILINE)
    assert found is not None
    data = json.loads(found[1])
    assert data["names"] == NAMES
    assert data["labels"] == {"artist": {"names": ["Ada", "Ben"], "each": [0, -1, -1, 0, 1]}}
    assert [sorted([*near, own]) for own, near in enumerate(data["near"])] == [[0, 1, 2, 3, 4]] * 5
    assert all(0 <= x <= 1 for x in (*data["x"], *data["y"]))


def test_the_page_loads_nothing_and_no_name_ends_its_script() -> None:
    text = page()
    assert text.count("</script>") == 1 and "Five &lt; six" in text and "__" not in re.sub(r"base64,[^\"]+", "", text)
    assert not re.search(r"(src|href)\s*=\s*[\"']?https?:|url\(|@import|fetch\(", text)


def test_thumbnails_are_in_rows_in_the_order_of_the_names() -> None:
    found = re.search(r"data:image/jpeg;base64,([^\"]+)", page())
    assert found is not None
    with Image.open(BytesIO(base64.b64decode(found[1]))) as sprite:
        assert sprite.size == (3 * THUMBNAIL, 2 * THUMBNAIL)
        greys = [sprite.getpixel(((n % 3) * THUMBNAIL + 24, n // 3 * THUMBNAIL + 24)) for n in range(6)]
    assert np.allclose(np.asarray(greys), np.asarray([0, 50, 100, 150, 200, 255])[:, None], atol=4)
