"""The AdaIN baseline: its features, its statistics, and its training."""

import runpy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from brushwork import training
from brushwork.analysis.pictures import squares
from brushwork.errors import UserError
from brushwork.export.model import export
from brushwork.losses import AdaINLoss, LossWeights, VGGFeatures
from brushwork.model_folder import ModelCard, ModelError
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.networks.adain import AdaINTransferNetwork, VGGEncoder
from brushwork.training import checkpoints
from brushwork.training.config import Recipe
from brushwork.training.process import ProcessInfo
from brushwork.training.setup import prepare
from brushwork.training.train import train


@pytest.fixture(scope="module")
def network() -> PasticheNetwork:
    torch.manual_seed(0)
    return PasticheNetwork(PasticheConfig(system="adain")).eval()


def test_the_encoder_equals_the_loss_network_up_to_relu4_1() -> None:
    images = torch.rand(1, 3, 40, 32)
    encoder = VGGEncoder()
    expected = VGGFeatures()(images, ("relu4_1",))["relu4_1"]
    torch.testing.assert_close(encoder(images) * encoder.activation, expected)


def test_adain_gives_the_content_the_statistics_of_the_style(network: PasticheNetwork) -> None:
    """With the decoder left out, what remains is equation 8: means and deviations are those of the style."""
    transfer = AdaINTransferNetwork(VGGEncoder()).train()
    transfer.decoder = torch.nn.Sequential()
    content, style = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 48, 56) ** 2
    embedding = network.embed(style)
    assert embedding.shape == (2, 1024) == (2, network.config.embedding_size)
    # Features of 8 x 8 stand for a picture of 64 x 64 here, so that nothing is cropped.
    mixed = transfer(content, embedding)
    mean, deviation = embedding.chunk(2, dim=1)
    torch.testing.assert_close(mixed.mean(dim=(2, 3)), mean, rtol=1e-3, atol=1e-3)
    # A channel that is the same everywhere in the content stays so; others get the style's deviation.
    moving = transfer.encoder(content).std(dim=(2, 3)) > 0.05
    found = mixed.std(dim=(2, 3), correction=0)
    assert moving.sum() > 100
    torch.testing.assert_close(found[moving], deviation[moving], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("size", [(64, 64), (61, 83), (16, 17)])
def test_pastiches_have_the_size_of_the_content_and_are_in_range(
    network: PasticheNetwork, size: tuple[int, int]
) -> None:
    with torch.no_grad():
        pastiche = network(torch.rand(1, 3, *size), network.embed(torch.rand(1, 3, 32, 32)))
    assert pastiche.shape == (1, 3, *size) and 0 <= pastiche.min() <= pastiche.max() <= 1


def test_the_loss_of_the_style_itself_by_hand() -> None:
    loss = AdaINLoss(LossWeights(content=1.0, style=10.0, style_form="statistics"))
    picture, other = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32) ** 3
    same = loss(picture, picture, picture)
    assert same["style"].item() == pytest.approx(0, abs=1e-6)
    assert same["content"].item() == pytest.approx(0, abs=1e-3)  # but for the epsilon beside the variance
    terms = loss(other, picture, picture)
    expected = terms["content"] + 10 * sum(terms[f"style/relu{n}_1"] for n in range(1, 5))
    torch.testing.assert_close(terms["total"], expected)
    assert terms["content"].item() > 0.1 and terms["style"].item() > 0.1


def test_features_have_a_mean_activation_of_one_on_photos() -> None:
    """The photos are none of those that the means were measured on, so only the scale must agree."""
    photos = squares((str(Path(training.__file__).with_name("photos")),), 64)
    assert len(photos) == 7
    assert VGGEncoder()(photos).mean().item() == pytest.approx(1, rel=0.4)


def test_the_new_decoder_passes_on_its_signal(network: PasticheNetwork) -> None:
    """Its output varies at the scale of pixels; with torch's default weights it would be 2.4 ** 9 times smaller."""
    network.train()
    with torch.no_grad():
        pastiche = network(torch.rand(1, 3, 64, 64), network.embed(torch.rand(1, 3, 64, 64)))
    network.eval()
    assert 0.03 < pastiche.std().item() < 30


def test_training_changes_only_the_decoder_and_the_checkpoint_is_small(recipe: Recipe, tmp_path: Path) -> None:
    weights = LossWeights(content=1.0, style=10.0, style_form="statistics")
    one_style = replace(recipe.data, styles=(f"{recipe.data.styles[0]}/0.png",))  # or batches could not be compared
    adain = replace(recipe, steps=12, data=one_style, network=PasticheConfig(system="adain"), loss=weights)
    logged = [record.terms["total"] for record in train(adain, tmp_path)]
    assert sum(logged[-3:]) < 0.8 * sum(logged[:3])
    rebuilt, saved = checkpoints.load_checkpoint(tmp_path)
    assert saved["step"] == 12
    assert all(key.startswith("transfer.decoder.") for key in rebuilt.state_dict())
    decoder = sum(value.numel() for value in rebuilt.state_dict().values())
    assert decoder == sum(parameter.numel() for parameter in rebuilt.parameters()) == 3_505_219


def test_the_start_of_a_decoder_is_a_regression_on_its_inputs() -> None:
    """Weights that gave a target exactly are found again, up to the ridge."""
    script = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "start_adain.py"))
    torch.manual_seed(0)
    known, fitted = (torch.nn.Conv2d(4, 3, 3, padding=1, padding_mode="reflect") for _ in range(2))
    inputs = torch.rand(30, 4, 16, 16)
    with torch.no_grad():
        script["_fit"](fitted, inputs, known(inputs))
    torch.testing.assert_close(fitted.weight, known.weight, atol=0.01, rtol=0.05)
    torch.testing.assert_close(fitted(inputs), known(inputs), atol=0.01, rtol=0)


def test_unsupported_uses_of_the_baseline_are_one_line_errors(
    network: PasticheNetwork, recipe: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="adain is a baseline of experiments"):
        export(network, tmp_path / "model", ModelCard("t", "l", "s"))
    with pytest.raises(ValueError, match="has no table of styles"):
        PasticheConfig(system="adain", styles=("a",))
    with pytest.raises(ValueError, match="system is 'gan'"):
        PasticheConfig(system="gan")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="not a file of weights"):
        (tmp_path / "a.pth").write_bytes(b"none")
        adain = replace(recipe, network=PasticheConfig(system="adain"), pretrained=str(tmp_path / "a.pth"))
        prepare(adain, None, ProcessInfo("cpu"))
