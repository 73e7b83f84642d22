"""The border that is rendered with a content and cut off."""

import numpy as np
import pytest

from brushwork import stylizer
from brushwork.evaluation.artefacts import border_error
from brushwork.images import canvas
from brushwork.rendering.border import BorderedRows
from brushwork.rendering.regions import StyleMap
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime

EMBEDDING = np.ones((1, 3), np.float32)


def test_bordered_rows_equal_those_of_the_padded_image(random: np.random.Generator) -> None:
    image = random.random((9, 7, 3)).astype(np.float32)
    padded = np.pad(image, ((4, 4), (4, 4), (0, 0)), mode="reflect")
    bordered = BorderedRows(image)
    assert bordered.shape == (17, 15, 3)
    for top in range(17):
        for bottom in range(top + 1, 18):
            assert (bordered[top:bottom] == padded[top:bottom]).all()
    with pytest.raises(TypeError, match="only be read"):
        bordered[0:1] = 0


def test_a_canvas_and_an_array_have_the_same_border(random: np.random.Generator) -> None:
    image = random.random((20, 12, 3)).astype(np.float32)
    with canvas(20, 12, 3) as rows:
        rows[0:20] = image
        assert (BorderedRows(rows)[2:26] == BorderedRows(image)[2:26]).all()


def test_a_narrow_image_is_mirrored_more_than_once() -> None:
    image = np.array([0.0, 1.0], np.float32)[:, None, None]
    assert BorderedRows(image)[0:10][:, 4, 0].tolist() == [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]


def test_masks_keep_their_place_within_the_border(random: np.random.Generator) -> None:
    masks = random.random((10, 8, 2)).astype(np.float32)
    masks /= masks.sum(axis=2, keepdims=True)
    style = StyleMap(np.ones((2, 3), np.float32), np.ones(2, np.float32), masks, bordered=True)
    weights = style.weights((18, 16), 0, 18)
    assert weights is not None
    np.testing.assert_allclose(weights, np.pad(masks, ((4, 4), (4, 4), (0, 0)), mode="reflect"), rtol=1e-6)


@pytest.mark.parametrize("tile", ["never", "fast", "exact"])
def test_a_pastiche_has_the_size_of_its_content(random: np.random.Generator, tile: str) -> None:
    content = random.random((70, 51, 3)).astype(np.float32)
    runtime = FakeRuntime()
    if tile == "exact":
        painter = stylizer.load("magenta-mobile", precision="f32")
        embedding = np.zeros((1, 100), np.float32)
    else:
        painter, embedding = Stylizer(runtime), EMBEDDING
    assert painter.stylize(content, embedding, tile=tile, tile_size=128).shape == content.shape


def test_the_border_makes_the_frame_of_the_shipped_model_fainter(random: np.random.Generator) -> None:
    painter = stylizer.load(precision="f32")
    coarse = random.random((8, 8, 3)).astype(np.float32)
    content = np.kron(coarse, np.ones((32, 32, 1), np.float32)) * 0.8 + 0.2 * random.random((256, 256, 3), np.float32)
    embedding = painter.embed(painter.names[0], 256)
    bare = np.clip(painter.runtime.transfer(content[None], embedding)[0], 0, 1)
    assert border_error(painter.stylize(content, embedding), content) < border_error(bare, content)
