"""Which content goes with which styles, and where its pastiche is written; nothing is read or written here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from brushwork import images
from brushwork.errors import UserError

# What can be written: fewer formats than can be read.
WRITTEN = {extension for format in images.FORMATS.values() for extension in format.extensions}
STANDARD = "-"  # standard input as a content, standard output as a target


@dataclass(frozen=True)
class Job:
    """One pastiche to be made. A content or target of None is standard input or output."""

    content: Path | None
    styles: tuple[str, ...]
    target: Path | None


def plan(
    contents: Sequence[str],
    styles: Sequence[str],
    target: str | None = None,
    *,
    each: bool = False,
    recursive: bool = False,
    format: str | None = None,
) -> list[Job]:
    """The jobs of a run, in order, no two of which write the same file.

    Args:
        contents: Pictures, folders of pictures, or ``-`` for standard input.
        styles: Style pictures or names of styles.
        target: A file, a folder, or ``-`` for standard output. None writes ``photo-style.jpg`` beside ``photo.jpg``.
        each: Every content with every style, one pastiche each; else every content with the blend of all styles.
        recursive: Whether folders are searched to any depth; the folders below them are made anew in the target.
        format: Format of what is written; None keeps each content's own.

    Raises:
        UserError: If a folder holds no picture, or one file is the target of several pastiches.
    """
    found = list(_contents(contents, recursive))
    groups = [(style,) for style in styles] if each else [tuple(styles)]
    pairs = [(content, below, group) for content, below in found for group in groups]
    if format:
        images.format_of(format)
    if target == STANDARD or (target is None and [content for content, _ in found] == [None]):
        if len(pairs) != 1:
            raise UserError(f"standard output takes one pastiche, not {len(pairs)}")
        return [Job(pairs[0][0], pairs[0][2], None)]
    if target is not None and _is_file(target, len(pairs)):
        images.format_of(format or Path(target).suffix)
        return [Job(pairs[0][0], pairs[0][2], Path(target))]
    taken: set[str] = {str(content.absolute()).lower() for content, _ in found if content}
    jobs = []
    for content, below, group in pairs:
        name = _name(content, group, mark=each or target is None, format=format)
        folder = (Path(target) if target else content.parent if content else Path()) / (below if target else "")
        jobs.append(Job(content, group, _free(folder / name, taken)))
    return jobs


def _contents(contents: Sequence[str], recursive: bool) -> Iterator[tuple[Path | None, Path]]:
    """Each picture, and the folder below the given one in which it was found."""
    for content in contents:
        if content == STANDARD:
            yield None, Path()
        elif (folder := Path(content)).is_dir():
            pictures = images.find(folder, recursive=recursive)
            if not pictures:
                raise UserError(f"no pictures in the folder {folder}" + ("" if recursive else " (try --recursive)"))
            for picture in pictures:
                yield picture, picture.parent.relative_to(folder)
        else:
            yield Path(content), Path()


def _is_file(target: str, count: int) -> bool:
    """Whether a target means a file: it has the ending of one and is no folder."""
    if Path(target).is_dir() or target.endswith(("/", "\\")) or not Path(target).suffix:
        return False
    if count > 1:
        raise UserError(f"{target} is one file, but there are {count} pastiches; give a folder")
    return True


def _name(content: Path | None, styles: tuple[str, ...], *, mark: bool, format: str | None) -> str:
    """File name of a pastiche: the content's, with the styles' names behind it where it would else be the same."""
    stem = content.stem if content else "pastiche"
    suffix = content.suffix if content else ".png"
    if format or suffix.lower() not in WRITTEN:
        suffix = images.FORMATS[images.format_of(format or "png")].extensions[0]
    return (f"{stem}-{'+'.join(Path(style).stem for style in styles)}" if mark else stem) + suffix


def _free(path: Path, taken: set[str]) -> Path:
    """The path, or where another pastiche or a content of this run has it, one with a number; it is taken from now on.

    Compared without case, since two files of one name are one file on Windows and macOS.
    """
    candidate, number = path, 1
    while str(candidate.absolute()).lower() in taken:
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    taken.add(str(candidate.absolute()).lower())
    return candidate
