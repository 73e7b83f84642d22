"""`brushwork experiment`: reproduces experiments of the papers."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument

from brushwork.cli.options import Model, given, option

Name = Annotated[str | None, Argument(metavar="[NAME]", hidden=True)]
Listed = Annotated[bool, option(None, "--list", "", "List the experiments.")]
Contents = Annotated[
    list[str] | None, option(None, "--contents", "SOURCE", "Photos to train on: folders, tars, globs.")
]
Styles = Annotated[list[str] | None, option(None, "--styles", "SOURCE", "Style pictures to train on.")]
NewContents = Annotated[list[str] | None, option(None, "--new-contents", "SOURCE", "Photos not used for training.")]
NewStyles = Annotated[
    list[str] | None, option(None, "--new-styles", "SOURCE", "Style pictures that are never trained on.")
]
NewTextures = Annotated[
    list[str] | None, option(None, "--new-textures", "SOURCE", "Textures that are never trained on.")
]
ShowContents = Annotated[
    list[str] | None, option(None, "--show-contents", "SOURCE", "Photos in figures; else the first new ones.")
]
ShowStyles = Annotated[
    list[str] | None, option(None, "--show-styles", "SOURCE", "Styles in figures, and those of N that are trained.")
]
Domains = Annotated[
    list[str] | None, option(None, "--domains", "SOURCE", "Labelled pictures, in folders or tars DOMAIN/CLASS/.")
]
Inception = Annotated[
    Path | None,
    option(None, "--inception", "FILE", "Weights of Inception-v3, for its features or as a predictor."),
]
AdaIN = Annotated[
    Path | None,
    option(None, "--adain", "RUN", "Trained run of recipes/adain-cpu.toml, to compare with the model."),
]
Labels = Annotated[
    Path | None,
    option(None, "--labels", "FILE", "Tab-separated lines of name, kind (artist, movement, texture) and label."),
]
Output = Annotated[
    Path | None,
    option(None, "--output -o", "FOLDER", "Output folder; default experiments/NAME."),
]
ScaleOption = Annotated[
    str | None,
    option(
        None,
        "--scale",
        "tiny|short|report",
        "tiny takes seconds and only tests the code, short trains for minutes; default report.",
    ),
]
Seeds = Annotated[
    int | None, option(None, "--seeds", "1..", "Number of seeds to repeat a training run with; default 1.")
]


def experiment(
    name: Name = None,
    listed: Listed = False,
    contents: Contents = None,
    styles: Styles = None,
    new_contents: NewContents = None,
    new_styles: NewStyles = None,
    new_textures: NewTextures = None,
    show_contents: ShowContents = None,
    show_styles: ShowStyles = None,
    domains: Domains = None,
    labels: Labels = None,
    inception: Inception = None,
    adain: AdaIN = None,
    output: Output = None,
    scale: ScaleOption = None,
    seeds: Seeds = None,
    model: Model = None,
) -> None:
    """Reproduce an experiment of the papers; writes JSON, figures and a page to a folder.

    Started again with the same folder, it reuses the networks trained there.

    brushwork experiment --list

    brushwork experiment embedding-space --styles 'styles/*.tar' --labels labels.tsv
    """
    import sys

    from brushwork import extras
    from brushwork.errors import UserError

    extras.require("analysis", "an experiment")
    extras.require("torch", "an experiment")
    from brushwork.analysis.experiment import Context, Inputs
    from brushwork.analysis.run import EXPERIMENTS, run_experiment
    from brushwork.cli import progress

    if listed or name is None:
        for each, claim in EXPERIMENTS.items():
            print(f"{each}\n    {claim.shows}\n    {claim.section}")
        if not listed:
            raise UserError("no experiment; give one of these names")
        return
    sources = {
        "contents": contents, "styles": styles, "new_contents": new_contents, "new_styles": new_styles,
        "new_textures": new_textures, "show_contents": show_contents, "show_styles": show_styles, "domains": domains,
    }  # fmt: skip
    pictures: dict[str, Any] = {key: tuple(value) for key, value in sources.items() if value}
    inputs = Inputs(**pictures, labels=labels, model=model, inception=inception, adain=adain)
    folder = output or Path("experiments") / name
    with progress.bar() as bar:
        result = run_experiment(name, Context(inputs, folder, say=bar.print, **given(scale=scale, seeds=seeds)))
    print(result.summary)
    print(folder / "index.html", file=sys.stderr)
