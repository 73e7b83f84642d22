"""Finds the contents and styles of a run: files, folders and standard input, without pastiches of earlier runs."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from brushwork import images
from brushwork.errors import UserError
from brushwork.images.formats import CONVERT, RAW_EXTENSIONS

STANDARD = "-"  # standard input as a content, standard output as a target


@dataclass(frozen=True)
class Content:
    """A content (None is standard input), and the given folder in which it was found, if any."""

    path: Path | None
    folder: Path | None = None


def find_contents(contents: Sequence[str], recursive: bool, target: str | None) -> list[Content]:
    """Return all pictures that the arguments name.

    Args:
        contents: Pictures, folders of pictures, or ``-`` for standard input.
        recursive: Whether folders are searched recursively.
        target: Target of the run; a target folder inside a searched folder is skipped.

    Raises:
        UserError: If a name is empty, a folder has no pictures, or standard input is named twice.
    """
    if list(contents).count(STANDARD) > 1:
        raise UserError("standard input can be read only once")
    return [found for content in contents for found in _find(content, recursive, target)]


def _find(content: str, recursive: bool, target: str | None) -> Iterator[Content]:
    if not content:
        raise UserError("a content has an empty name")
    if content == STANDARD:
        yield Content(None)
    elif is_folder(folder := Path(content)):
        pictures = [path for path in images.find(folder, recursive=recursive) if not _is_below(path, target, folder)]
        if not pictures:
            raise UserError(_none_in(folder, recursive))
        yield from (Content(picture, folder) for picture in pictures)
    else:
        yield Content(Path(content))


def _none_in(folder: Path, recursive: bool) -> str:
    """Return the message for a folder without pictures; camera raw files need another program first."""
    found = folder.rglob("*") if recursive else folder.iterdir()
    raw = next((path for path in found if path.suffix.lower() in RAW_EXTENSIONS), None)
    if raw is not None:
        return f"no pictures in the folder {folder} but camera raw files, such as {raw.name}; {CONVERT}"
    return f"no pictures in the folder {folder}" + ("" if recursive else " (try --recursive)")


def _is_below(path: Path, target: str | None, folder: Path) -> bool:
    """Return whether a picture is in the target folder, unless that is the searched folder itself."""
    if target is None or os.path.realpath(target) == os.path.realpath(folder):
        return False
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(target))


def without_pastiches(found: Sequence[Content], targets: set[str]) -> list[Content]:
    """Leave out pastiches that earlier runs wrote into the searched folders.

    These are pictures marked as a pastiche (see `images.Metadata.marked`) in a folder that also has unmarked pictures,
    and pictures with the name of a pastiche of this run. A folder with pastiches only is processed: they are stylised
    again.

    Args:
        found: Contents.
        targets: Keys of the files that this run would write; see `key`.
    """
    kept = [content for content in found if not (content.folder and content.path and key(content.path) in targets)]
    marked = {content for content in kept if content.folder and content.path and images.is_pastiche(content.path)}
    photos = {content.folder for content in kept if content not in marked}
    return [content for content in kept if content not in marked or content.folder not in photos]


def expand_styles(styles: Sequence[str]) -> list[str]:
    """Return the styles with each folder replaced by its pictures.

    Raises:
        UserError: If a folder has no pictures.
    """
    expanded: list[str] = []
    for style in styles:
        if style and is_folder(Path(style)):
            found = [str(path) for path in images.find(style)]
            if not found:
                raise UserError(f"no pictures in the folder {style}")
            expanded += found
        else:
            expanded.append(style)
    return expanded


def is_folder(path: Path) -> bool:
    """Return whether a path is an accessible folder."""
    try:
        return path.is_dir()
    except OSError:  # reading it later reports the reason
        return False


def exists(name: str) -> bool:
    """Return whether text is the name of an existing file or folder; words for a style can be too long for a name."""
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


def key(path: Path) -> str:
    """Return the same key for all spellings of a path, in lower case: `A` and `a` are one file on Windows and macOS."""
    return os.path.realpath(path).lower()
