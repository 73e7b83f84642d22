"""Time of the parts of a training step, and the pastiches per second of the whole step.

    python -m benchmarks.training recipes/arbitrary.toml --set "data.contents=['contents.tar']"
        --set "data.styles=['styles.tar']" --set data.content_sides=256 --set data.style_sides=256

The parts are timed one after another on the same batches, uncompiled; the whole step is that of the training loop,
compiled if the recipe sets it. If the recipe has a cache, it is empty for the parts and filled for the whole step. On a
shared machine, the processor time is more reliable than the seconds. Decoding is measured separately on the CPU, as
resident pictures are decoded once before the first step.
"""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.table import Table

from brushwork.training import recipe_file, student
from brushwork.training.config import Recipe
from brushwork.training.pictures import DecodedPictures
from brushwork.training.process import find_process
from brushwork.training.setup import Setup, cache_targets, open_batches, prepare
from brushwork.training.train import accumulate, learning_rate, update_weights

DECODED = 64  # pictures


class Clock:
    """Seconds of every repetition by part, measured after waiting for the device."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.seconds: dict[str, list[float]] = {}

    def time(self, part: str, work: Callable[[], Any]) -> Any:
        """Run work, record its seconds under the name of a part, and return its result."""
        self._wait()
        start = time.perf_counter()
        made = work()
        self._wait()
        self.seconds.setdefault(part, []).append(time.perf_counter() - start)
        return made

    def _wait(self) -> None:
        if self.device.startswith("cuda"):
            torch.cuda.synchronize()


def step_in_parts(clock: Clock, setup: Setup, batches: Any, step: int) -> int:
    """Time the parts of a step one by one, and return the number of its pastiches."""
    network, loss = setup.network, setup.loss
    batch = clock.time("crop, augment, cache", lambda: batches.batch(step))
    with setup.autocast:
        embedding = clock.time("predictor", lambda: student.embed(network, batch))
        pastiche = clock.time("transfer", lambda: network(batch.content, embedding))
        if batch.targets:
            content, style = batch.targets.content, batch.targets.style
        else:
            content = clock.time("VGG: content", lambda: loss.content_target(batch.content))
            style = clock.time("VGG: style", lambda: loss.style_target(batch.style))
        terms = clock.time("VGG: pastiche, terms", lambda: loss.compare(pastiche, content, style))
    total = terms["total"].mean()
    for parameter in network.parameters():
        parameter.grad = None
    clock.time("backward", total.backward)
    clock.time("optimizer", setup.optimizer.step)
    return len(batch.content)


def whole_step(setup: Setup, recipe: Recipe, batches: Any, step: int) -> int:
    """Take a step like the training loop, and return the number of its pastiches."""
    terms = accumulate(setup, recipe, batches, step)
    update_weights(setup, recipe, learning_rate(recipe.optimizer, step, recipe.steps))
    return len(terms["total"])


def decoding(recipe: Recipe) -> float:
    """Return the seconds to decode and shrink a picture, averaged over contents and styles in equal parts."""
    seconds = 0.0
    for source in (recipe.data.contents, recipe.data.styles):
        pictures = DecodedPictures(source, (0,), short_side=recipe.data.short_side, workers=recipe.data.workers)
        pictures.take(range(1))  # finds and reads the shards
        start = time.perf_counter()
        pictures.take(range(1, 1 + DECODED))
        seconds += time.perf_counter() - start
        pictures.close()
    return seconds / (2 * DECODED)


def table_of_parts(title: str, each: dict[str, float]) -> Table:
    """Return a table of the seconds per pastiche of each part, and their sum."""
    table = Table(title=title)
    for column in ("part", "ms per pastiche", "fraction"):
        table.add_column(column, justify="left" if column == "part" else "right")
    for part, seconds in each.items():
        table.add_row(part, f"{1000 * seconds:.2f}", f"{seconds / sum(each.values()):.0%}")
    table.add_section()
    table.add_row("sum of the parts", f"{1000 * sum(each.values()):.2f}", "")
    return table


def main(
    recipe: Annotated[Path, typer.Argument(help="The recipe.")],
    settings: Annotated[list[str] | None, typer.Option("--set", help="Change the recipe: key=value.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    repeats: Annotated[int, typer.Option(help="Timed steps.", min=1)] = 10,
    warm_up: Annotated[int, typer.Option(help="Steps before the timed ones.", min=1)] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the numbers to a file.")] = None,
) -> None:
    """Measure a training step and its parts."""
    chosen = recipe_file.load(recipe, settings or ())
    process = find_process(device)
    clock = Clock(process.device)
    decode = decoding(chosen)
    setup = prepare(chosen, None, process)
    pastiches = {"parts": 0, "whole step": 0}
    with open_batches(chosen, process) as plain, TemporaryDirectory(dir=Path.cwd()) as folder:
        batches = cache_targets(plain, chosen, setup, Path(folder)) if chosen.cache.styles else plain
        for step in range(warm_up + repeats):
            if step == warm_up:
                clock.seconds.clear()
                pastiches["parts"] = 0
            pastiches["parts"] += step_in_parts(clock, setup, batches, step)
        processor = 0.0
        for step in range(warm_up + repeats):
            processor = time.process_time() if step == warm_up else processor
            work = partial(whole_step, setup, chosen, batches, step)
            count = clock.time("warm-up" if step < warm_up else "whole step", work)
            pastiches["whole step"] += count if step >= warm_up else 0
        processor = (time.process_time() - processor) / pastiches["whole step"]
    del clock.seconds["warm-up"]
    each = {part: sum(seconds) / pastiches.get(part, pastiches["parts"]) for part, seconds in clock.seconds.items()}
    whole = each.pop("whole step")
    table = table_of_parts(
        f"{recipe.name} on {torch.cuda.get_device_name() if device == 'cuda' else process.device}", each
    )
    table.add_row("whole step", f"{1000 * whole:.2f}", f"{1 / whole:.1f} pastiches/s")
    threads = torch.get_num_threads()
    table.add_row(
        "processor time", f"{1000 * processor:.2f}", f"{threads / processor:.1f} pastiches/s if {threads} were free"
    )
    table.add_row("decode a picture", f"{1000 * decode:.2f}", f"{1 / decode:.0f} pictures/s")
    sides = f"content {list(chosen.data.content_sides)}, style {list(chosen.data.style_sides)}"
    console = Console(highlight=False, width=120)
    console.print(table, f"{sides}; torch {torch.__version__}, {torch.get_num_threads()} threads")
    if json_file:
        numbers = {"parts": each, "whole": whole, "decode": decode, "processor": processor}
        json_file.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
