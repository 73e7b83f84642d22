"""Which content goes with which styles, and where its pastiche is written; no picture is read or written here."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from brushwork import images
from brushwork.errors import UserError

# What can be written: fewer formats than can be read.
WRITTEN = {extension for known in images.FORMATS.values() for extension in known.extensions}
STANDARD = "-"  # standard input as a content, standard output as a target


@dataclass(frozen=True)
class Job:
    """One pastiche to be made. A content or target of None is standard input or output."""

    content: Path | None
    styles: tuple[str, ...]
    target: Path | None


@dataclass(frozen=True)
class _Found:
    """A content, and the folder that was given, if that is how it was found."""

    path: Path | None
    folder: Path | None = None


def make_plan(
    contents: Sequence[str],
    styles: Sequence[str],
    target: str | None = None,
    *,
    each: bool = False,
    recursive: bool = False,
    format: str | None = None,  # noqa: A002
) -> list[Job]:
    """The jobs of a run, in order, no two of which write the same file.

    Args:
        contents: Pictures, folders of pictures, or ``-`` for standard input.
        styles: Style pictures or names of styles.
        target: A file, a folder, or ``-`` for standard output. None writes ``photo-style.jpg`` beside ``photo.jpg``,
            and the pictures of a folder ``photos`` into ``photos-style`` beside it.
        each: Every content with every style, one pastiche each; else every content with the blend of all styles.
        recursive: Whether folders are searched to any depth; the folders below them are made anew in the target.
        format: Format of what is written; None keeps each content's own.

    Raises:
        UserError: If a folder holds no picture, a format is unknown, or one file is the target of several pastiches.
    """
    kind = images.format_of(format) if format else None
    found = list(_find(contents, recursive))
    groups = [(style,) for style in styles] if each else [tuple(styles)]
    pairs = [(content, group) for content in found for group in groups]
    if target == STANDARD or (target is None and found == [_Found(None)]):
        if len(pairs) != 1:
            raise UserError(f"standard output takes one pastiche, not {len(pairs)}; give a folder with -o")
        return [Job(found[0].path, groups[0], None)]
    if target is not None and _is_file(target, len(pairs)):
        if not kind:
            images.format_of(Path(target).suffix)
        return [Job(found[0].path, groups[0], Path(target))]
    taken = {_key(content.path) for content in found if content.path}
    targets = [_free(_target(content, group, target, each, kind), taken) for content, group in pairs]
    return [Job(content.path, group, path) for (content, group), path in zip(pairs, targets, strict=True)]


def _find(contents: Sequence[str], recursive: bool) -> Iterator[_Found]:
    """Each picture of the contents."""
    if list(contents).count(STANDARD) > 1:
        raise UserError("standard input can be read once only")
    for content in contents:
        if not content:
            raise UserError("a content has an empty name")
        if content == STANDARD:
            yield _Found(None)
        elif _is_folder(folder := Path(content)):
            pictures = images.find(folder, recursive=recursive)
            if not pictures:
                raise UserError(f"no pictures in the folder {folder}" + ("" if recursive else " (try --recursive)"))
            yield from (_Found(picture, folder) for picture in pictures)
        else:
            yield _Found(Path(content))


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder, and one that may be looked at."""
    try:
        return path.is_dir()
    except OSError:  # what is wrong with it is said when it is read
        return False


def _is_file(target: str, count: int) -> bool:
    """Whether a target means a file: it has the ending of one and is no folder."""
    path = Path(target)
    if _is_folder(path):
        return False
    if target.endswith(("/", "\\")) or not path.suffix:
        if path.exists():
            raise UserError(f"{path} is a file, not a folder to write to")
        return False
    if count > 1:
        raise UserError(f"{target} is one file, but there are {count} pastiches; give a folder")
    return True


def _target(content: _Found, styles: tuple[str, ...], target: str | None, each: bool, kind: str | None) -> Path:
    """Where a pastiche is written: named like its content, and like its styles where it would else be the same."""
    path = content.path or Path("pastiche.png")
    suffixes = images.FORMATS[kind].extensions if kind else WRITTEN
    suffix = path.suffix if path.suffix.lower() in suffixes else images.FORMATS[kind or "PNG"].extensions[0]
    look = "+".join(Path(style).stem for style in styles) or "regions"
    below = path.parent.relative_to(content.folder) if content.folder else Path()
    if target is None and content.folder:
        # Not among the contents: a second run would take the pastiches for photos.
        named = content.folder if content.folder.name not in ("", "..") else Path(os.path.realpath(content.folder))
        return named.parent / f"{named.name}-{look}" / below / f"{path.stem}{suffix}"
    folder = Path(target) / below if target else path.parent
    marked = each or os.path.realpath(folder) == os.path.realpath(path.parent)
    return folder / (f"{path.stem}-{look}{suffix}" if marked else f"{path.stem}{suffix}")


def _free(path: Path, taken: set[str]) -> Path:
    """The path, or one with a number where another pastiche or a content of this run has it; it is then taken."""
    candidate, number = path, 1
    while _key(candidate) in taken:
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    taken.add(_key(candidate))
    return candidate


def _key(path: Path) -> str:
    """One key for all spellings of a path; without case, since `A` and `a` are one file on Windows and macOS."""
    return os.path.realpath(path).lower()
