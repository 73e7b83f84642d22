"""The user's place between photo and style: a model whose weights lie between the two sets that its folder holds.

A folder may hold a second set of weights of the style transfer network, trained on with less weight on the content:
more of the style, less of the photo's detail. Networks between the two have losses between theirs (Wortsman et al.
2022, *Model soups*, arXiv 2203.05482; Wang et al. 2019, *Deep network interpolation*, arXiv 1811.10515). They share one
style prediction network, so an embedding is the same at every detail.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from brushwork import model_folder
from brushwork.model_folder import STYLE_WEIGHTS, WEIGHTS, ModelError, ModelFolder

# Values nearer to each other are one: each is a folder of the model's size in the cache.
STEP = 0.01


def has_details(folder: ModelFolder) -> bool:
    """Whether a model folder holds the second set of weights that `at_detail` needs."""
    return (folder.path / STYLE_WEIGHTS).is_file()


def at_detail(folder: ModelFolder, detail: float, cache: Path | None = None) -> ModelFolder:
    """A model folder whose network lies between the two that a folder holds; it is made once, in the user's cache.

    Args:
        folder: A model.
        detail: 1 is the model as it is, 0 has the most of the style and the least of the photo's detail.
        cache: Where folders are made; None for the user's cache folder.

    Raises:
        ModelError: If the model has one set of weights only, or detail is not in [0, 1].
    """
    if not 0 <= detail <= 1:  # NaN is not, either
        raise ModelError(f"detail is {detail:g}; it must lie between 0 (most of the style) and 1 (most of the photo)")
    step = round(detail / STEP)
    if step == round(1 / STEP):
        return folder
    if not has_details(folder):
        raise ModelError(f"model {folder.name} has one set of weights: detail can only be 1")
    cache = cache or user_cache_path("brushwork")
    made = cache / folder.sha256[STYLE_WEIGHTS][:16] / folder.sha256[WEIGHTS][:16] / f"{step:03d}" / folder.name
    try:
        return model_folder.find(made)
    except ModelError:  # not there, or damaged
        return _make(folder, step * STEP, made)


def _make(folder: ModelFolder, detail: float, made: Path) -> ModelFolder:
    """Writes the folder, whole or not at all; another process may have been faster."""
    try:
        made.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=made.parent, prefix=".") as temporary:
            new = Path(temporary) / "model"
            skipped = shutil.ignore_patterns(WEIGHTS, STYLE_WEIGHTS)
            shutil.copytree(folder.path, new, ignore=skipped, copy_function=shutil.copyfile)
            (new / WEIGHTS).write_bytes(between(folder.path / STYLE_WEIGHTS, folder.weights, detail))
            model_folder.write(new, folder.card, folder.network)
            if made.exists():
                made.replace(Path(temporary) / "old")
            new.replace(made)
    except OSError as error:
        if not (made / model_folder.CONFIG).is_file():
            raise ModelError(f"detail {detail:g} needs a cache folder: {made.parent}: {error.strerror}") from None
    return model_folder.find(made)


def between(first: Path, second: Path, share: float) -> bytes:
    """The second of two safetensors files, each tensor that the first has, too, moved towards it.

    Graphs point into the file by offsets, so all tensors stay where they are.

    Args:
        first: What 0 is.
        second: What 1 is; all of its tensors are float16.
        share: Of the second.
    """
    start, header = read_header(second)
    data = bytearray(second.read_bytes())
    other, others = read_header(first)
    first_data = first.read_bytes()
    for name, entry in others.items():
        low, high = (start + offset for offset in header[name]["data_offsets"])
        from_, to = (other + offset for offset in entry["data_offsets"])
        mixed = (1 - share) * _numbers(first_data[from_:to]) + share * _numbers(data[low:high])
        data[low:high] = mixed.astype(np.float16).tobytes()
    return bytes(data)


def _numbers(data: bytes | bytearray) -> NDArray[np.float32]:
    return np.frombuffer(data, np.float16).astype(np.float32)


def read_header(path: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """Where the tensors of a safetensors file begin, and what it says of each."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return 8 + length, header
