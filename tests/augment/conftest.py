"""Fixtures for style augmentation: a tiny model with a distribution of styles."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from brushwork import model_folder
from brushwork.model_folder import ModelFolder
from brushwork.styles.distribution import StyleDistribution


@pytest.fixture(scope="session")
def random_styles(predicted_folder: ModelFolder, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """A tiny model with a distribution of styles."""
    path = tmp_path_factory.mktemp("models") / "random-styles"
    shutil.copytree(predicted_folder.path, path)
    size = predicted_folder.embedding_size
    StyleDistribution(np.zeros(size, np.float32), np.eye(size, dtype=np.float32), 2).write(path)
    model_folder.write(path, predicted_folder.card, predicted_folder.network)
    return model_folder.find(path)


@pytest.fixture(scope="session")
def model(random_styles: ModelFolder) -> Path:
    return random_styles.path
