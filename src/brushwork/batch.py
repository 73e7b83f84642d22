"""Many pictures in one run: the next is decoded and the last encoded while one is stylised."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from brushwork import color, images
from brushwork.errors import UserError
from brushwork.images import Picture
from brushwork.jobs import Job
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer, check_strength, shares

KEEP_COLORS = ("luma", "histogram")
# Pastiches that wait for the encoder; more would only fill the memory.
WAITING = 2


@dataclass(frozen=True)
class Options:
    """How the pastiches of a run are made and written; see ``brushwork stylize --help``.

    Raises:
        UserError: If a value is out of its range.
    """

    weights: Sequence[float] | None = None
    strength: float = 1.0
    keep_colors: str | None = None
    size: int | None = None
    style_size: int | None = None
    format: str | None = None
    quality: int | None = None
    depth: int | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_strength(self.strength)
        if self.keep_colors not in (None, *KEEP_COLORS):
            raise UserError(f"unknown way to keep colours {self.keep_colors!r}; known: {', '.join(KEEP_COLORS)}")
        for name, value, low, high in (
            ("size", self.size, 16, 100_000),
            ("style size", self.style_size, 80, 2048),
            ("quality", self.quality, 1, 100),
        ):
            if value is not None and not low <= value <= high:
                raise UserError(f"the {name} is {value}; it must lie between {low} and {high}")
        if self.depth not in (None, 8, 16):
            raise UserError(f"the depth is {self.depth}; it must be 8 or 16 bits a channel")


def parse_weights(text: str | None, count: int) -> list[float] | None:
    """The weights of a blend of so many styles, from ``0.7,0.3``.

    Raises:
        UserError: If they are no numbers, or not one a style.
    """
    if text is None:
        return None
    try:
        weights = [float(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"weights {text!r} are not numbers with commas between them, such as 0.7,0.3") from None
    shares(weights, count)
    return weights


@dataclass
class Record:
    """What became of one job: sizes, seconds of each part, or the one line that says what went wrong."""

    content: str
    styles: list[str]
    pastiche: str
    width: int = 0
    height: int = 0
    frames: int = 1
    seconds: dict[str, float] = field(default_factory=dict)
    error: str | None = None


def run(jobs: Sequence[Job], load: Callable[[], Stylizer], options: Options) -> Iterator[Record]:
    """Makes the pastiches and yields a record of each, in order; one that fails does not stop the others.

    Args:
        jobs: What to make.
        load: Loads the stylizer; the first content is decoded meanwhile.
        options: How.

    Raises:
        UserError: If the stylizer cannot be loaded.
    """
    with ThreadPoolExecutor(1) as decoder, ThreadPoolExecutor(1) as encoder:
        decoded = decoder.submit(_decode, jobs[0], options)
        studio = _Studio(load(), options)
        written: deque[Future[Record]] = deque()
        try:
            for index, job in enumerate(jobs):
                record, picture = decoded.result()
                if index + 1 < len(jobs):
                    decoded = decoder.submit(_decode, jobs[index + 1], options)
                if picture is not None:
                    picture = studio.render(job, record, picture)
                written.append(encoder.submit(_encode, job, record, picture, options))
                while written and (written[0].done() or len(written) > WAITING):
                    yield written.popleft().result()
            while written:
                yield written.popleft().result()
        finally:
            decoded.cancel()
            for future in written:
                future.cancel()


def _decode(job: Job, options: Options) -> tuple[Record, Picture | None]:
    """Reads a content; no picture where that failed, which the record says."""
    record = Record(str(job.content or "-"), list(job.styles), str(job.target or "-"))
    start = time.perf_counter()
    try:
        _check_target(job, options)
        source = job.content if job.content is not None else sys.stdin.buffer.read()
        picture = images.open(source, size=options.size)
        record.height, record.width = picture.image.shape[:2]
        record.frames = len(picture.frames)
    except (UserError, MemoryError) as error:
        record.error = _line(error)
        return record, None
    record.seconds["decode"] = time.perf_counter() - start
    return record, picture


def _check_target(job: Job, options: Options) -> None:
    """What would be refused at the end is refused before the work."""
    if job.target is None or not job.target.exists():
        return
    for source in (job.content, *(Path(style) for style in job.styles)):
        if source is not None and source.exists() and source.samefile(job.target):
            raise UserError(f"{job.target} is one of the pictures read; write the pastiche elsewhere")
    if not options.overwrite:
        raise UserError(f"{job.target} exists; use --overwrite to replace it")


class _Studio:
    """A stylizer and the embeddings of this run, so that each style is embedded once."""

    def __init__(self, stylizer: Stylizer, options: Options) -> None:
        self.stylizer = stylizer
        self.options = options
        self._styles: dict[str, Array | str | UserError] = {}
        self._embeddings: dict[str, Array] = {}

    def render(self, job: Job, record: Record, picture: Picture) -> Picture | None:
        """The pastiche of a content; its frames, where there are many, are made when they are written."""
        seconds = record.seconds
        start = time.perf_counter()
        try:
            embedding = self._blend(job.styles, picture)
            seconds["embed"] = time.perf_counter() - start
            seconds["stylise"] = 0.0

            def stylize(image: Array) -> Array:
                begin = time.perf_counter()
                pastiche = self.stylizer.stylize(image, embedding, self.options.strength)
                if self.options.keep_colors == "luma" and self.options.strength > 0:
                    pastiche = color.luma(image, pastiche)
                seconds["stylise"] += time.perf_counter() - begin
                return pastiche

            return picture.map(stylize)
        except (UserError, MemoryError) as error:
            record.error = _line(error)
            return None

    def _blend(self, styles: tuple[str, ...], content: Picture) -> Array:
        """The embedding of the blend of a job's styles."""
        embeddings = []
        for style in styles:
            image = self._open(style)
            if self.options.keep_colors == "histogram" and not isinstance(image, str):
                # The style's colours become this content's, so this embedding is for this content alone.
                embeddings.append(self._embed(color.histogram(image, content.image)))
                continue
            if style not in self._embeddings:
                self._embeddings[style] = self._embed(image)
            embeddings.append(self._embeddings[style])
        return self.stylizer.blend(embeddings, self.options.weights)

    def _embed(self, style: Array | str) -> Array:
        return self.stylizer.embed(style, self.options.style_size)

    def _open(self, style: str) -> Array | str:
        """A style picture, on white where it is transparent; or the name of a style. A file wins over a name."""
        if style not in self._styles:
            if style in self.stylizer.styles and not Path(style).exists():
                self._styles[style] = style
            else:
                try:
                    self._styles[style] = _on_white(images.open(style))
                except UserError as error:
                    self._styles[style] = error
        found = self._styles[style]
        if isinstance(found, UserError):
            raise found
        return found


def _on_white(picture: Picture) -> Array:
    """The first image of a picture, (H, W, 3), where it is transparent over white."""
    image, alpha = picture.image, picture.alpha
    return image if alpha is None else np.asarray(1 - alpha[..., None] * (1 - image), dtype=np.float32)


def _encode(job: Job, record: Record, picture: Picture | None, options: Options) -> Record:
    """Writes a pastiche and completes its record."""
    if picture is None:
        return record
    before = record.seconds["stylise"]
    start = time.perf_counter()
    try:
        settings: dict[str, Any] = {"quality": options.quality, "depth": options.depth}
        if job.target is not None:
            images.save(picture, job.target, format=options.format, overwrite=options.overwrite, **settings)
        else:
            buffer = BytesIO()
            images.save(picture, buffer, format=options.format or picture.format, **settings)
            sys.stdout.buffer.write(buffer.getvalue())
            sys.stdout.buffer.flush()
    except (UserError, MemoryError) as error:
        record.error = _line(error)
        return record
    # The frames of an animation are stylised on the way into the file.
    rendered = record.seconds["stylise"] - before
    record.seconds["encode"] = time.perf_counter() - start - rendered
    return record


def _line(error: BaseException) -> str:
    """One line of what went wrong."""
    return str(error) or "not enough memory; try --size"
