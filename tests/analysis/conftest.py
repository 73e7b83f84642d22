"""Pictures for experiments at their tiny scale."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushwork.analysis.experiment import Inputs
from tests.training.samples import write_tar

ARTISTS = ("Ada", "Ben", "Cleo", "Dora")


def picture(seed: int, path: Path) -> Path:
    """A file of soft random colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((112, 96)).save(path)
    return path


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Six contents, a tar of sixteen styles by four artists in two movements, new pictures of both,
    and two classes in two domains."""
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(6):
        picture(seed, folder / f"contents/{seed}.png")
    for seed in range(4):
        picture(50 + seed, folder / f"new-contents/{seed}.png")
        picture(70 + seed, folder / f"new-styles/{('paint', 'texture')[seed % 2]}_{seed}.png")
    files = {f"art/{n:02d}.png": picture(100 + n, folder / f"styles/{n:02d}.png").read_bytes() for n in range(16)}
    labels = [f"{name}\tartist\t{ARTISTS[n % 4]}" for n, name in enumerate(files)]
    labels += [f"{name}\tmovement\t{('Cubism', 'Realism')[n % 2]}" for n, name in enumerate(files)]
    (folder / "labels.tsv").write_text("\n".join(["member\tkind\tlabel", *labels]) + "\n", encoding="utf-8")
    kinds = {f"{kind}/{label}/{n}.png": n for kind in ("photo", "sketch") for label in ("cat", "dog") for n in range(3)}
    drawn = {name: picture(n, folder / "domains" / name).read_bytes() for name, n in kinds.items()}
    return Inputs(
        domains=(str(write_tar(folder / "domains.tar", drawn)),),
        contents=(str(folder / "contents"),),
        styles=(str(write_tar(folder / "styles.tar", files)),),
        new_contents=(str(folder / "new-contents"),),
        new_styles=(str(folder / "new-styles/paint*"),),
        new_textures=(str(folder / "new-styles/texture*"),),
        labels=folder / "labels.tsv",
    )
