"""A recipe with tiny steps, and pictures for it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushwork.losses import LossWeights
from brushwork.networks import PasticheConfig
from brushwork.training.config import InitConfig, OptimizerConfig, Recipe
from brushwork.training.data_config import CacheConfig, DataConfig
from brushwork.training.process import ProcessInfo
from brushwork.training.setup import Setup, prepare


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two folders: six contents and three styles."""
    random = np.random.default_rng(0)
    for name, count in (("contents", 6), ("styles", 3)):
        (tmp_path / name).mkdir()
        for index in range(count):
            coarse = random.integers(0, 255, (6, 8, 3), dtype=np.uint8)
            Image.fromarray(coarse).resize((64, 48)).save(tmp_path / name / f"{index}.png")
    return tmp_path


@pytest.fixture
def recipe(pictures: Path) -> Recipe:
    """Arbitrary styles with the small backbone."""
    return Recipe(
        steps=6,
        log_every=1,
        grid_every=100,
        checkpoint_every=100,
        network=PasticheConfig(backbone={"name": "mobilenet_v2"}, width=0.125, encoder_norm="instance"),
        data=DataConfig(
            contents=(str(pictures / "contents"),),
            styles=(str(pictures / "styles"),),
            batch=2,
            content_sides=(32,),
            style_sides=(32,),
            short_side=48,
        ),
        optimizer=OptimizerConfig(learning_rate=1e-3, warm_up=2),
        loss=LossWeights(),
    )


@pytest.fixture
def cached(recipe: Recipe) -> Recipe:
    """Cached targets: a frozen backbone, and two sides of contents in batches of equal size in pixels."""
    data = replace(recipe.data, content_sides=(32, 48), pixels=2 * 48**2)
    network = PasticheConfig(
        backbone={"name": "mobilenet_v2", "norm": "folded"}, width=0.125, encoder_norm="folded", pooling="statistics"
    )
    return replace(
        recipe,
        precision="f32",
        data=data,
        network=network,
        init=InitConfig(styles=4),
        cache=CacheConfig(styles=5, contents=4, first=3),
        optimizer=replace(recipe.optimizer, backbone=0.0),
    )


@pytest.fixture
def setup(cached: Recipe) -> Setup:
    return prepare(cached, None, ProcessInfo("cpu"))
