"""`brushwork evaluate`: scores the pastiches of a model or of another program."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument

from brushwork.cli.groups import Machine, grouped
from brushwork.cli.options import JsonFile, Overwrite, Steady, check_target, given, option
from brushwork.cli.parts import Ray, Workers

if TYPE_CHECKING:
    from brushwork.evaluation.pairs import Pair
    from brushwork.stylizer import Stylizer

Judge = Annotated[str | None, Argument(metavar="[MODEL|FOLDER]", hidden=True)]
Contents = Annotated[Path | None, option(None, "--contents", "FOLDER|TAR", "Photos, searched recursively.")]
Videos = Annotated[
    list[str] | None,
    option(
        None, "--video", "CLIP", "Measure the stability of clips instead; also takes folders with ground-truth motion."
    ),
]
Frames = Annotated[int | None, option(None, "--frames", "2..", "Most frames per clip; default 24.")]
Styles = Annotated[Path, option(None, "--styles", "FOLDER|TAR", "Style pictures.")]
Pairs = Annotated[int | None, option(None, "--pairs", "1..", "Most pairs, always the same ones; default 55.")]
Size = Annotated[int | None, option(None, "--size", "64..", "Side in pixels of the scored squares; default 512.")]
Html = Annotated[Path | None, option(None, "--html", "FILE", "Write a page that shows all pictures.")]

Inception = Annotated[
    Path | None, option(None, "--inception", "FILE", "Weights of Inception-v3; adds the distance of its features.")
]

Optimized = Annotated[
    int | None, option(None, "--optimize", "1..", "Add optimised pixels of the first pairs, minutes each on a CPU.")
]


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
    ray: Ray = None,
    workers: Workers = None,
    *,
    inception: Inception = None,
    optimize: Optimized = None,
    machine: Machine,
) -> None:
    """Measure the quality of pastiches: content loss, style share, SSIM, artefacts, border, seconds.

    MODEL is a name or a model folder; FOLDER contains pastiches of any program, named content-style.png.

    brushwork evaluate --contents photos/ --styles paintings/ --html sheet.html

    brushwork evaluate --video clip.mp4 --styles paintings/
    """
    from brushwork import extras
    from brushwork.errors import UserError

    extras.require("torch", "evaluating")
    from brushwork import evaluation

    for target in (as_json, as_html):
        check_target(target, overwrite)
    # Scores are compared between machines, so the default precision is not the fastest one of this machine.
    machine.precision = machine.precision or "f32"
    load = machine.loader(judged)
    if video:
        _evaluate_video(load(), video, styles, frames, steady, as_json)
        return
    if contents is None:
        raise UserError("nothing to evaluate; give photos with --contents or a clip with --video")
    chosen = evaluation.choose(contents, styles, **given(count=pairs))
    how = {"device": machine.device or "auto", "precision": machine.precision}
    if ray is not None:
        if as_html or inception or optimize or evaluation.pastiches_in(judged):
            raise UserError("--ray scores models only, without --html, --inception and --optimize")
        _evaluate_on(ray, judged, chosen, given(workers=workers, threads=machine.threads), given(size=size), as_json)
        return
    _evaluate_pictures(
        judged, load, chosen, how, given(size=size, inception=inception, optimize=optimize), as_json, as_html
    )


def _evaluate_pictures(
    judged: str | None, load: Callable[[], "Stylizer"], pairs: Sequence["Pair"], how: dict[str, str],
    options: dict[str, Any], as_json: Path | None, as_html: Path | None,
) -> None:  # fmt: skip
    """Score pastiches and print a table."""
    import json

    from brushwork import atomic, evaluation, model_folder
    from brushwork.cli.progress import track
    from brushwork.evaluation.distances import MixedFeatures, mixed_6e_distance
    from brushwork.evaluation.machine import describe_machine

    finished = evaluation.pastiches_in(judged)
    if finished:
        name, painter = finished.name, evaluation.of_folder(finished, pairs)
    else:
        name, painter = model_folder.find(judged).name, evaluation.of_model(load())
    inception, optimize = options.pop("inception", None), options.pop("optimize", 0)
    features = inception and MixedFeatures(inception)
    records, page, seen = [], evaluation.Page(), []
    for each in track(evaluation.evaluate(pairs, painter, **options), len(pairs)):
        records.append(each.record)
        if features:
            seen.append((features(each.pastiche), features(each.style)))
        if as_html:
            page.add(each)
    distance = mixed_6e_distance(*zip(*seen, strict=True)) if len(seen) > 1 else None
    summary, size = evaluation.summarise(records, distance), len(each.content)
    title = f"{name}: {len(records)} pairs at {size} x {size}"
    first = pairs[:optimize]
    pixels = track(evaluation.evaluate(first, evaluation.optimised, size), len(first)) if first else ()
    limit = [found.record for found in pixels]
    extra = [evaluation.summarise(each) for each in (limit, records[: len(limit)]) if each]
    table = evaluation.table(summary, *extra)
    print(f"{title}\n{table}")
    if as_json:
        made = {} if finished else how
        values = {"who": name, "size": size, **made, "machine": describe_machine(), **summary.values()}
        values["records"] = [record.values() for record in records]
        if extra:
            values["optimised"] = {**extra[0].values(), "records": [record.values() for record in limit]}
        atomic.write_text(as_json, json.dumps(values, indent=2) + "\n")
    if as_html:
        atomic.write_text(as_html, page.render(title, table))


def _evaluate_on(
    address: str, judged: str | None, pairs: Sequence["Pair"], workers: dict[str, Any], options: dict[str, Any],
    as_json: Path | None,
) -> None:  # fmt: skip
    """Score pastiches on a Ray cluster and print a table."""
    import json

    from brushwork import atomic, evaluation, extras, model_folder
    from brushwork.cli import progress
    from brushwork.errors import UserError

    extras.require("ray", "--ray")
    from brushwork.scale.cluster import Cluster
    from brushwork.scale.evaluation import evaluate_on

    name, records, bad = model_folder.find(judged).name, [], 0
    with progress.bar(len(pairs)) as bar:
        for number, scored in enumerate(evaluate_on(Cluster(address, **workers), judged, pairs, **options), start=1):
            if scored.record is None:
                bad += 1
                bar.print(f"brushwork: {scored.error}")
            else:
                records.append(scored.record)
            bar.update(number)
    if not records:
        raise UserError("no pair could be scored")
    summary = evaluation.summarise(records)
    print(f"{name}: {len(records)} pairs\n{evaluation.table(summary)}")
    if as_json:
        values = {"who": name, **options, **summary.values(), "records": [record.values() for record in records]}
        atomic.write_text(as_json, json.dumps(values, indent=2) + "\n")
    if bad:
        raise UserError(f"{bad} pairs could not be scored; the table contains all others")


def _evaluate_video(
    stylizer: "Stylizer", clips: list[str], styles: Path, frames: int | None, steady: float | None, as_json: Path | None
) -> None:
    """Score clips and print a table."""
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
