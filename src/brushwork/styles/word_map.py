"""The map from words to the embeddings of a model.

Each phrase asks for a direction from the mean embedding of all styles: colour words for colours, words for a technique
for strokes. The name of an artist, a movement or a named style, and each phrase of the vocabulary, gives the direction
to the mean of its pictures; for similar words, a linear map computes it from the word vector
(`brushwork.styles.text_vectors`). Means of embeddings look paler than any picture, so the result is a mixture of the
few embeddings of real pictures that are nearest in the sum of the directions. A named style is a part of the result
itself, beside that mixture for all other phrases. `brushwork train-words` fits the map.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushwork.errors import UserError, cut
from brushwork.runtime import Array
from brushwork.styles.gallery import NamedStyle
from brushwork.styles.text_vectors import split_words, vector_of, vectors_of

# Words that say nothing about how a picture looks are ignored.
IDLE = frozenset(
    [
        *("a", "an", "and", "are", "as", "at", "by", "for", "from", "in", "is", "it", "its", "like", "look", "of"),
        *("on", "or", "painted", "painting", "picture", "some", "style", "styled", "that", "the", "this", "to"),
        *("very", "with", "words"),
    ]
)
NEGATIONS = frozenset(["no", "not", "without"])  # what follows one is not wanted, which no direction expresses
# Least cosine similarity of a word to one that the map was fitted to.
KNOWN = 0.5
LONGEST_NAME = 4  # words
# Number of real embeddings that are mixed, and how strongly nearer ones are preferred.
MIXED, SHARPNESS = 20, 12.0
MEANS = "means"
ARRAYS, TEXTS = ("matrix", "mean", "axes", "bank", "moves"), ("labels", "names", "vocabulary")
LISTED = 3  # labels of the nearest real pictures
MOST_LISTED = 200  # characters of a list of unknown words


@dataclass(frozen=True)
class Understood:
    """Meaning of a text for a model.

    Attributes:
        embedding: (D,).
        direction: Whitened offset of unit length, (M,); see `WordMap.similarity`.
        like: Labels of the nearest real pictures, nearest first.
        unknown: Words that were ignored because they are unknown.
    """

    embedding: Array
    direction: Array
    like: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class WordMap:
    """A map from words to the embeddings of a model.

    Attributes:
        matrix: Maps vectors of phrases to offsets of the embedding, (256, D).
        mean: Mean embedding (D,) of all styles.
        axes: Whitening of offsets, (D, M).
        bank: Embeddings (N, D) of real pictures.
        labels: Artist or movement of each of these pictures.
        names: Known artists, movements and the like.
        moves: Mean offset (L, D) of each name.
        vocabulary: Words and phrases that describe the pictures, to which the matrix was fitted.
        style_size: Short side in pixels at which the pictures were embedded.
        means: Mean offset (V, D) of the pictures of each phrase of the vocabulary; None in maps of earlier versions.
    """

    matrix: Array
    mean: Array
    axes: Array
    bank: Array
    labels: tuple[str, ...]
    names: tuple[str, ...]
    moves: Array
    vocabulary: tuple[str, ...]
    style_size: int
    means: Array | None = None

    @classmethod
    def read(cls, path: Path) -> "WordMap":
        """Read the map of a model folder.

        Raises:
            UserError: If the file cannot be read.
        """
        try:
            with np.load(path, allow_pickle=False) as values:
                arrays = {name: values[name].astype(np.float32) for name in ARRAYS}
                labels, names, vocabulary = (tuple(values[name].tolist()) for name in TEXTS)
                size = int(values["style_size"])
                means = values[MEANS].astype(np.float32) if MEANS in values else None
                return cls(**arrays, labels=labels, names=names, vocabulary=vocabulary, style_size=size, means=means)
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"{path} is not a word map: {error}") from None

    def write(self, path: Path) -> None:
        """Write the map in float16."""
        written = ARRAYS if self.means is None else (*ARRAYS, MEANS)
        numbers = {name: getattr(self, name).astype(np.float16) for name in written}
        texts = {name: np.array(getattr(self, name)) for name in TEXTS}
        np.savez_compressed(path, allow_pickle=False, style_size=np.array(self.style_size), **numbers, **texts)

    def understand(self, text: str, named: Mapping[str, NamedStyle] | None = None) -> Understood:
        """Return the meaning of a text.

        Args:
            text: Phrases separated by commas.
            named: Named styles of the model, which the text may mention.

        Raises:
            UserError: If no word is known, or the extra ``words`` is not installed.
        """
        styles = {
            _plain(name): style.at(self.style_size)[0, : self.mean.size]
            for name, style in (named or {}).items()
            if style.embeddings
        }
        names = {**self._names, **{name: embedding - self.mean for name, embedding in styles.items()}}
        moves: list[tuple[str, Array]] = []
        unknown: list[str] = []
        for part in re.split(r"[,;.\n]", text):
            words = _plain(part).split()
            while words:
                taken = self._take(words, names, moves)
                if not taken and words[0] in NEGATIONS:
                    unknown.append(" ".join(words))
                    break
                if not taken and words[0] not in IDLE:
                    unknown.append(words[0])
                del words[: max(taken, 1)]
        if not moves:
            wrong = f"unknown words for a style: {listed(unknown)}" if unknown else "no words given for a style"
            raise UserError(f"{wrong}; try colours, artists, strokes or materials")
        # Every phrase counts alike: the offset of an artist is up to ten times as long as that of "swirls", and hid it.
        directions = _unit(np.stack([move for _, move in moves]) @ self.axes)  # (phrases, M)
        direction = _unit(directions.sum(axis=0))
        # Pictures near a named style share its colours, not its forms, so it is a part of the result itself.
        own = [styles[name] for name, _ in moves if name in styles]
        mixed, _ = self._mix(_unit(directions[[name not in styles for name, _ in moves]].sum(axis=0)))
        embedding = (np.sum([*own, np.zeros_like(mixed)], axis=0) + (len(moves) - len(own)) * mixed) / len(moves)
        _, nearest = self._mix(direction)
        like = tuple(dict.fromkeys(self.labels[place] for place in nearest if self.labels[place]))[:LISTED]
        return Understood(embedding.astype(np.float32), direction, like, tuple(dict.fromkeys(unknown)))

    def _mix(self, direction: Array) -> tuple[Array, NDArray[np.intp]]:
        """Return the mean (D,) of the real embeddings nearest to a direction (M,), and their places, nearest first."""
        fit = self._directions @ direction  # (N,)
        nearest = np.argsort(-fit, kind="stable")[:MIXED]
        weights = np.exp(SHARPNESS * (fit[nearest] - fit[nearest[0]]))
        return (weights / weights.sum()) @ self.bank[nearest], nearest

    def similarity(self, understood: Understood, embeddings: Array) -> Array:
        """Return the cosine similarity (N,) in [-1, 1] of embeddings (N, D) to the meaning of a text."""
        return self._whiten(embeddings) @ understood.direction

    @cached_property
    def _directions(self) -> Array:
        return self._whiten(self.bank)

    def _whiten(self, embeddings: Array) -> Array:
        """Return whitened offsets (N, M) of unit length for embeddings (N, D)."""
        return _unit((embeddings - self.mean) @ self.axes)

    @cached_property
    def _vectors(self) -> Array:
        """Vectors of the vocabulary's single words."""
        return vectors_of(sorted({word for phrase in self.vocabulary for word in split_words(phrase)}))

    @cached_property
    def _single(self) -> frozenset[str]:
        return frozenset(word for phrase in self.vocabulary for word in split_words(phrase))

    @cached_property
    def _phrases(self) -> Mapping[str, Array]:
        """Phrases of the vocabulary -> offset."""
        return {} if self.means is None else dict(zip(map(_plain, self.vocabulary), self.means, strict=True))

    @cached_property
    def _names(self) -> Mapping[str, Array]:
        """Known names and their parts, such as surnames, in lower case -> offset."""
        parts: dict[str, list[Array]] = {}
        for name, move in zip(self.names, self.moves, strict=True):
            words = _plain(name).split()
            for first, last in combinations(range(len(words) + 1), 2):
                parts.setdefault(" ".join(words[first:last]), []).append(move)
        known = {name: np.mean(moves, axis=0) for name, moves in parts.items() if name not in self._single | IDLE}
        return {**known, **{_plain(name): move for name, move in zip(self.names, self.moves, strict=True)}}

    def _take(self, words: Sequence[str], names: Mapping[str, Array], moves: list[tuple[str, Array]]) -> int:
        """Append the first words' name, if they are one, and offset to ``moves``; return the number of words used."""
        for count in range(min(len(words), LONGEST_NAME), 0, -1):
            name = " ".join(words[:count])
            if name in names:
                moves.append((name, names[name]))
                return count
        known = 0
        while known < len(words) and words[known] not in names and (words[known] in IDLE or self._knows(words[known])):
            known += 1
        moves += [("", offset) for offset in self._described(words[:known])]
        return known

    def _described(self, words: Sequence[str]) -> list[Array]:
        """Return the offset of each phrase of the vocabulary if words consist of them, else that of all words."""
        offsets: list[Array] = []
        start = 0
        while start < len(words):
            ends = range(min(len(words), start + LONGEST_NAME), start, -1)
            end = next((end for end in ends if " ".join(words[start:end]) in self._phrases), None)
            if end is None and words[start] not in IDLE:
                text = " ".join(word for word in words if word not in IDLE)
                return [vector_of(text) @ self.matrix]
            offsets += [] if end is None else [self._phrases[" ".join(words[start:end])]]
            start = end or start + 1
        return offsets

    def _knows(self, word: str) -> bool:
        return word in self._single or float((self._vectors @ vector_of(word)).max()) >= KNOWN


def listed(words: Sequence[str]) -> str:
    """Return words in a line for a message: the first ones if there are many."""
    return cut(", ".join(dict.fromkeys(words)), MOST_LISTED)


def _unit(rows: NDArray[Any]) -> Array:
    """Return rows (..., M) scaled to length 1."""
    scaled: Array = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)
    return scaled


def _plain(text: str) -> str:
    """Return the words of a text joined by spaces, hyphens replaced by spaces."""
    return " ".join(split_words(text)).replace("-", " ")
