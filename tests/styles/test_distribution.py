"""The distribution of styles: its numbers, its file, and those that ship."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from brushwork import UserError, model_folder
from brushwork.model_folder import STYLE_DISTRIBUTION, ModelError, ModelFolder
from brushwork.styles import distribution
from brushwork.styles.distribution import StyleDistribution


def test_mean_and_covariance_are_those_of_the_embeddings() -> None:
    found = StyleDistribution.of(np.array([[0, 0], [2, 4]], np.float32))
    assert (found.mean.tolist(), found.covariance.tolist(), found.count) == ([1, 2], [[2, 4], [4, 8]], 2)


def test_draws_have_the_mean_and_covariance() -> None:
    wanted = StyleDistribution(np.array([1, -2], np.float32), np.array([[4, 1.2], [1.2, 1]], np.float32), 9)
    generator = np.random.default_rng(0)
    drawn = np.concatenate([wanted.draw(generator) for _ in range(20_000)])
    assert drawn.dtype == np.float32
    assert drawn.mean(axis=0) == pytest.approx(wanted.mean, abs=0.05)
    assert np.cov(drawn, rowvar=False) == pytest.approx(wanted.covariance, abs=0.1)


def test_the_file_is_read_as_it_was_written(predicted_folder: ModelFolder, tmp_path: Path) -> None:
    size = predicted_folder.embedding_size
    folder = dataclasses.replace(predicted_folder, path=tmp_path)
    values = np.random.default_rng(0).normal(size=(9, size)).astype(np.float32)
    StyleDistribution.of(values).write(tmp_path)
    found = distribution.read(folder)
    assert np.array_equal(found.mean, StyleDistribution.of(values).mean)
    assert np.array_equal(found.covariance, StyleDistribution.of(values).covariance)
    assert found.count == 9
    StyleDistribution.of(values[:, :5]).write(tmp_path)
    with pytest.raises(ModelError, match=rf"belongs to another model: embeddings of this model have {size} numbers$"):
        distribution.read(folder)
    (tmp_path / STYLE_DISTRIBUTION).write_bytes(b"PK")
    with pytest.raises(ModelError, match="cannot be read"):
        distribution.read(folder)


def test_a_model_without_the_file_uses_its_named_styles(predicted_folder: ModelFolder, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no distribution of styles; pass style pictures or embeddings"):
        distribution.read(predicted_folder)
    shipped = model_folder.find()
    (tmp_path / model_folder.GALLERY).write_bytes((shipped.path / model_folder.GALLERY).read_bytes())
    assert distribution.read(dataclasses.replace(shipped, path=tmp_path)).count == 63


@pytest.mark.parametrize("name", model_folder.names())
def test_every_shipped_model_has_a_distribution_of_many_styles(name: str) -> None:
    folder = model_folder.find(name)
    assert (folder.path / STYLE_DISTRIBUTION) in folder.extras
    assert STYLE_DISTRIBUTION in folder.sha256
    assert distribution.read(folder).count >= 2000
