"""Word vectors, computed from the static token vectors in the files of the package wordllama.

The package is not imported because it would look for newer files on the internet.
"""

import json
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from brushwork import extras
from brushwork.errors import UserError
from brushwork.runtime import Array

SIZE = 256  # length of a vector
_WEIGHTS, _TOKENIZER = "weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case without punctuation; hyphenated words stay together."""
    return re.findall(r"[^\W_]+(?:[-'][^\W_]+)*", text.lower())


@lru_cache(maxsize=4096)
def vector_of(text: str) -> Array:
    """Return the unit vector (256,) of a word or a phrase: the normalised mean of its tokens' vectors.

    Raises:
        UserError: If the extra ``words`` is not installed.
    """
    tokens, rows = _tables()
    identifiers = tokens.encode(" ".join(split_words(text)), add_special_tokens=False).ids
    if not identifiers:
        return np.zeros(SIZE, np.float32)
    mean = rows[identifiers].astype(np.float32).mean(axis=0)
    vector: Array = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return vector


def vectors_of(texts: Sequence[str]) -> Array:
    """Return the vectors (N, 256) of texts."""
    return np.stack([vector_of(text) for text in texts])


@cache
def _tables() -> tuple[Any, Any]:
    """Return the tokenizer and the float16 vectors (V, 256) of its tokens, memory-mapped."""
    extras.require("words", "words as a style")
    from tokenizers import Tokenizer

    package = find_spec("wordllama")
    assert package is not None and package.submodule_search_locations
    folder = Path(next(iter(package.submodule_search_locations)))
    try:
        tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
        return tokenizer, _map_rows(folder / _WEIGHTS)
    except Exception as error:  # the tokenizer raises plain Exception
        raise UserError(f"cannot read the vectors of the package wordllama: {error}") from None


def _map_rows(path: Path) -> Any:
    """Return the only tensor of a safetensors file, memory-mapped."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    (entry,) = (value for name, value in header.items() if name != "__metadata__")
    kinds = {"F16": np.float16, "F32": np.float32}
    start = 8 + length + entry["data_offsets"][0]
    return np.memmap(path, kinds[entry["dtype"]], "r", start, tuple(entry["shape"]))
