"""Determines the format, frames, size and metadata of a job's output file."""

import errno
import os
import sys
from dataclasses import replace
from pathlib import Path

from brushwork import atomic, images
from brushwork.batch.options import Options
from brushwork.batch.plan import Job, check_format
from brushwork.errors import UserError
from brushwork.images import Frame, ImageError, Metadata, Picture

# Errors of a full disk and of an exceeded quota, which not every system defines.
_FULL = [os.strerror(code).lower() for code in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))]


def kind_of(job: Job, options: Options, own: str = "") -> str:
    """Return the format of a job's output; that of the content if neither the run nor the target names one.

    Raises:
        UserError: If the target has no extension of a known format, or that cannot hold the depth.
    """
    kind = options.format or (job.target.suffix if job.target else None)
    if kind is None:
        kind = own if own in images.FORMATS else "JPEG" if own == "HEIF" else "PNG"
    return check_format(kind, options)


def fit_frames(content: Picture, kind: str) -> tuple[Picture, str | None]:
    """Return the frames of a content that a format can hold, and a notice about the rest.

    Raises:
        UserError: If a side is too long for the format, or it cannot hold pages; before anything is rendered.
    """
    check_sides(content.image.shape[0], content.image.shape[1], kind)
    count = len(content.frames)
    if content.paged and kind != "TIFF":
        raise UserError(f"{kind} holds one page; {count} pages are written as TIFF, or one of them with --page")
    if count == 1 or content.paged or images.FORMATS[kind].animated:
        return content, None
    first = content.frames[0]
    single = replace(content, frames=(Frame(first.image, first.alpha),))
    return single, f"{kind} holds one frame; the first of {count} is taken"


def check_sides(height: int, width: int, kind: str) -> None:
    """Raise `UserError` if a format cannot hold a picture of a size."""
    longest = images.FORMATS[kind].longest
    if max(height, width) > longest:
        raise UserError(f"{kind} holds at most {longest} pixels on a side, not {width} x {height}; try --size")


def check_target(job: Job, options: Options) -> None:
    """Raise `UserError` if a pastiche could not be written; called before it is rendered."""
    if job.target is None and getattr(sys.stdout, "name", None) == os.devnull:  # see `brushwork.__main__`
        raise UserError("standard output is closed; choose a file with -o")
    if job.target is None and sys.stdout.isatty():
        raise UserError("a picture cannot be shown in a terminal; choose a file with -o")
    if job.target is None:
        return
    if job.target.exists() and not options.overwrite:
        raise UserError(f"{job.target} exists; use --overwrite to replace it")
    if job.content is not None and not job.content.exists():
        return  # which is said first
    if job.target.exists():
        if not atomic.is_writable(job.target):
            raise ImageError(f"cannot write {job.target}: it is read-only")
        return
    folder = next((each for each in job.target.parents if each.exists()), Path())
    if not folder.is_dir():
        raise ImageError(f"cannot write {job.target}: {os.strerror(errno.ENOTDIR).lower()}")
    if not atomic.is_writable(folder):
        raise ImageError(f"cannot write {job.target}: {os.strerror(errno.EACCES).lower()}")


def is_full(error: str | None) -> bool:
    """Return whether an error says that the disk is full, so that no further pastiche can be written."""
    return error is not None and any(reason in error for reason in _FULL)


def kept_metadata(found: Metadata, options: Options) -> Metadata:
    """Return the metadata that a run keeps, marked as a pastiche unless all metadata is stripped."""
    kept = found.stripped(options.strip)
    return kept if options.strip == "all" else kept.marked()
