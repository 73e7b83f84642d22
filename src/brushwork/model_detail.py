"""Trades the detail of the photo for style: interpolates between the two sets of weights of a model folder.

A folder can hold a second set of weights of the style transfer network, fine-tuned with a lower content weight: it
shows more of the style and less of the photo's detail. The losses of interpolated weights lie between those of the
two (Wortsman et al. 2022, *Model soups*, arXiv 2203.05482; Wang et al. 2019, *Deep network interpolation*, arXiv
1811.10515). All share one style prediction network, so embeddings do not depend on the detail.
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

# Details are rounded to this step, because each one stores a copy of the model in the cache.
STEP = 0.01


def has_details(folder: ModelFolder) -> bool:
    """Return whether a model folder holds the second set of weights that `at_detail` needs."""
    return (folder.path / STYLE_WEIGHTS).is_file()


def at_detail(folder: ModelFolder, detail: float, cache: Path | None = None) -> ModelFolder:
    """Return a model folder with interpolated weights; it is created once in the user's cache.

    Args:
        folder: A model folder.
        detail: 1 returns ``folder`` itself; 0 gives the most style and the least detail.
        cache: Folder for the results; None for the user's cache folder.

    Raises:
        ModelError: If the model has only one set of weights, or detail is not in [0, 1].
    """
    if not 0 <= detail <= 1:  # also false for NaN
        raise ModelError(f"detail is {detail:g}; it must be between 0 (most style) and 1 (most of the photo's detail)")
    step = round(detail / STEP)
    if step == round(1 / STEP):
        return folder
    if not has_details(folder):
        raise ModelError(f"model {folder.name} has only one set of weights: detail can only be 1")
    cache = cache or user_cache_path("brushwork")
    made = cache / folder.sha256[STYLE_WEIGHTS][:16] / folder.sha256[WEIGHTS][:16] / f"{step:03d}" / folder.name
    try:
        return model_folder.find(made)
    except ModelError:  # missing or damaged
        return _make(folder, step * STEP, made)


def _make(folder: ModelFolder, detail: float, made: Path) -> ModelFolder:
    """Write the folder atomically; another process may have written it first."""
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


def between(first: Path, second: Path, weight: float) -> bytes:
    """Return the second of two safetensors files, with the tensors that both contain interpolated.

    Graphs refer to tensors by offset, so every tensor keeps its position.

    Args:
        first: Weights at 0.
        second: Weights at 1; all of its tensors are float16.
        weight: Weight of the second file, in [0, 1].
    """
    start, header = read_header(second)
    data = bytearray(second.read_bytes())
    other, others = read_header(first)
    first_data = first.read_bytes()
    for name, entry in others.items():
        low, high = (start + offset for offset in header[name]["data_offsets"])
        from_, to = (other + offset for offset in entry["data_offsets"])
        mixed = (1 - weight) * _numbers(first_data[from_:to]) + weight * _numbers(data[low:high])
        data[low:high] = mixed.astype(np.float16).tobytes()
    return bytes(data)


def _numbers(data: bytes | bytearray) -> NDArray[np.float32]:
    return np.frombuffer(data, np.float16).astype(np.float32)


def read_header(path: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the offset of a safetensors file's tensors, and the header entry of each tensor."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return 8 + length, header
