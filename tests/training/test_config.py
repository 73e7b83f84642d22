"""Recipes: those that ship, their values, overrides, and keys of older versions."""

import re
from pathlib import Path

import pytest
import torch
from torch.nn import BatchNorm2d

from brushwork.errors import UserError
from brushwork.losses import LossWeights
from brushwork.networks import PasticheNetwork
from brushwork.training import student
from brushwork.training.config import InitConfig, Recipe
from brushwork.training.recipe_file import load

RECIPES = sorted((Path(__file__).parent.parent.parent / "recipes").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_loads_and_states_expected_results(path: Path) -> None:
    recipe = load(path)
    assert recipe.steps > 0
    assert recipe.expected


# Of add-style, the user names the network.
@pytest.mark.parametrize("path", [path for path in RECIPES if path.stem != "add-style"], ids=lambda path: path.stem)
def test_every_recipe_fits_the_shipped_models_that_it_names(path: Path) -> None:
    recipe = load(path)
    network = student.create_network(recipe)
    assert network.config.width == recipe.network.width
    if recipe.teacher:
        teacher = student.load_teacher(recipe.teacher, network.config)
        assert teacher.config.embedding_size == network.config.embedding_size


def test_training_of_the_default_model_can_be_continued_as_its_recipe_says() -> None:
    path = next(path for path in RECIPES if path.stem == "brushwork")
    said = re.findall(r"--set (\S+)", path.read_text(encoding="utf-8").partition("To continue")[2])
    network, shipped = student.create_network(load(path, said)), student.load("brushwork")
    style = torch.rand(1, 3, 80, 80)
    torch.testing.assert_close(network.embed(style), shipped.embed(style))


def test_the_published_recipe_has_the_published_batch_norms() -> None:
    network = PasticheNetwork(load(next(path for path in RECIPES if path.stem == "ghiasi2017")).network)
    assert network.predictor is not None
    norms = {
        name: {(each.momentum, each.weight.requires_grad) for each in part.modules() if isinstance(each, BatchNorm2d)}
        for name, part in (("encoder", network.transfer), ("predictor", network.predictor))
    }
    assert norms == {"encoder": {(0.001, False)}, "predictor": {(0.0003, False)}}


def test_defaults_exist_once(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text("")
    assert load(path) == Recipe()


def test_values_and_overrides_are_parsed(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text("steps = 5\n[network]\nstyles = ['a', 'b']\n[loss]\nstyle = 2\n")
    recipe = load(
        path,
        [
            "steps=7",
            "optimizer.learning_rate=1e-4",
            "data.styles=['x.jpg']",
            "data.contents=y",
            "pretrained=a/b.pth",
            "loss.content=1",
        ],
    )
    assert recipe.steps == 7
    assert recipe.network.styles == ("a", "b")
    assert recipe.optimizer.learning_rate == 1e-4
    assert (recipe.data.styles, recipe.data.contents) == (("x.jpg",), ("y",))
    assert recipe.pretrained == "a/b.pth"
    assert recipe.loss == LossWeights(content=1.0, style=2.0)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("stpes = 5", "unknown recipe key 'stpes'; did you mean 'steps'"),
        (
            "[optimizer]\nlearningrate = 1",
            "unknown recipe key 'optimizer.learningrate'; did you mean 'optimizer.learning_rate'",
        ),
        ("steps = 'many'", "steps in the recipe is 'many'; it must be a whole number"),
        ("steps = true", "steps in the recipe is True; it must be a whole number"),
        ("steps = 0", "steps is 0; it must be 1 or more"),
        ("log_every = 0", "log_every is 0; it must be 1 or more"),
        ("[data]\nbatch = 0", r"recipe \[data\]: batch is 0; it must be 1 or more"),
        ("[data]\nstyle_sides = []", r"style_sides is \[\]; sides must be at least 16 pixels"),
        ("loss.grid = 1.0\ndata.content_sides = [64, 31]", "content_sides holds 31; loss.grid .* need sides of 32"),
        ("loss.stripes = 1.0\ndata.content_sides = [16]", "content_sides holds 16; .* need sides of 32 pixels or more"),
        ("[data]\ncontent_sides = ['a']", "data.content_sides in the recipe is 'a'; it must be a whole number"),
        ("[style_augmentation]\nzoom = [1.5]", "style_augmentation.zoom .* must be a list of 2"),
        ("[optimizer]\nbetas = [0.9]", "optimizer.betas .* must be a list of 2"),
        ("[optimizer]\nema = 1.0", r"recipe \[optimizer\]: ema holds 1.0; a decay must be at least 0 and less than 1"),
        ("expected = 3", "expected in the recipe is 3; it must be a table"),
        ("[optimizer]\nname = 'sgd'", "optimizer.name in the recipe is 'sgd'; it must be adam or adamw"),
        ("data = 3", "data in the recipe is 3; it must be a table"),
        ("[network]\nstyles = ['a', 'a']", "same name"),
        ("steps = ", "is not TOML"),
        ("seed = -1", "seed is -1; it must be 0 or more"),
        ("minutes = nan", "minutes is nan; it must be 0 or more"),
        ("[loss]\nstyle = -5", r"recipe \[loss\]: style is -5.0; it must be 0 or more"),
        ("[loss]\ncontent = nan", "content is nan"),
        ("[network]\nwidth = 0", r"recipe \[network\]: width is 0.0; it must be more than 0"),
        ("[network]\npredicted_size = 0", "predicted_size is 0"),
        ("[style_augmentation]\nsaturation = [-1, -2]", r"saturation is \[-1.0, -2.0\]; it must be two numbers"),
        ("[style_augmentation]\nzoom = [2, 1]", r"zoom is \[2.0, 1.0\]"),
        ("[style_augmentation]\nhue = nan", "hue is nan; it must be between 0 and 0.5"),
        ("[optimizer]\nlearning_rate = nan", "learning_rate is nan; it must be 0 or more"),
        ("[optimizer]\nlearning_rate = inf", "learning_rate is inf"),
        ("[optimizer]\nbetas = [-0.1, 0.9]", "betas holds -0.1"),
        ("[data]\ncontent_side_weights = [nan]", "content_side_weights is"),
        ("[data]\nstyles_limit = -1", "styles_limit is -1"),
        ("[consistency]\nweight = nan", "weight is nan"),
    ],
)
def test_invalid_recipes_are_one_line_errors(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=line) as raised:
        load(path)
    assert "\n" not in str(raised.value)


def test_a_missing_recipe_and_an_invalid_override_are_one_line_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read recipe .*none.toml: no such file"):
        load(tmp_path / "none.toml")
    (tmp_path / "recipe.toml").write_text("steps = 5")
    with pytest.raises(UserError, match="--set takes key=value"):
        load(tmp_path / "recipe.toml", ["steps"])


def test_keys_of_older_recipes_work_with_a_notice(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "old.toml"
    path.write_text("[optimiser]\nlearning_rate = 0.5\n[loss]\nnormalised = false\n")
    recipe = load(path, ["optimiser.clip=2"])
    assert (recipe.optimizer.learning_rate, recipe.optimizer.clip) == (0.5, 2.0)
    assert recipe.loss.style_form == "squared"
    assert "now called optimizer" in caplog.text and "now called loss.style_form" in caplog.text


def test_init_can_be_a_name_or_a_table(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text('init = "magenta-mobile"\n')
    assert load(path).init == InitConfig("magenta-mobile")
    assert load(path, ["init={model='a', widen=2}"]).init == InitConfig("a", widen=2)
    with pytest.raises(UserError, match=r"init in the recipe is 3; it must be a table"):
        load(path, ["init=3"])
    with pytest.raises(UserError, match="content_side_weights"):
        load(path, ["data.content_side_weights=[1.0, 2.0]"])
