"""Stored embeddings are used only for the same pictures and the same model."""

from pathlib import Path

import numpy as np
import pytest

from brushwork.analysis.embeddings import embed_pictures
from brushwork.analysis.experiment import Inputs
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime


class Scaled(FakeRuntime):
    """A model whose embeddings are those of the fake, times a factor."""

    factor = 1.0

    def predict(self, style: Array) -> Array:
        return super().predict(style) * np.float32(self.factor)


def test_a_cache_is_used_only_for_the_same_pictures_and_model(inputs: Inputs, tmp_path: Path) -> None:
    runtime = Scaled()
    stylizer, cache = Stylizer(runtime), tmp_path / "embeddings.npz"
    first = embed_pictures(stylizer, inputs.styles, cache=cache)
    asked = len(runtime.predicted)
    assert asked == len(first) == 16
    again = embed_pictures(stylizer, inputs.styles, cache=cache)
    assert len(runtime.predicted) == asked + 1  # the first picture, to know the model by
    assert np.array_equal(again.embeddings, first.embeddings) and again.names == first.names
    fewer = embed_pictures(stylizer, inputs.new_contents, cache=tmp_path / "others.npz")
    assert len(fewer) == 4
    runtime.factor = 2.0
    other = embed_pictures(stylizer, inputs.styles, cache=cache)
    assert other.embeddings == pytest.approx(2 * first.embeddings)
