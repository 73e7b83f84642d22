"""Plans a run: which content gets which styles, and where its pastiche is written. No picture is read here."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from brushwork import images
from brushwork.batch.inputs import STANDARD, Content, exists, find_contents, is_folder, key, without_pastiches
from brushwork.batch.options import DEFAULT, Options
from brushwork.errors import UserError
from brushwork.styles.names import label_of

# Extensions of formats that can be written; more can be read.
WRITTEN = {extension for known in images.FORMATS.values() for extension in known.extensions}
# Formats that can only be read -> the format in which their pastiches are written.
_WRITTEN_AS = {"HEIF": "JPEG"}


@dataclass(frozen=True)
class Job:
    """One pastiche to render. A content or target of None is standard input or output."""

    content: Path | None
    styles: tuple[str, ...]
    target: Path | None
    notices: tuple[str, ...] = ()


def make_plan(
    contents: Sequence[str],
    styles: Sequence[str],
    target: str | None = None,
    *,
    each: bool = False,
    recursive: bool = False,
    options: Options = DEFAULT,
    taken: set[str] | None = None,
) -> list[Job]:
    """Return the jobs of a run in order. No two jobs write the same file, and none overwrites a file that is read.

    Args:
        contents: Pictures, folders of pictures, or ``-`` for standard input.
        styles: Style pictures or style names.
        target: A file, a folder, or ``-`` for standard output. None writes ``photo-style.jpg`` beside ``photo.jpg``,
            and the pictures of a folder ``photos`` into ``photos-style`` beside it.
        each: Whether to combine every content with every style; otherwise with the blend of all styles.
        recursive: Whether folders are searched recursively; their subfolders are reproduced in the target.
        options: Options; the format, the depth, the regions' files and the handling of existing files are used.
        taken: Keys of files that other plans write; those of this plan are added.

    Raises:
        UserError: If a folder has no pictures, a format is unknown or unsuitable, several pastiches have the same
            target file, or a target is also read.
    """
    kind = None if options.format is None else check_format(options.format, options)
    found = find_contents(contents, recursive, target)
    groups = [(style,) for style in styles] if each and styles else [tuple(styles)]
    jobs = _single(found, groups, target, kind)
    if jobs is None:
        place = _Place(target, each, kind)
        kept = without_pastiches(found, {key(place.of(content, group)) for content in found for group in groups})
        taken = set() if taken is None else taken
        taken |= {key(content.path) for content in kept if content.path}
        pairs = [(content, group) for content in kept for group in groups]
        jobs = [Job(content.path, group, _free(place.of(content, group), taken)) for content, group in pairs]
        if jobs and len(kept) < len(found):
            left_out = f"{len(found) - len(kept)} pastiches of earlier runs are left out"
            jobs[0] = Job(jobs[0].content, jobs[0].styles, jobs[0].target, (left_out,))
    _check(jobs, options)
    return [job for job in jobs if not (options.skip_existing and job.target and job.target.exists())]


def _single(
    found: Sequence[Content], groups: Sequence[tuple[str, ...]], target: str | None, kind: str | None
) -> list[Job] | None:
    """Return the job that writes to standard output or to a named file; None if there is none."""
    count = len(found) * len(groups)
    if target == "":
        raise UserError("the output has an empty name")
    if target == STANDARD or (target is None and list(found) == [Content(None)]):
        if count != 1:
            raise UserError(f"standard output takes one pastiche, not {count}; give a folder with -o")
        return [Job(found[0].path, groups[0], None)]
    if target is None or not _is_file(target, found, count):
        return None
    named = images.format_of(Path(target).suffix)
    if kind and kind != named:
        raise UserError(f"{target} has the extension of {named}, but the format is {kind}; leave out one")
    return [Job(found[0].path, groups[0], Path(target))]


def _is_file(target: str, found: Sequence[Content], count: int) -> bool:
    """Return whether a target means a file: it has an extension and is not a folder."""
    path = Path(target)
    if is_folder(path):
        return False
    known = path.suffix.lower() in WRITTEN
    if target.endswith(("/", "\\")) or not path.suffix or (not known and (count > 1 or found[0].folder)):
        if path.exists():
            raise UserError(f"{path} is a file, not a folder to write to")
        return False
    if count > 1:
        raise UserError(f"{target} is one file, but there are {count} pastiches; give a folder")
    return True


@dataclass(frozen=True)
class _Place:
    """Chooses the files of pastiches: named after the content, and after the styles where names would collide."""

    target: str | None
    each: bool
    kind: str | None

    def of(self, content: Content, styles: tuple[str, ...]) -> Path:
        """Return the file of a pastiche; another pastiche may have the same."""
        path = content.path or Path("pastiche.png")
        suffix = self._suffix(path, content)
        name = "+".join(map(label_of, styles)) or "regions"
        below = path.parent.relative_to(content.folder) if content.folder else Path()
        if self.target is None and content.folder:
            # Not among the contents: a second run would treat the pastiches as photos.
            unnamed = content.folder.name in ("", "..")
            folder = Path(os.path.realpath(content.folder)) if unnamed else content.folder
            return folder.parent / f"{folder.name}-{name}" / below / f"{path.stem}{suffix}"
        folder = Path(self.target) / below if self.target else path.parent
        marked = self.each or os.path.realpath(folder) == os.path.realpath(path.parent)
        return folder / (f"{path.stem}-{name}{suffix}" if marked else f"{path.stem}{suffix}")

    def _suffix(self, path: Path, content: Content) -> str:
        """Return the extension: the content's if it fits, else that of the content's format."""
        if path.suffix.lower() in (images.FORMATS[self.kind].extensions if self.kind else WRITTEN):
            return path.suffix
        own = (images.format_in(content.path) if content.path and not self.kind else None) or "PNG"
        kind = self.kind or _WRITTEN_AS.get(own, own if own in images.FORMATS else "PNG")
        return images.FORMATS[kind].extensions[0]


def _free(path: Path, taken: set[str]) -> Path:
    """Return and reserve the path, with a number added if another pastiche or a content has it."""
    candidate, number = path, 1
    while key(candidate) in taken:
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    taken.add(key(candidate))
    return candidate


def check_format(name: str, options: Options) -> str:
    """Return the format of a name or an extension.

    Raises:
        UserError: If it is unknown, or cannot hold the depth that the options ask for.
    """
    kind = images.format_of(name)
    if options.depth == 16 and not images.FORMATS[kind].deep:
        raise UserError(f"{kind} holds 8 bits per channel; choose PNG or TIFF")
    return kind


def _check(jobs: Sequence[Job], options: Options) -> None:
    """Raise errors of the outputs before any work is done."""
    regions = [name for region in options.regions for name in (region.mask, region.style)]
    read = {*regions, *([options.protect] if options.protect else []), *chain(*(job.styles for job in jobs))}
    sources = [Path(name) for name in read if exists(name)]
    masks = [path for folder in sources if is_folder(folder) for path in images.find(folder)]
    keys = {key(path) for path in (*sources, *masks)}
    for job in jobs:
        if job.target is None:
            continue
        check_format(options.format or job.target.suffix, options)
        if key(job.target) in keys or any(_same(job.target, path) for path in (*sources, job.content)):
            raise UserError(f"{job.target} is also read; write the pastiche to another file")


def _same(target: Path, source: Path | None) -> bool:
    """Return whether two paths lead to the same file, also through links."""
    try:
        return source is not None and target.exists() and source.exists() and target.samefile(source)
    except OSError:
        return False
