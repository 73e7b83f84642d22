"""Styles from words: a model's word map turns a text such as ``words: stormy sea, dark blue`` into an embedding.

Each phrase between commas adds an offset to the mean embedding of all styles: colour words change the colours, words
for a technique the strokes. The name of an artist, a movement or a named style gives the offset to the mean of its
pictures; for other words, a linear map computes the offset from the word vector (`brushwork.styles.text_vectors`).
Means of embeddings look paler than any picture, so the result is a mixture of the few embeddings of real pictures that
are nearest in the direction of the offset. `brushwork train-words` fits the map.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path

import numpy as np

from brushwork.errors import UserError
from brushwork.runtime import Array
from brushwork.styles.gallery import NamedStyle
from brushwork.styles.text_vectors import split_words, vector_of, vectors_of

PREFIX, KIND = "words:", "words"
# Words that say nothing about how a picture looks are ignored.
IDLE = frozenset(
    [
        *("a", "an", "and", "are", "as", "at", "by", "for", "from", "in", "is", "it", "its", "like", "look", "of"),
        *("on", "or", "painted", "painting", "picture", "some", "style", "styled", "that", "the", "this", "to"),
        *("very", "with"),
    ]
)
# Least cosine similarity of a word to one that the map was fitted to.
KNOWN = 0.5
LONGEST_NAME = 4  # words
# Number of real embeddings that are mixed, and how strongly nearer ones are preferred.
MIXED, SHARPNESS = 12, 12.0
ARRAYS, TEXTS = ("matrix", "mean", "axes", "bank", "moves"), ("labels", "names", "vocabulary")
NAMED = 3  # named styles listed in the notice


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
        vocabulary: Words and phrases that the matrix was fitted to.
        style_size: Short side in pixels at which the pictures were embedded.
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
                return cls(**arrays, labels=labels, names=names, vocabulary=vocabulary, style_size=size)
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"{path} is not a word map: {error}") from None

    def write(self, path: Path) -> None:
        """Write the map in float16."""
        numbers = {name: getattr(self, name).astype(np.float16) for name in ARRAYS}
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
        names = dict(self._names)
        for name, style in (named or {}).items():
            if style.embeddings:
                names[_plain(name)] = style.at(self.style_size)[0, : self.mean.size] - self.mean
        moves: list[Array] = []
        unknown: list[str] = []
        for part in re.split(r"[,;.\n]", text):
            words = _plain(part).split()
            while words:
                taken = self._take(words, names, moves)
                if not taken and words[0] not in IDLE:
                    unknown.append(words[0])
                del words[: max(taken, 1)]
        if not moves:
            listed = ", ".join(unknown) or "no words given"
            raise UserError(f"unknown words for a style: {listed}; try colours, artists, strokes or materials")
        asked = np.sum(moves, axis=0) @ self.axes  # (M,)
        direction: Array = asked / max(float(np.linalg.norm(asked)), 1e-9)
        fit = self._directions @ direction  # (N,)
        nearest = np.argsort(-fit, kind="stable")[:MIXED]
        weights = np.exp(SHARPNESS * (fit[nearest] - fit[nearest[0]]))
        embedding: Array = (weights / weights.sum()) @ self.bank[nearest]
        like = tuple(dict.fromkeys(label for label in (self.labels[place] for place in nearest) if label))[:NAMED]
        return Understood(embedding.astype(np.float32), direction, like, tuple(dict.fromkeys(unknown)))

    def similarity(self, understood: Understood, embeddings: Array) -> Array:
        """Return the cosine similarity (N,) in [-1, 1] of embeddings (N, D) to the meaning of a text."""
        return self._whiten(embeddings) @ understood.direction

    @cached_property
    def _directions(self) -> Array:
        return self._whiten(self.bank)

    def _whiten(self, embeddings: Array) -> Array:
        """Return whitened offsets (N, M) of unit length for embeddings (N, D)."""
        moves = (embeddings - self.mean) @ self.axes
        directions: Array = moves / np.maximum(np.linalg.norm(moves, axis=1, keepdims=True), 1e-9)
        return directions

    @cached_property
    def _vectors(self) -> Array:
        """Vectors of the vocabulary's single words."""
        return vectors_of(sorted({word for phrase in self.vocabulary for word in split_words(phrase)}))

    @cached_property
    def _single(self) -> frozenset[str]:
        return frozenset(word for phrase in self.vocabulary for word in split_words(phrase))

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

    def _take(self, words: Sequence[str], names: Mapping[str, Array], moves: list[Array]) -> int:
        """Append the offset of the first words of a phrase to ``moves``; return the number of words used."""
        for count in range(min(len(words), LONGEST_NAME), 0, -1):
            found = names.get(" ".join(words[:count]))
            if found is not None:
                moves.append(found)
                return count
        known = 0
        while known < len(words) and words[known] not in names and (words[known] in IDLE or self._knows(words[known])):
            known += 1
        text = [word for word in words[:known] if word not in IDLE]
        if text:
            moves.append(vector_of(" ".join(text)) @ self.matrix)
        return known

    def _knows(self, word: str) -> bool:
        return word in self._single or float((self._vectors @ vector_of(word)).max()) >= KNOWN


def _plain(text: str) -> str:
    """Return the words of a text joined by spaces, hyphens replaced by spaces."""
    return " ".join(split_words(text)).replace("-", " ")


def style_of(text: str, word_map: WordMap, named: Mapping[str, NamedStyle], *, nearest: bool = True) -> NamedStyle:
    """Return the style that a text describes, with notices that explain it to the user.

    Args:
        text: The words.
        word_map: Word map of the model.
        named: Named styles, which the text may mention.
        nearest: Whether the notices list the nearest named styles.

    Raises:
        UserError: If no word is known.
    """
    understood = word_map.understand(text, named)
    said = [f"like {', '.join(understood.like)}"] if understood.like else []
    if nearest and (near := find(understood, word_map, named)[:NAMED]):
        said.append(f"nearest named styles: {', '.join(name for name, _ in near)}")
    notices = [f"{text!r} was understood as a style {'; '.join(said)}"] if said else []
    if understood.unknown:
        notices.append(f"ignored unknown words: {', '.join(understood.unknown)}")
    embeddings = {word_map.style_size: understood.embedding}
    return NamedStyle(f"{PREFIX} {text}", KIND, ", ".join(understood.like), embeddings, notices=tuple(notices))


def find(understood: Understood, word_map: WordMap, named: Mapping[str, NamedStyle]) -> Sequence[tuple[str, float]]:
    """Return named styles and their similarity to a text in [-1, 1], most similar first."""
    known = {name: style for name, style in named.items() if style.embeddings}
    if not known:
        return []
    embeddings = np.concatenate([style.at(word_map.style_size)[:, : word_map.mean.size] for style in known.values()])
    fit = word_map.similarity(understood, embeddings)
    return sorted(zip(known, fit.tolist(), strict=True), key=lambda pair: -pair[1])
