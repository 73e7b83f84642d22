"""Runs the jobs of a plan: while one picture is stylised, the next is decoded and the previous encoded."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import replace
from pathlib import Path

from brushwork import images
from brushwork.batch.contents import Contents, Undecoded, naming_standard_input
from brushwork.batch.options import Options
from brushwork.batch.output import is_full, kept_metadata, kind_of
from brushwork.batch.plan import Job
from brushwork.batch.record import Record
from brushwork.batch.refining import Refiner
from brushwork.batch.session import KnownStyles, Session, Strips
from brushwork.errors import UserError
from brushwork.images import Picture
from brushwork.prefetch import map_ahead
from brushwork.rendering.memory import Tiling
from brushwork.stylizer import Stylizer

# Pastiches that may wait for the encoder; more would only use memory.
WAITING = 2


def run(
    plan: Sequence[Job],
    load: Callable[[], Stylizer],
    options: Options,
    progress: Callable[[float], None] = lambda fraction: None,
    known: KnownStyles | None = None,
) -> Generator[Record, None, None]:
    """Render the pastiches of a plan and yield a record of each in order; a failed job does not stop the others.

    Args:
        plan: The jobs.
        load: Loads the stylizer, while the first content is decoded.
        options: Options of rendering and writing.
        progress: Called with the fraction completed of a picture larger than memory.
        known: Styles of earlier runs, which are neither read nor embedded again.

    Raises:
        UserError: If the stylizer cannot be loaded, a style that every job needs cannot be used, or a disk is full.
    """
    contents = Contents(options)
    with closing(contents), closing(map_ahead(contents.decode, plan)) as decoded:
        session = Session(load(), options, known)
        pastiches = _Pastiches(session, contents, len({job.styles for job in plan}) == 1, progress)

        def painted() -> Iterator[tuple[Job, Record, Picture | None]]:
            try:
                for job, (record, content) in zip(plan, decoded, strict=True):
                    yield job, record, pastiches.make(job, record, content)
                    if pastiches.interrupted:  # finished pastiches are written, and no further one is started
                        break
            except BaseException:
                session.close()
                raise

        records = map_ahead(lambda made: _encode(*made, options), painted(), ahead=WAITING)
        try:
            for number, record in enumerate(records, 1):
                yield record
                if is_full(record.error) and number < len(plan):
                    left = len(plan) - number
                    raise UserError(f"{left} more do not fit; free some space and continue with --skip-existing")
        finally:  # also when the caller closes the generator
            session.close()
            records.close()


class _Pastiches:
    """Renders the pastiches of a run.

    Args:
        session: The stylizer and its embeddings.
        contents: Decodes the contents.
        shared: Whether all jobs have the same styles; a style that cannot be used then ends the run.
        progress: Called with the fraction completed of a picture larger than memory.
    """

    def __init__(
        self, session: Session, contents: Contents, shared: bool, progress: Callable[[float], None]
    ) -> None:  # fmt: skip
        self._session, self._contents, self._shared, self._progress = session, contents, shared, progress
        self._refiner = Refiner(session.options, session.stylizer.gallery, progress)

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the refinement of a pastiche, which kept the best result so far."""
        return self._refiner.interrupted

    def make(self, job: Job, record: Record, content: Picture | Undecoded | None) -> Picture | None:
        """Return the pastiche of a content; None after an error, or if it has already been written in strips."""
        if isinstance(content, Undecoded):
            tiling = self._session.choose_tiling(content.height, content.width, content.encoding)
            if tiling.mode != "never":
                if self._session.options.refine is not None:
                    record.error = f"{record.content}: it is too large to be refined in memory; limit it with --size"
                    return None
                self._make_by_strips(job, record, content.path, tiling)
                return None
            content = self._contents.decode_whole(job, record)
        return content and self._paint(job, record, content)

    def _paint(self, job: Job, record: Record, content: Picture) -> Picture | None:
        with nullcontext() if self._shared else record.recording_errors(), record.timed("embed"):
            embedding = self._session.blend(job.styles, content.filled()) if job.styles else None
            record.notices.extend(self._session.take_notices())
        if record.error is not None:
            return None
        with record.recording_errors():
            pastiche = self._session.paint(content, embedding, record.seconds, job.content, record.notices)
            if self._session.options.refine is None:
                return pastiche
            return self._refiner.refine(job.styles, content, pastiche, record.notices, record.seconds)
        return None

    def _make_by_strips(self, job: Job, record: Record, path: Path, tiling: Tiling) -> None:
        """Render and write the pastiche of a content larger than memory in strips, and complete its record."""
        options = self._session.options
        with record.recording_errors(), ExitStack() as stack:
            with record.timed("decode"), naming_standard_input():
                content = stack.enter_context(images.open_large(path, options.page or 1, size=options.size))
            kind = kind_of(job, options, content.format)
            height, width, bands = content.pixels.shape
            record.height, record.width = height, width
            record.notices.extend(content.notices)
            depth = (options.depth or content.depth) if images.FORMATS[kind].deep else 8
            target = stack.enter_context(images.canvas(height, width, bands, f"uint{depth}"))
            with record.timed("stylise"):
                strips = Strips(content.pixels, target, job.content, tiling)
                if bands == 4:
                    filled = images.FilledRows(content.pixels)
                    rows = images.RestoredRows(target, content.pixels, filled)
                    strips = Strips(filled, rows, job.content, tiling)
                self._session.paint_strips(job.styles, strips, record.notices, self._progress)
                record.notices.extend(self._session.take_notices())
            with record.timed("encode"):
                pastiche = images.LargePicture(target, kept_metadata(content.metadata, options))
                _save_large(pastiche, job.target, kind, options)


def _save_large(pastiche: images.LargePicture, target: Path | None, kind: str, options: Options) -> None:
    """Write a pastiche in strips to a file, and from there to standard output if no target is given."""
    if target is not None:
        images.save_large(pastiche, target, kind, quality=options.quality, overwrite=options.overwrite)
        return
    with tempfile.TemporaryDirectory(prefix="brushwork-") as folder:
        images.save_large(pastiche, path := Path(folder) / "standard-output", kind, quality=options.quality)
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()


def _encode(job: Job, record: Record, pastiche: Picture | None, options: Options) -> Record:
    """Write a pastiche and complete its record."""
    if pastiche is None:
        return record
    painted = record.seconds["stylise"]
    with record.recording_errors(), record.timed("encode"):
        target = job.target or sys.stdout.buffer
        pastiche = replace(pastiche, metadata=kept_metadata(pastiche.metadata, options))
        kind = kind_of(job, options, pastiche.format)
        images.save(
            pastiche, target, format=kind, quality=options.quality, depth=options.depth, overwrite=options.overwrite
        )
        if job.target is None:
            sys.stdout.flush()
    if record.error is None:  # the frames of an animation are rendered while they are encoded
        record.seconds["encode"] -= record.seconds["stylise"] - painted
    return record
