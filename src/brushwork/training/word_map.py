"""Fits a word map: style pictures are measured, described and embedded, and a linear map is fitted to them.

Each picture has groups of words that describe it: names of its colours, things of such colours, and words for measures
that are high or low, see `brushwork.styles.describe`. Sentences of one to four words from different groups are drawn,
and a ridge regression maps the sum of their vectors to the picture's embedding, for words that no group has. Each word
of a group, and each label (artist, movement, texture), has the mean of its pictures.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brushwork import atomic, images
from brushwork.errors import UserError
from brushwork.runtime import Array
from brushwork.styles.describe import COVERS, EXTREME, MEASURES, THINGS, WORDS, measure
from brushwork.styles.text_vectors import vector_of
from brushwork.styles.word_map import WordMap
from brushwork.training.shards import find_shards, read_shard

Matrix = NDArray[np.float64]
SENTENCES, LONGEST = 8, 4  # sentences for each picture, and words of the longest sentence
RIDGE = 300.0
AXES = 64  # principal axes in which embeddings are compared, with 99 % of their variance
BANK = 2000  # stored embeddings of pictures


@dataclass(frozen=True)
class DescribedPictures:
    """N style pictures: names, embeddings (N, D), measures (N, 9), fractions of colours, and labels."""

    names: Sequence[str]
    embeddings: Matrix
    measures: Matrix
    colors: Sequence[Mapping[str, float]]
    labels: Sequence[Sequence[str]]

    def subset(self, indices: Sequence[int]) -> "DescribedPictures":
        """Return some of the pictures."""
        names, colors, labels = ([each[index] for index in indices] for each in (self.names, self.colors, self.labels))
        return DescribedPictures(names, self.embeddings[indices], self.measures[indices], colors, labels)  # type: ignore[arg-type]


def describe(
    sources: Sequence[str], labels: Mapping[str, Sequence[str]], embed: Callable[[Array], Array], cache: Path
) -> Iterator[tuple[str, DescribedPictures]]:
    """Measure and embed the pictures of shards, and yield each shard's address and pictures; use and fill the cache.

    Args:
        sources: Folders, pictures, `.tar` shards or globs of style pictures.
        labels: Labels of each picture, see `training.labels.by_picture`.
        embed: Returns the embedding (1, D) of a picture (H, W, 3) in [0, 1].
        cache: Folder with the results for one model and style size.
    """
    for shard in find_shards(list(sources)):
        stored = cache / f"{Path(shard.address).stem}.npz"
        if not stored.is_file():
            names, rows, measures, colors = [], [], [], []
            for entry in read_shard(shard):
                picture = images.open(entry.read()).on_white
                values, parts = measure(picture)
                names.append(entry.name.removeprefix(f"{shard.address}/"))
                rows.append(embed(picture)[0])
                measures.append(values)
                colors.append(json.dumps(parts))
            with atomic.write(stored) as part, part.open("xb") as file:
                np.savez(file, names=names, rows=np.stack(rows), measures=np.stack(measures), colors=colors)
        with np.load(stored) as values:
            names = values["names"].tolist()
            fractions = [json.loads(text) for text in values["colors"].tolist()]
            known = [labels.get(name, ()) for name in names]
            embeddings = values["rows"].astype(np.float64)
            yield shard.address, DescribedPictures(names, embeddings, values["measures"], fractions, known)


def join(parts: Sequence[DescribedPictures]) -> DescribedPictures:
    """Return the pictures of several shards as one."""
    lists = [[item for part in parts for item in getattr(part, name)] for name in ("names", "colors", "labels")]
    rows, measures = (np.concatenate([getattr(part, name) for part in parts]) for name in ("embeddings", "measures"))
    return DescribedPictures(lists[0], rows, measures, lists[1], lists[2])


def limits_of(pictures: DescribedPictures) -> Matrix:
    """Return the values (2, 9) below and above which each measure of a picture is low or high."""
    limits: Matrix = np.quantile(pictures.measures, [EXTREME, 1 - EXTREME], axis=0)
    return limits


def groups_of(pictures: DescribedPictures, index: int, limits: Matrix) -> list[Sequence[str]]:
    """Return the groups of words that describe a picture, without labels; words of a group mean the same."""
    groups: list[Sequence[str]] = []
    for number, name in enumerate(MEASURES):
        low, high = WORDS[name]
        value = pictures.measures[index, number]
        groups += [low] if low and value < limits[0, number] else []
        groups += [high] if high and value > limits[1, number] else []
    for color, fraction in pictures.colors[index].items():
        if fraction > COVERS:
            groups.append((color, color, *THINGS.get(color, ())))
    return groups


def draw_sentence(groups: Sequence[Sequence[str]], count: int, random: np.random.Generator) -> list[str]:
    """Return a random sentence of at most `count` words from different groups."""
    chosen = [groups[index] for index in random.permutation(len(groups))[:count].tolist()]
    return [group[int(random.integers(len(group)))] for group in chosen]


def sum_vectors(sentence: Sequence[str]) -> Array:
    """Return the sum (256,) of the vectors of a sentence's words."""
    total: Array = np.sum([vector_of(word) for word in sentence], axis=0)
    return total


def fit(pictures: DescribedPictures, style_size: int, seed: int = 0) -> WordMap:
    """Return the word map fitted to pictures.

    Args:
        pictures: The pictures.
        style_size: Short side in pixels at which they were embedded.
        seed: Seed of the sentences and of the stored embeddings.

    Raises:
        UserError: If there are too few pictures.
    """
    if len(pictures.names) < 2 * AXES:
        raise UserError(f"{len(pictures.names)} pictures are too few for a word map; give at least {2 * AXES}")
    random = np.random.default_rng(seed)
    limits, mean = limits_of(pictures), pictures.embeddings.mean(axis=0)
    moves = pictures.embeddings - mean
    groups = [groups_of(pictures, index, limits) for index in range(len(pictures.names))]
    drawn = [
        (index, draw_sentence(each, int(random.integers(1, LONGEST + 1)), random))
        for index, each in enumerate(groups)
        for _ in range(SENTENCES if each else 0)
    ]
    texts = np.stack([sum_vectors(sentence) for _, sentence in drawn]).astype(np.float64)  # (S, 256)
    targets = moves[[index for index, _ in drawn]]
    matrix = np.linalg.solve(texts.T @ texts + RIDGE * np.eye(texts.shape[1]), texts.T @ targets)
    _, sizes, axes = np.linalg.svd(moves, full_matrices=False)
    white = axes[:AXES].T / (sizes[:AXES] / np.sqrt(len(moves)))
    stored = np.sort(random.permutation(len(pictures.names))[:BANK])
    names = sorted({label for each in pictures.labels for label in each})
    members = [[index for index, each in enumerate(pictures.labels) if name in each] for name in names]
    labels = tuple(pictures.labels[index][0] if pictures.labels[index] else "" for index in stored)
    described: dict[str, list[int]] = {}
    for index, each in enumerate(groups):
        for word in {word for group in each for word in group}:
            described.setdefault(word, []).append(index)
    vocabulary = tuple(sorted(described))
    return WordMap(
        matrix=matrix.astype(np.float32), mean=mean.astype(np.float32), axes=white.astype(np.float32),
        bank=pictures.embeddings[stored].astype(np.float32), labels=labels, names=tuple(names),
        moves=np.array([moves[each].mean(axis=0) for each in members], np.float32).reshape(len(names), moves.shape[1]),
        vocabulary=vocabulary, style_size=style_size,
        means=np.array([moves[described[word]].mean(axis=0) for word in vocabulary], np.float32),
    )  # fmt: skip
