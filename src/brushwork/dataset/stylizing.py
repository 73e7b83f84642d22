"""Stylises data sets (Geirhos et al. 2019): every picture of a part in one or more random styles."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from typing import Any, NamedTuple

import pyarrow as pa

from brushwork import images, model_folder, stylizer
from brushwork.augment.draws import Draws
from brushwork.augment.styles import RANDOM, StyleSource
from brushwork.dataset.parts import KINDS, Kind, Part, Sample, read_part
from brushwork.dataset.places import Place
from brushwork.dataset.plan import MANIFEST, Report
from brushwork.dataset.writing import Add, Output, open_writer, write_rows
from brushwork.errors import UserError, in_one_line, unknown
from brushwork.images import Picture
from brushwork.prefetch import map_ahead
from brushwork.rendering.settings import check_range
from brushwork.stylizer import Stylizer

# A row for each pastiche, and one with an error for each picture that cannot be used.
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("content", "output", "style")),
        ("variant", pa.int32()),
        ("seed", pa.uint64()),
        ("sample", pa.uint64()),
        ("strength", pa.float32()),
        *((name, pa.int32()) for name in ("width", "height")),
        ("error", pa.string()),
    ]
)


@dataclass(frozen=True)
class Stylizing:
    """The task of stylising a data set.

    Attributes:
        styles: ``random``, or names, pictures and folders of them, which every worker must be able to read.
        per_image: Number of pastiches of each picture.
        strength: Range from which the strength is drawn.
        seed: Seed of all draws; with the name of a picture, it determines the picture's styles.
        texture_only: Whether to keep the pictures' colours.
        size: Limit of the long side in pixels; None for no limit.
        model: Name of a model or a model folder; None for the default.
        kind: ``folder``, ``tar`` or ``parquet``; None for the format of the input.
        quality: Quality of JPEG, WebP and AVIF, 1 to 100; None for the default.

    Raises:
        UserError: If a value is out of its range, or the model or a style does not exist.
    """

    styles: tuple[str, ...] = (RANDOM,)
    per_image: int = 1
    strength: tuple[float, float] = (1.0, 1.0)
    seed: int = 0
    texture_only: bool = False
    size: int | None = None
    model: str | None = None
    kind: Kind | None = None
    quality: int | None = None

    def __post_init__(self) -> None:
        Draws(1, self.strength, self.seed)
        if self.per_image < 1:
            raise UserError(f"the number of pastiches per image is {self.per_image}; it must be at least 1")
        check_range("size", self.size, 16, 100_000)
        check_range("quality", self.quality, 1, 100)
        if self.kind not in (None, *KINDS):
            raise UserError(unknown("format", str(self.kind), KINDS))
        self.open_styles()

    @property
    def settings(self) -> dict[str, Any]:
        """See `brushwork.dataset.plan.Task`."""
        values = asdict(self)
        digest = model_folder.find(self.model).sha256[model_folder.WEIGHTS]
        return {**values, "styles": list(self.styles), "strength": list(self.strength), "weights": digest}

    def marker(self, part: Part) -> str:
        """See `brushwork.dataset.plan.Task`: the part of the manifest."""
        return f"{MANIFEST}/part-{part.index:06d}.parquet"

    def open_styles(self) -> StyleSource:
        """Return the styles from which random ones are drawn."""
        styles = self.styles[0] if self.styles == (RANDOM,) else self.styles
        return StyleSource(styles, model_folder.find(self.model))

    def open(self, threads: int | None, device: str) -> Callable[[Place, Place, Part], Report]:
        """See `brushwork.dataset.plan.Task`."""
        return _Worker(self, stylizer.load(self.model, device=device, threads=threads)).make


class _Content(NamedTuple):
    """A decoded picture of a part, or an error."""

    sample: Sample
    picture: Picture | None
    error: str | None


class _Made(NamedTuple):
    """A pastiche and its row of the manifest."""

    row: dict[str, Any]
    sample: Sample
    pastiche: Picture | None


class _Worker:
    def __init__(self, task: Stylizing, loaded: Stylizer) -> None:
        self._task, self._stylizer = task, loaded
        self._styles = task.open_styles()
        self._draws = Draws(1, task.strength, task.seed)

    def make(self, source: Place, target: Place, part: Part) -> Report:
        """Write the pastiches of a part, and then its rows of the manifest.

        While a picture is rendered, the next one is decoded and the previous one encoded.
        """
        start, rows = time.perf_counter(), list[dict[str, Any]]()
        with (
            open_writer(target, self._task.kind or part.kind, part.stem) as add,
            closing(map_ahead(self._decode, read_part(source, part), ahead=2)) as contents,
            closing(map_ahead(lambda made: self._write(made, add), self._paint(contents), ahead=2)) as written,
        ):
            rows.extend(written)
        write_rows(target, self._task.marker(part), rows, SCHEMA)
        bad = tuple(row["error"] for row in rows if row["error"])
        return Report(part.index, len(rows) - len(bad), bad, seconds=time.perf_counter() - start)

    def _decode(self, sample: Sample) -> _Content:
        if sample.data is None:
            return _Content(sample, None, sample.error)
        try:
            return _Content(sample, images.open(sample.data, size=self._task.size), None)
        except (UserError, MemoryError) as error:
            return _Content(sample, None, f"{sample.name}: {in_one_line(error)}")

    def _paint(self, contents: Iterator[_Content]) -> Iterator[_Made]:
        """Yield every pastiche of every content."""
        for sample, picture, error in contents:
            for variant in range(self._task.per_image if picture else 1):
                row = dict.fromkeys(SCHEMA.names) | {"content": sample.name, "error": error}
                pastiche = None
                if picture is not None:
                    try:
                        pastiche = self._stylize(sample, picture, variant, row)
                    except (UserError, MemoryError) as failure:
                        row["error"] = f"{sample.name}: {in_one_line(failure)}"
                yield _Made(row, sample, pastiche)

    def _stylize(self, sample: Sample, picture: Picture, variant: int, row: dict[str, Any]) -> Picture:
        number = number_of(sample.name)
        draw = self._draws.draw((number, variant))
        height, width = picture.image.shape[:2]
        style, embedding = self._styles.draw(draw.generator, self._stylizer, max(height, width))
        row.update(style=style, variant=variant, seed=self._task.seed, sample=number, strength=draw.strength)
        row.update(width=width, height=height)
        keep = "luma" if self._task.texture_only else None
        pastiche = self._stylizer.stylize(picture, embedding, draw.strength, keep_colors=keep)
        return replace(Picture.of(pastiche, picture.alpha), format=picture.format)

    def _write(self, made: _Made, add: Add) -> dict[str, Any]:
        """Encode a pastiche, add it to the part, and return its row of the manifest."""
        row, sample, pastiche = made
        if pastiche is not None:
            name, kind = _name(sample, row["variant"] if self._task.per_image > 1 else None, pastiche.format)
            buffer = BytesIO()
            images.save(pastiche, buffer, format=kind, quality=self._task.quality if kind in LOSSY else None)
            add(Output(name, buffer.getvalue(), sample.fields))
            row["output"] = name
        return row


LOSSY = ("JPEG", "WEBP", "AVIF")


def number_of(name: str) -> int:
    """Return the number that identifies a picture in draws, the first 8 bytes of the SHA-256 of its name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])


def _name(sample: Sample, variant: int | None, own: str) -> tuple[str, str]:
    """Return the name of a pastiche, the content's with the number of the variant, and its format.

    A pastiche of a content whose format cannot be written gets a second extension, so that no two names are the same.
    """
    key = sample.key if variant is None else f"{sample.key}-{variant + 1}"
    suffix = f".{sample.ending.rpartition('.')[2].lower()}"
    for kind, known in images.FORMATS.items():
        if suffix in known.extensions:
            return f"{key}.{sample.ending}", kind
    kind = own if own in images.FORMATS else "JPEG"
    return f"{key}.{sample.ending}{images.FORMATS[kind].extensions[0]}".replace("..", "."), kind
