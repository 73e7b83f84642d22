"""Embeds data sets of style pictures into Parquet files, and finds the nearest embeddings."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from brushwork import images, model_folder, stylizer
from brushwork.dataset.parts import Part, Sample, read_part
from brushwork.dataset.places import Place
from brushwork.dataset.plan import EMBEDDINGS, Report
from brushwork.dataset.writing import write_rows
from brushwork.errors import UserError, in_one_line
from brushwork.prefetch import map_ahead
from brushwork.rendering.settings import check_range
from brushwork.runtime import Array
from brushwork.styles.embeddings import STYLE_SIZES

# Rows that are compared at once, 65 MB of embeddings of 256 numbers.
ROWS = 65536


@dataclass(frozen=True)
class Embedding:
    """The task of embedding style pictures.

    Attributes:
        style_size: Short side in pixels at which they are embedded; None for the model's.
        model: Name of a model or a model folder; None for the default.

    Raises:
        UserError: If the model does not exist or predicts no embeddings, or the size is out of its range.
    """

    style_size: int | None = None
    model: str | None = None

    def __post_init__(self) -> None:
        check_range("style size", self.style_size, *STYLE_SIZES)
        if model_folder.find(self.model).styles:
            raise UserError("this model has a fixed table of styles and cannot embed pictures")

    @property
    def settings(self) -> dict[str, Any]:
        """See `brushwork.dataset.plan.Task`."""
        return {**asdict(self), "weights": model_folder.find(self.model).sha256[model_folder.WEIGHTS]}

    def marker(self, part: Part) -> str:
        """See `brushwork.dataset.plan.Task`: the embeddings of the part."""
        return f"{EMBEDDINGS}/part-{part.index:06d}.parquet"

    def open(self, threads: int | None, device: str) -> Callable[[Place, Place, Part], Report]:
        """See `brushwork.dataset.plan.Task`."""
        loaded = stylizer.load(self.model, device=device, threads=threads)
        schema = _schema(model_folder.find(self.model).embedding_size)

        def make(source: Place, target: Place, part: Part) -> Report:
            start, rows = time.perf_counter(), list[dict[str, Any]]()
            for sample, picture in map_ahead(_decode, read_part(source, part), ahead=2):
                row: dict[str, Any] = {"style": sample.name, "embedding": None, "error": sample.error}
                try:
                    if isinstance(picture, str):
                        row["error"] = picture
                    elif picture is not None:
                        row["embedding"] = loaded.embed(picture, self.style_size)[0]
                except UserError as error:
                    row["error"] = f"{sample.name}: {in_one_line(error)}"
                rows.append(row)
            write_rows(target, self.marker(part), rows, schema)
            bad = tuple(row["error"] for row in rows if row["error"])
            return Report(part.index, len(rows) - len(bad), bad, seconds=time.perf_counter() - start)

        return make


def _schema(size: int) -> pa.Schema:
    embedding = pa.list_(pa.float32(), size)
    return pa.schema([("style", pa.string()), ("embedding", embedding), ("error", pa.string())])


def _decode(sample: Sample) -> tuple[Sample, Any]:
    """Return a sample with its decoded picture, or with an error of one line."""
    if sample.data is None:
        return sample, None
    try:
        return sample, images.open(sample.data)
    except (UserError, MemoryError) as error:
        return sample, f"{sample.name}: {in_one_line(error)}"


class Neighbour(NamedTuple):
    """A style, and the Euclidean distance of its embedding."""

    style: str
    distance: float


def nearest(place: Place, embedding: Array, count: int = 10) -> list[Neighbour]:
    """Return the styles with the nearest embeddings, the nearest first, by an exact search (Faiss) in constant memory.

    Args:
        place: The output of `brushwork embed`.
        embedding: The embedding (1, D).
        count: Number of styles.

    Raises:
        UserError: If there are no embeddings, or they are of another model.
    """
    import faiss

    found: list[Neighbour] = []
    names = place.find(EMBEDDINGS)
    if not names:
        raise UserError(f"{place.url} contains no embeddings; `brushwork embed` writes them")
    for name in names:
        with place.open(name) as file:
            for batch in pq.ParquetFile(file).iter_batches(ROWS, columns=["style", "embedding"]):
                known = batch.filter(batch["embedding"].is_valid())
                rows = np.asarray(known["embedding"].flatten(), np.float32).reshape(len(known), -1)
                if not len(rows):
                    continue
                if rows.shape[1] != embedding.shape[1]:
                    size = rows.shape[1]
                    raise UserError(f"{place.url} belongs to another model: its embeddings have {size} numbers")
                squares, indices = faiss.knn(embedding, rows, min(count, len(rows)))
                styles = known["style"].take(pa.array(indices[0])).to_pylist()
                found += [Neighbour(*each) for each in zip(styles, np.sqrt(squares[0]).tolist(), strict=True)]
                found = sorted(found, key=lambda each: each.distance)[:count]
    return found
