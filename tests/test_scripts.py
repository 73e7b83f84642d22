"""The scripts that complete a model folder, run like their users run them."""

import io
import json
import runpy
import shutil
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from brushwork import images, model_folder, stylizer
from brushwork.model_folder import WEIGHTS, ModelFolder
from brushwork.styles.gallery import Gallery

SCRIPTS = Path(__file__).parent.parent / "scripts"


def run(monkeypatch: pytest.MonkeyPatch, script: str, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
    try:
        runpy.run_path(str(SCRIPTS / script), run_name="__main__")
    except SystemExit as end:  # typer ends a process without an error, too
        if end.code:
            raise


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    """A copy of the shipped model without a gallery."""
    shipped = model_folder.find("magenta-mobile")
    path = tmp_path / "magenta-mobile"
    shutil.copytree(shipped.path, path, ignore=shutil.ignore_patterns("gallery.*"))
    model_folder.write(path, shipped.card, shipped.network)
    return model_folder.find(path)


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    """A tar file of one red and one blotchy picture."""
    path = tmp_path / "styles.tar"
    blots = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    with tarfile.open(path, "w") as tar:
        for name, picture in (("red.png", np.full_like(blots, (255, 0, 0))), ("blots.png", blots)):
            file = io.BytesIO()
            Image.fromarray(picture).save(file, "png")
            entry = tarfile.TarInfo(f"set/{name}")
            entry.size = file.tell()
            file.seek(0)
            tar.addfile(entry, file)
    return path


def test_make_gallery_writes_a_gallery(
    monkeypatch: pytest.MonkeyPatch,
    folder: ModelFolder,
    shard: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    listed = tmp_path / "list.toml"
    listed.write_text('[wild]\nmember = "set/blots.png"\nkind = "painting"\nabout = "blots"\n')
    run(monkeypatch, "make_gallery.py", folder.path, "--styles", shard, "--list", listed, "--side", 24)
    assert capsys.readouterr().out.startswith("1 styles in ")
    made = Gallery(model_folder.find(folder.path))  # verified: the digests cover both new files
    assert list(made.styles) == ["wild"] and made.thumbnails is not None
    with tarfile.open(shard) as tar:
        file = tar.extractfile("set/blots.png")
        assert file is not None
        picture = images.open(file.read()).image
    player = stylizer.load(folder.path, device="cpu", precision="f32")
    for size in (128, 256, 512):
        np.testing.assert_allclose(made.styles["wild"].at(size), player.embed(picture, size), rtol=1e-3, atol=1e-3)
    with Image.open(made.thumbnails) as strip:
        assert strip.size == (24, 24)


def test_a_style_missing_from_the_shards_is_an_error(
    monkeypatch: pytest.MonkeyPatch, folder: ModelFolder, shard: Path, tmp_path: Path
) -> None:
    listed = tmp_path / "list.toml"
    listed.write_text('[gone]\nmember = "set/gone.png"\nkind = "painting"\nabout = "gone"\n')
    with pytest.raises(SystemExit, match=r"not in the shards: set/gone\.png"):
        run(monkeypatch, "make_gallery.py", folder.path, "--styles", shard, "--list", listed)
    assert Gallery(folder).styles == {}


def test_score_model_writes_measured_scores_into_the_card(
    monkeypatch: pytest.MonkeyPatch, folder: ModelFolder, tmp_path: Path
) -> None:
    def painter(share: float, pairs: int = 3) -> dict[str, float]:
        rest = {"content loss": 12345.678, "SSIM": 0.5, "artefact": 1.0, "border": 1.0, "seconds": 9.0}
        return {**rest, "style share": share, "pairs": pairs}

    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(json.dumps({"contents, untouched": painter(1), "magenta-mobile": painter(0.2), "b": painter(0.3)}))
    second.write_text(json.dumps({"b": painter(0.4, 2)}))
    run(monkeypatch, "score_model.py", folder.path, first, second)
    card = model_folder.find(folder.path).card
    kept = {"content loss": 12350.0, "style share": 0.2, "SSIM": 0.5, "artefact": 1.0, "border": 1.0, "pairs": 3}
    assert card.scores == kept
    assert card.peers == {"b": {**kept, "style share": 0.4, "pairs": 2}}
    assert card.measured.startswith("3 pairs") and card.title == folder.card.title


def reweighted(folder: ModelFolder, path: Path) -> ModelFolder:
    """A copy of a model with other weights; the graphs refer to them and are unchanged."""
    shutil.copytree(folder.path, path)
    weights = load_file(folder.weights)
    save_file({name: np.float16(0.1) + values[::-1].copy() for name, values in weights.items()}, path / WEIGHTS)
    model_folder.write(path, folder.card, folder.network)
    return model_folder.find(path)


def test_average_models_writes_the_weighted_mean(
    monkeypatch: pytest.MonkeyPatch, table_folder: ModelFolder, tmp_path: Path
) -> None:
    other = reweighted(table_folder, tmp_path / "other")
    card = tmp_path / "card.toml"
    card.write_text('title = "The mean"\nlicence = "CC0-1.0"\nsource = "both"\n')
    mean, out = tmp_path / "mean", "average_models.py"
    run(monkeypatch, out, mean, card, f"{table_folder.path}=0.25", f"{other.path}=0.75")
    found = model_folder.find(mean)
    found.verify()
    assert found.card.title == "The mean"
    one, two, between = (load_file(folder.weights) for folder in (table_folder, other, found))
    for name, weights in between.items():
        wanted = 0.25 * one[name].astype(np.float32) + 0.75 * two[name].astype(np.float32)
        np.testing.assert_allclose(weights, wanted, rtol=1e-3, atol=1e-4)
    with pytest.raises(SystemExit, match=r"add up to 0\.75, not to 1"):
        run(monkeypatch, out, mean, card, f"{table_folder.path}=0.25", f"{other.path}=0.5")
    with pytest.raises(SystemExit, match="different architectures"):
        run(monkeypatch, out, mean, card, f"{table_folder.path}=0.5", "magenta-mobile=0.5")
