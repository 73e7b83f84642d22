"""`brushwork evaluate`: scores of the pastiches of a model, or of any program."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument

from brushwork.cli.groups import Machine, grouped
from brushwork.cli.options import JsonFile, Overwrite, Steady, check_target, given, option

if TYPE_CHECKING:
    from brushwork.evaluation.pairs import Pair
    from brushwork.stylizer import Stylizer

Judge = Annotated[str | None, Argument(metavar="[MODEL|FOLDER]", hidden=True)]
Contents = Annotated[Path | None, option(None, "--contents", "FOLDER", "Photos.")]
Videos = Annotated[
    list[str] | None,
    option(None, "--video", "CLIP", "Measure how steady clips are instead; takes folders with true motion, too."),
]
Frames = Annotated[int | None, option(None, "--frames", "2..", "Frames of each clip at most; else 24.")]
Styles = Annotated[Path, option(None, "--styles", "FOLDER", "Style pictures.")]
Pairs = Annotated[int | None, option(None, "--pairs", "1..", "Pairs at most, always the same ones; else 55.")]
Size = Annotated[int | None, option(None, "--size", "64..", "Side in pixels of the squares that are scored; else 512.")]
Html = Annotated[Path | None, option(None, "--html", "FILE", "Write a page that shows all pictures.")]


@grouped
def evaluate(
    styles: Styles,
    contents: Contents = None,
    judged: Judge = None,
    pairs: Pairs = None,
    size: Size = None,
    video: Videos = None,
    frames: Frames = None,
    steady: Steady = None,
    as_json: JsonFile = None,
    as_html: Html = None,
    overwrite: Overwrite = False,
    *,
    machine: Machine,
) -> None:
    """Measure how good a model's pastiches are: content loss, style share, SSIM, artefacts, border, seconds.

    MODEL is a name or a model folder; FOLDER holds finished pastiches of any program, named content-style.png.

    brushwork evaluate --contents photos/ --styles paintings/ --html sheet.html

    brushwork evaluate --video clip.mp4 --styles paintings/
    """
    from brushwork import extras
    from brushwork.errors import UserError

    extras.require("torch", "evaluating")
    from brushwork import evaluation

    for target in (as_json, as_html):
        check_target(target, overwrite)
    load = machine.loader(judged)
    if video:
        _evaluate_video(load(), video, styles, frames, steady, as_json)
        return
    if contents is None:
        raise UserError("nothing to evaluate: give photos with --contents, or a clip with --video")
    _evaluate_pictures(judged, load, evaluation.choose(contents, styles, **given(count=pairs)), size, as_json, as_html)


def _evaluate_pictures(
    judged: str | None, load: Callable[[], "Stylizer"], pairs: Sequence["Pair"], size: int | None, as_json: Path | None,
    as_html: Path | None,
) -> None:  # fmt: skip
    """Measure pastiches and print a table."""
    import json

    from brushwork import atomic, evaluation, model_folder
    from brushwork.cli.progress import track

    finished = evaluation.pastiches_in(judged)
    if finished:
        name, painter = finished.name, evaluation.of_folder(finished, pairs)
    else:
        name, painter = model_folder.find(judged).name, evaluation.of_model(load())
    records, page = [], evaluation.Page()
    for each in track(evaluation.evaluate(pairs, painter, **given(size=size)), len(pairs)):
        records.append(each.record)
        if as_html:
            page.add(each)
    summary, size = evaluation.summarise(records), len(each.content)
    title = f"{name}: {len(records)} pairs at {size} x {size}"
    print(f"{title}\n{evaluation.table(summary)}")
    if as_json:
        values = {"who": name, "size": size, **summary.values(), "records": [record.values() for record in records]}
        atomic.write_text(as_json, json.dumps(values, indent=2) + "\n")
    if as_html:
        atomic.write_text(as_html, page.render(title, summary))


def _evaluate_video(
    stylizer: "Stylizer", clips: list[str], styles: Path, frames: int | None, steady: float | None, as_json: Path | None
) -> None:
    """Measure clips and print a table."""
    import json

    from brushwork import atomic, extras, images
    from brushwork.cli.progress import track

    extras.require("video", "evaluating video")
    from brushwork.evaluation import steadiness
    from brushwork.video.settings import STEADY

    pictures = images.find(styles)
    weight = STEADY if steady is None else steady
    records = steadiness.steadiness(stylizer, clips, pictures, steady=weight, **given(count=frames))
    done = list(track(records, len(clips) * len(pictures)))
    print(steadiness.table(done))
    if as_json:
        values = {"steady": weight, "records": [record.values() for record in done]}
        atomic.write_text(as_json, json.dumps(values, indent=2) + "\n")
