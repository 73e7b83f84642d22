"""Labels of pictures (artist, movement, texture) from tables or the layout of a data set."""

import csv
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from brushwork.errors import UserError
from brushwork.training.archives import is_archive
from brushwork.training.shards import Shard, read_shard

# Kind -> name of a picture -> label.
Labels = dict[str, dict[str, str]]


def read_labels(path: Path) -> Labels:
    """Read the labels of a table, or of a data set in its own layout.

    A table has lines of name, kind and label, separated by tabs; a first line ``member kind label`` is a heading.
    ``train_info.csv`` of Painter by Numbers has artists and movements; in ``dtd-r1.0.1.tar.gz``, or its folder, the
    folder of a picture is its texture; in WikiArt, the folder is the movement and files are named ``artist_title.jpg``.

    Raises:
        UserError: If the file cannot be read, or a line does not have three parts.
    """
    if path.is_dir() or is_archive(path):
        return _by_folder(path)
    if path.suffix.lower() == ".csv":
        return _painter_by_numbers(path)
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
            raise UserError(f"{path}, line {number}: {len(parts)} parts; it needs name, kind and label between tabs")
        name, kind, label = (part.strip() for part in parts)
        labels.setdefault(kind, {})[name] = label
    return labels


def _painter_by_numbers(path: Path) -> Labels:
    labels: Labels = {"artist": {}, "movement": {}}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                for kind, column in (("artist", "artist"), ("movement", "style")):
                    if row[column]:
                        labels[kind][row["filename"]] = row[column]
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
        raise UserError(f"cannot read labels {path}: {error!r}; its columns must be filename, artist, style") from None
    return labels


def _by_folder(path: Path) -> Labels:
    """Return the textures of pictures in subfolders of ``images``, else movements by folder and artists by name."""
    labels: Labels = {}
    for entry in read_shard(Shard(str(path))):
        *_, above, folder, name = ("", "", *PurePosixPath(entry.name).parts)
        kind = "texture" if above == "images" else "movement"
        labels.setdefault(kind, {})[f"{folder}/{name}"] = folder
        if kind == "movement" and "_" in name:
            labels.setdefault("artist", {})[f"{folder}/{name}"] = name.partition("_")[0]
    return labels


def labels_of(names: Sequence[str], known: dict[str, str]) -> list[str | None]:
    """Return the label of each name, or None; a table may name a picture by the last parts of its path only."""
    return [next((known[end] for end in _endings(name) if end in known), None) for name in names]


def by_picture(labels: Labels) -> dict[str, list[str]]:
    """Return the labels of each picture by its name, artists first."""
    found: dict[str, list[str]] = {}
    for kind in sorted(labels, key=lambda kind: (kind != "artist", kind)):
        for name, label in labels[kind].items():
            found.setdefault(name, []).append(label)
    return found


def _endings(name: str) -> list[str]:
    """Return a path and its endings, the longest first: ``a/b/c``, ``b/c``, ``c``."""
    parts = PurePosixPath(name).parts
    return ["/".join(parts[start:]) for start in range(len(parts))]
