"""Styles from words such as ``words: stormy sea, dark blue``, by the map of `brushwork.styles.word_map`."""

from collections.abc import Mapping, Sequence

import numpy as np

from brushwork.errors import cut
from brushwork.styles.gallery import NamedStyle
from brushwork.styles.word_map import Understood, WordMap, listed

PREFIX, KIND = "words:", "words"
NAMED = 3  # named styles listed in the notice


def text_of(style: str) -> str | None:
    """Return the text of a style in words, after ``words:`` in any case; None for another style."""
    prefix, colon, text = style.partition(":")
    return text.strip() if prefix.strip().lower() + colon == PREFIX else None


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
    notices = [f"{cut(text)!r} was understood as a style {'; '.join(said)}"] if said else []
    if understood.unknown:
        notices.append(f"ignored unknown words: {listed(understood.unknown)}")
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
