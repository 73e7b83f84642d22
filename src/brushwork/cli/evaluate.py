"""`brushwork evaluate`: how good the pastiches of a model, or of any program, are."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

if TYPE_CHECKING:
    from brushwork.evaluation.pairs import Pair
    from brushwork.stylizer import Stylizer


def _option(names: str, metavar: str, words: str) -> Any:
    """An option; a metavar of "" is a flag's."""
    return Option(*names.split(), metavar=metavar, help=words)


Judge = Annotated[str | None, Argument(metavar="[MODEL|FOLDER]", hidden=True)]
Contents = Annotated[Path | None, _option("--contents", "FOLDER", "Photos.")]
Videos = Annotated[
    list[str] | None,
    _option("--video", "CLIP", "Measure how steady clips are, instead; folders with true motion, too."),
]
Frames = Annotated[int, _option("--frames", "N", "At most so many frames of each clip.")]
Steady = Annotated[float | None, _option("--steady", "0..1", "As of brushwork video.")]
Styles = Annotated[Path, _option("--styles", "FOLDER", "Style pictures.")]
Pairs = Annotated[int, _option("--pairs", "N", "At most so many pairs, always the same ones.")]
Size = Annotated[int, _option("--size", "PIXELS", "Side of the squares that are judged.")]
Json = Annotated[Path | None, _option("--json", "FILE", "Write every number to a file.")]
Html = Annotated[Path | None, _option("--html", "FILE", "Write a page with all pictures, to look through.")]
Overwrite = Annotated[bool, _option("--overwrite", "", "Replace files that exist.")]
Device = Annotated[str, _option("--device", "auto|cpu|gpu|cuda|mps", "What paints; gpu is Intel's.")]
Precision = Annotated[str, _option("--precision", "auto|f32|bf16|f16|int8", "auto is the device's fastest.")]
Threads = Annotated[int | None, _option("--threads", "N", "Threads of the CPU that paint; else all cores.")]


def evaluate(
    styles: Styles,
    contents: Contents = None,
    judged: Judge = None,
    pairs: Pairs = 55,
    size: Size = 512,
    video: Videos = None,
    frames: Frames = 24,
    steady: Steady = None,
    as_json: Json = None,
    as_html: Html = None,
    overwrite: Overwrite = False,
    device: Device = "auto",
    precision: Precision = "auto",
    threads: Threads = None,
) -> None:
    """Measure how good a model's pastiches are: content loss, style share, SSIM, artefacts, border, seconds.

    MODEL is a name or a model folder; FOLDER holds finished pastiches of any program, named content-style.png.

    brushwork evaluate --contents photos/ --styles paintings/ --html sheet.html

    brushwork evaluate --video clip.mp4 --styles paintings/
    """
    from brushwork import extras
    from brushwork.errors import UserError

    extras.require("torch", "evaluating")
    from brushwork import evaluation, stylizer

    for target in (as_json, as_html):
        _check_target(target, overwrite)
    load = partial(stylizer.load, judged, device=device, precision=precision, threads=threads)
    if video:
        _evaluate_video(load(), video, styles, frames, steady, as_json)
        return
    if contents is None:
        raise UserError("what to judge? give photos with --contents, or a clip with --video")
    _evaluate_pictures(judged, load, evaluation.choose(contents, styles, pairs), size, as_json, as_html)


def _evaluate_pictures(
    judged: str | None, load: Callable[[], "Stylizer"], pairs: Sequence["Pair"], size: int, as_json: Path | None,
    as_html: Path | None,
) -> None:  # fmt: skip
    """Measures pastiches and prints a table."""
    import json

    from brushwork import atomic, evaluation, model_folder
    from brushwork.cli.progress import track

    finished = evaluation.pastiches_in(judged)
    if finished:
        name, painter = finished.name, evaluation.of_folder(finished, pairs)
    else:
        name, painter = model_folder.find(judged).name, evaluation.of_model(load())
    records, page = [], evaluation.Page()
    for each in track(evaluation.evaluate(pairs, painter, size), len(pairs)):
        records.append(each.record)
        if as_html:
            page.add(each)
    summary = evaluation.summarise(records)
    title = f"{name}: {len(records)} pairs at {size} x {size}"
    print(f"{title}\n{evaluation.table(summary)}")
    if as_json:
        values = {"who": name, "size": size, **summary.values(), "records": [record.values() for record in records]}
        atomic.write_text(as_json, json.dumps(values, indent=2) + "\n")
    if as_html:
        atomic.write_text(as_html, page.render(title, summary))


def _evaluate_video(
    stylizer: "Stylizer", clips: list[str], styles: Path, frames: int, steady: float | None, as_json: Path | None
) -> None:
    """Measures clips and prints a table."""
    import json

    from brushwork import atomic, extras, images
    from brushwork.cli.progress import track

    extras.require("video", "evaluating video")
    from brushwork.evaluation import steadiness
    from brushwork.video.settings import STEADY

    looks = images.find(styles)
    share = STEADY if steady is None else steady
    records = steadiness.steadiness(stylizer, clips, looks, steady=share, count=frames)
    done = list(track(records, len(clips) * len(looks)))
    print(steadiness.table(done))
    if as_json:
        values = {"steady": share, "records": [record.values() for record in done]}
        atomic.write_text(as_json, json.dumps(values, indent=2) + "\n")


def _check_target(target: Path | None, overwrite: bool) -> None:
    """What would be refused at the end is refused before the work."""
    from brushwork.errors import UserError

    if target is None:
        return
    if target.is_dir() or not target.parent.is_dir():
        raise UserError(f"cannot write {target}: it is a folder" if target.is_dir() else f"no folder {target.parent}")
    if target.exists() and not overwrite:
        raise UserError(f"{target} exists; use --overwrite to replace it")
