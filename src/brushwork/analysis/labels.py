"""Labels of pictures: artist, movement, texture, from a table with a line each."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from brushwork.errors import UserError

# Kind -> name of a picture -> label.
Labels = dict[str, dict[str, str]]


def read_labels(path: Path) -> Labels:
    """Read lines of a name, a kind and a label with tabs between; a first line ``member kind label`` is a heading.

    Raises:
        UserError: If the file cannot be read or a line has not three parts.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read labels {path}: {error}") from None
    labels: Labels = {}
    for number, line in enumerate(lines, start=1):
        parts = line.split("\t")
        if not line.strip() or (number == 1 and parts[1:] == ["kind", "label"]):
            continue
        if len(parts) != 3:
            raise UserError(f"{path}, line {number}: {len(parts)} parts; name, kind and label stand with tabs between")
        name, kind, label = (part.strip() for part in parts)
        labels.setdefault(kind, {})[name] = label
    return labels


def labels_of(names: Sequence[str], known: dict[str, str]) -> list[str | None]:
    """Return the label of each name, None without one; a table may name a picture by the end of its path only."""
    return [next((known[end] for end in _endings(name) if end in known), None) for name in names]


def _endings(name: str) -> list[str]:
    """Returns a path and its ever shorter endings: ``a/b/c``, ``b/c``, ``c``."""
    parts = PurePosixPath(name).parts
    return ["/".join(parts[start:]) for start in range(len(parts))]
