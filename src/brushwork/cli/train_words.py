"""`brushwork train-words`: fits the word map of a model."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from brushwork.cli.groups import Machine, grouped
from brushwork.cli.options import option

Folder = Annotated[Path, typer.Argument(metavar="MODEL", hidden=True)]
Pictures = Annotated[list[str], option(None, "--styles", "SOURCE", "Style pictures: a folder, a .tar, or a glob.")]
Labels = Annotated[Path | None, option(None, "--labels", "FILE", "Tab-separated table of member, kind and label.")]
StyleSize = Annotated[
    int | None, option(None, "--style-size", "80..2048", "Short side of pictures; default: the model's.")
]
Cache = Annotated[Path | None, option(None, "--cache", "FOLDER", "Stores measurements, to continue after Ctrl-C.")]


@grouped
def train_words(
    folder: Folder,
    pictures: Pictures,
    labels: Labels = None,
    style_size: StyleSize = None,
    cache: Cache = None,
    *,
    machine: Machine,
) -> None:
    """Fit a map from words to the embeddings of a model and write it to the model's folder.

    brushwork train-words my-model/ --styles styles/ --labels labels.tsv
    """
    import tempfile

    from brushwork import extras, model_folder
    from brushwork.training import word_map
    from brushwork.training.labels import by_picture, read_labels

    extras.require("words", "train-words")
    known = by_picture(read_labels(labels)) if labels else {}
    found = model_folder.find(folder)
    stylizer = machine.loader(folder)()
    size = style_size or found.card.style_size
    with tempfile.TemporaryDirectory() as temporary:
        described = []
        for address, part in word_map.describe(
            pictures, known, lambda picture: stylizer.embed(picture, size), cache or Path(temporary)
        ):
            print(f"{address}: {len(part.names)} pictures", file=sys.stderr)
            described.append(part)
    word_map.fit(word_map.join(described), size).write(found.path / model_folder.WORDS)
    model_folder.write(found.path, found.card, found.network)
    print(found.path / model_folder.WORDS, file=sys.stderr)
