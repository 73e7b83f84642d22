"""Trains a map of words: style pictures are measured, named and embedded, and a linear map is fitted to them.

Each picture has groups of words that are true of it: the names of its colours and things of such colours, and words for
what it has much or little of, see `brushwork.styles.describe`. Sentences of one to four words from different groups are
drawn, and a ridge regression maps the sum of their vectors to the picture's embedding. Labels (artist, movement,
texture) are names: each has the mean of its pictures.
"""

import json
from collections import defaultdict
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
from brushwork.styles.words import WordMap
from brushwork.training.shards import find_shards, read_shard

Matrix = NDArray[np.float64]
SENTENCES, LONGEST = 8, 4  # drawn of each picture, and the words of the longest
RIDGE = 300.0
AXES = 24  # principal axes in which embeddings are compared: nine tenths of their variance and more
BANK = 2000  # real embeddings that are kept


@dataclass(frozen=True)
class Seen:
    """What is known of N style pictures: names, embeddings (N, D), measures (N, 9), parts of colours, labels."""

    names: Sequence[str]
    embeddings: Matrix
    measures: Matrix
    colors: Sequence[Mapping[str, float]]
    labels: Sequence[Sequence[str]]

    def part(self, places: Sequence[int]) -> "Seen":
        """Some of the pictures."""
        picked = [[each[place] for place in places] for each in (self.names, self.colors, self.labels)]
        return Seen(picked[0], self.embeddings[places], self.measures[places], picked[1], picked[2])  # type: ignore[arg-type]


def read_labels(path: Path) -> Mapping[str, Sequence[str]]:
    """Return picture -> labels of a table with the columns member, kind and label, artists first.

    Raises:
        UserError: If it is no such table.
    """
    try:
        heading, *lines = path.read_text(encoding="utf-8").splitlines()
        if heading.split("\t") != ["member", "kind", "label"]:
            raise ValueError("its columns are not member, kind and label")
        labels = defaultdict(list)
        for line in lines:
            member, kind, label = line.split("\t")
            labels[member].append((kind != "artist", label))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} holds no labels: {error}") from None
    return {member: [label for _, label in sorted(found)] for member, found in labels.items()}


def look(
    sources: Sequence[str], labels: Mapping[str, Sequence[str]], embed: Callable[[Array], Array], cache: Path
) -> Iterator[tuple[str, Seen]]:
    """Measure and embed the pictures of shards, one shard after the other; done ones are read from the cache.

    Args:
        sources: Folders, pictures, `.tar` shards or globs of style pictures.
        labels: Picture -> labels, see `read_labels`.
        embed: Returns the embedding (1, D) of a picture (H, W, 3) in [0, 1].
        cache: Folder for what was seen; of one model and style size.
    """
    for shard in find_shards(list(sources)):
        kept = cache / f"{Path(shard.address).stem}.npz"
        if not kept.is_file():
            names, rows, measures, colors = [], [], [], []
            for entry in read_shard(shard):
                picture = images.open(entry.read()).on_white
                values, parts = measure(picture)
                names.append(entry.name.removeprefix(f"{shard.address}/"))
                rows.append(embed(picture)[0])
                measures.append(values)
                colors.append(json.dumps(parts))
            with atomic.write(kept) as part, part.open("xb") as file:
                np.savez(file, names=names, rows=np.stack(rows), measures=np.stack(measures), colors=colors)
        with np.load(kept) as values:
            names = values["names"].tolist()
            covered = [json.loads(text) for text in values["colors"].tolist()]
            known = [labels.get(name, ()) for name in names]
            yield shard.address, Seen(names, values["rows"].astype(np.float64), values["measures"], covered, known)


def join(parts: Sequence[Seen]) -> Seen:
    """Return the pictures of several shards as one."""
    lists = [[item for part in parts for item in getattr(part, name)] for name in ("names", "colors", "labels")]
    rows, measures = (np.concatenate([getattr(part, name) for part in parts]) for name in ("embeddings", "measures"))
    return Seen(lists[0], rows, measures, lists[1], lists[2])


def limits_of(seen: Seen) -> Matrix:
    """Return the values (2, 9) of each measure below and above which a picture has little or much of it."""
    limits: Matrix = np.quantile(seen.measures, [EXTREME, 1 - EXTREME], axis=0)
    return limits


def groups_of(seen: Seen, place: int, limits: Matrix) -> list[Sequence[str]]:
    """Return the groups of words that are true of a picture, labels apart; words of a group say the same."""
    groups: list[Sequence[str]] = []
    for number, name in enumerate(MEASURES):
        little, much = WORDS[name]
        value = seen.measures[place, number]
        groups += [little] if little and value < limits[0, number] else []
        groups += [much] if much and value > limits[1, number] else []
    for color, part in seen.colors[place].items():
        if part > COVERS:
            groups.append((color, color, *THINGS.get(color, ())))
    return groups


def draw(groups: Sequence[Sequence[str]], count: int, random: np.random.Generator) -> list[str]:
    """Return a sentence of at most so many words, of different groups."""
    chosen = [groups[place] for place in random.permutation(len(groups))[:count].tolist()]
    return [group[int(random.integers(len(group)))] for group in chosen]


def sum_vectors(sentence: Sequence[str]) -> Array:
    """Return the sum (256,) of the vectors of a sentence's words."""
    total: Array = np.sum([vector_of(word) for word in sentence], axis=0)
    return total


def fit(seen: Seen, style_size: int, seed: int = 0) -> WordMap:
    """Return the map that is fitted to pictures.

    Args:
        seen: The pictures.
        style_size: Short side in pixels at which they were embedded.
        seed: Settles the sentences, and which embeddings are kept.

    Raises:
        UserError: If there are too few pictures.
    """
    if len(seen.names) < 2 * AXES:
        raise UserError(f"{len(seen.names)} pictures are too few for a map of words; give {2 * AXES} at least")
    random = np.random.default_rng(seed)
    limits, mean = limits_of(seen), seen.embeddings.mean(axis=0)
    moves = seen.embeddings - mean
    groups = [groups_of(seen, place, limits) for place in range(len(seen.names))]
    drawn = [
        (place, draw(each, int(random.integers(1, LONGEST + 1)), random))
        for place, each in enumerate(groups)
        for _ in range(SENTENCES if each else 0)
    ]
    texts = np.stack([sum_vectors(sentence) for _, sentence in drawn]).astype(np.float64)  # (S, 256)
    targets = moves[[place for place, _ in drawn]]
    matrix = np.linalg.solve(texts.T @ texts + RIDGE * np.eye(texts.shape[1]), texts.T @ targets)
    _, sizes, axes = np.linalg.svd(moves, full_matrices=False)
    white = axes[:AXES].T / (sizes[:AXES] / np.sqrt(len(moves)))
    kept = np.sort(random.permutation(len(seen.names))[:BANK])
    names = sorted({label for each in seen.labels for label in each})
    members = [[place for place, each in enumerate(seen.labels) if name in each] for name in names]
    labels = tuple(seen.labels[place][0] if seen.labels[place] else "" for place in kept)
    vocabulary = tuple(sorted({word for each in groups for group in each for word in group}))
    return WordMap(
        matrix=matrix.astype(np.float32), mean=mean.astype(np.float32), axes=white.astype(np.float32),
        bank=seen.embeddings[kept].astype(np.float32), labels=labels, names=tuple(names),
        moves=np.array([moves[each].mean(axis=0) for each in members], np.float32).reshape(len(names), moves.shape[1]),
        vocabulary=vocabulary, style_size=style_size,
    )  # fmt: skip
