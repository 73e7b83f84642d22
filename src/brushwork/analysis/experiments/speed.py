"""Measures milliseconds by picture size and batch, separately for prediction and transfer, on this device."""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from brushwork.analysis import painting
from brushwork.analysis.experiment import Context, Plot, Result, Table
from brushwork.stylizer import load


class Size(NamedTuple):
    """Sides of the pictures in pixels, pictures in a batch, and repeats, of which the fastest is used."""

    sides: tuple[int, ...]
    batches: tuple[int, ...]
    repeats: int


SIZES = {
    "tiny": Size((64, 96), (1, 2), 1),
    "short": Size((256, 512), (1, 4), 2),
    "report": Size((256, 512, 768, 1024), (1, 4), 5),
}


class Timing(NamedTuple):
    """Milliseconds per picture: by the clock, and of processor time."""

    clock: float
    processor: float


def run(context: Context) -> Result:
    """Time the runtime on random pictures, without decoding and files; the fastest of several repeats is used."""
    size, stylizer = context.choose(SIZES), load(context.inputs.model)
    random = np.random.default_rng(0)
    rows: list[list[float]] = []
    for side in size.sides:
        for batch in size.batches:
            context.say(f"{batch} of {side} px")
            images = random.random((batch, side, side, 3), dtype=np.float32)
            embedding = stylizer.runtime.predict(images)
            prediction = _time(lambda images=images: stylizer.runtime.predict(images), size.repeats)  # type: ignore[misc]
            transfer = _time(
                lambda images=images, embedding=embedding: stylizer.runtime.transfer(images, embedding),  # type: ignore[misc]
                size.repeats,
            )
            rows.append([side, batch, *(part / batch for part in (*prediction, *transfer))])
    columns = ("side", "batch", "prediction, ms", "processor", "transfer, ms", "processor time")
    largest, _, prediction_ms, _, transfer_ms, _ = rows[-len(size.batches)]
    return Result(
        summary=f"A pastiche of {largest} x {largest} takes {transfer_ms:,.0f} ms, a style {prediction_ms:,.0f} ms.",
        numbers={"rows": [dict(zip(columns, row, strict=True)) for row in rows]},
        tables=[Table("Milliseconds per picture, the fastest of the repeats", columns, rows)],
        plots=[Plot("speed", "Milliseconds of a pastiche by its number of pixels, at batch 1.", _plot(rows))],
        setting={**painting.describe(stylizer, context.inputs.model), "repeats": size.repeats},
    )


def _time(work: Callable[[], object], repeats: int) -> Timing:
    """Return the time of the fastest of `repeats` calls, after a first one that is not timed."""
    work()
    found = []
    for _ in range(repeats):
        clock, processor = time.perf_counter(), time.process_time()
        work()
        found.append(Timing(1000 * (time.perf_counter() - clock), 1000 * (time.process_time() - processor)))
    return Timing(min(each.clock for each in found), min(each.processor for each in found))


def _plot(rows: list[list[float]]) -> Figure:
    figure = Figure(figsize=(6, 3.8), layout="constrained")
    axis = figure.subplots()
    single = [row for row in rows if row[1] == 1]
    pixels = [row[0] ** 2 for row in single]
    axis.plot(pixels, [row[4] for row in single], marker="o", label="transfer")
    axis.plot(pixels, [row[2] for row in single], marker="o", label="prediction")
    axis.set(xlabel="pixels", ylabel="milliseconds", xscale="log", yscale="log")
    axis.grid(alpha=0.3, which="both")
    axis.legend()
    return figure
