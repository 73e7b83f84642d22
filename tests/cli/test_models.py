"""`brushwork models` and `brushwork export`, and rendering with an exported model."""

import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from brushwork import model_folder
from brushwork.errors import UserError
from brushwork.model_folder import DEFAULT_MODEL
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.stylizer import load
from brushwork.training.checkpoints import save_checkpoint
from tests.cli.conftest import Paint, Run


def test_models_are_listed(brushwork: Run) -> None:
    ended = brushwork("models")
    assert (ended.code, ended.err) == (0, "")
    heading, *models = ended.out.splitlines()
    assert heading.split() == ["name", "licence", "size", "styles", "scores", "for", "source"]
    assert re.match(rf"{DEFAULT_MODEL} \(default\) +Apache-2.0  \d+\.\d MB  \d\d      content loss \d", models[0])
    (magenta,) = (line for line in models if line.startswith("magenta-mobile"))
    assert re.search(r"  Apache-2.0  \d+\.\d MB .*  Google Magenta", magenta)
    assert all(model_folder.find(name).card.about in ended.out for name in model_folder.names())


def test_help_names_every_model(brushwork: Run) -> None:
    """With its size in megabytes, so that users can choose without listing them."""
    said = " ".join(brushwork("stylize", "--help").out.replace("│", " ").split())
    for name in model_folder.names():
        folder = model_folder.find(name)
        assert re.search(rf"{name} \((default, )?{folder.size / 1e6:.0f} MB\)", said)


def test_video_and_cameras_use_the_fastest_model() -> None:
    assert model_folder.for_frames(None) == model_folder.FAST_MODEL in model_folder.names()
    assert model_folder.for_frames("magenta-mobile") == "magenta-mobile"


def test_models_are_listed_as_json(brushwork: Run) -> None:
    first, *_ = json.loads(brushwork("models", "--json").out)
    assert (first["name"], first["licence"], first["default"]) == (DEFAULT_MODEL, "Apache-2.0", True)
    assert first["bytes"] > 1_000_000 and "ukiyo-e" in first["styles"]


def test_the_card_of_a_model_is_printed(brushwork: Run) -> None:
    values = json.loads(brushwork("models", "magenta-mobile", "--json").out)
    assert values in json.loads(brushwork("models", "--json").out)
    lines = brushwork("models", "magenta-mobile").out
    for stated in (values["title"], values["data"], values["measured"], *values["limits"], *values["peers"]):
        assert stated in lines
    assert re.search(r"\nhours +not stated\n", lines)
    assert brushwork("models", "magneta").code == 1


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training checkpoint of a network for two named styles with different results."""
    torch.manual_seed(0)
    network = PasticheNetwork(PasticheConfig(styles=("a", "b"), width=0.125))
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.add_(0.1 * torch.rand_like(value))
    path = tmp_path_factory.mktemp("training") / "last.pt"
    save_checkpoint(path, network, step=7)
    return path


def test_an_exported_checkpoint_renders(brushwork: Run, paint: Paint, here: Path, checkpoint: Path) -> None:
    (here / "card.toml").write_text('title = "T"\nlicence = "CC0-1.0"\nsource = "us"\nlimits = ["two styles"]\n')
    ended = brushwork("export", checkpoint, "models/pair", "--card", "card.toml", "--title", "A pair")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("models/pair  ")
    card = json.loads((here / "models/pair/config.json").read_text())["card"]
    assert (card["title"], card["licence"], card["limits"]) == ("A pair", "CC0-1.0", ["two styles"])

    paint("photo.png")
    play = ("stylize", "photo.png", "--model", "models/pair", "--precision", "f32")
    assert brushwork(*play, "-s", "a", "-s", "b", "--each").code == 0
    assert brushwork(*play, "-s", "a", "-s", "b", "--weights", "0.5,0.5").code == 0
    pastiches = [np.asarray(Image.open(here / f"photo-{name}.png"), int) for name in ("a", "b", "a+b")]
    assert all(pastiche.shape == (48, 64, 3) for pastiche in pastiches)
    a, b, both = pastiches
    assert np.abs(a - b).max() > 0
    assert np.abs(both - a).max() > 0 and np.abs(both - b).max() > 0

    unknown = brushwork(*play, "-s", "c")
    assert (unknown.code, unknown.lines) == (1, ["brushwork: no style 'c'; known styles: a, b"])
    histogram = brushwork(*play, "-s", "a", "--keep-colors", "histogram", "--overwrite")
    assert histogram.code == 1
    assert histogram.lines == [
        "brushwork: histogram recolours style pictures, but this model has only named styles; use luma"
    ]


def test_a_model_folder_is_exported_again(brushwork: Run, here: Path, checkpoint: Path) -> None:
    """A folder written by an older version has graphs without the metadata of layers."""
    assert brushwork("export", checkpoint, "pair", "--title", "A pair").code == 0
    (here / "pair/gallery.json").write_text("{}")
    folder = model_folder.read(here / "pair")
    graph = folder.path / "transfer-statistics.onnx"
    new = graph.read_bytes()
    old = onnx.load(graph, load_external_data=False)
    del old.metadata_props[:]
    graph.write_bytes(old.SerializeToString())
    model_folder.write(folder.path, folder.card, folder.network)
    with pytest.raises(UserError, match="an older version exported this model; export it again with brushwork export"):
        load(folder.path, device="cpu").runtime.norms(masked=False)
    assert brushwork("export", "pair", "pair").code == 0
    again = model_folder.find(folder.path)
    assert (again.card, dict(again.network)) == (folder.card, dict(folder.network))
    assert graph.read_bytes() == new and (here / "pair/gallery.json").read_text() == "{}"
