"""The list of experiments, and the function that runs one in a folder."""

import os
import time
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from brushwork.analysis.experiment import SCALES, Context, Result
from brushwork.analysis.page import write_result
from brushwork.errors import UserError, unknown


class Claim(NamedTuple):
    """The claim of an experiment: its source in the papers, and the contents of the result."""

    section: str
    shows: str


EXPERIMENTS = {
    "normalisation": Claim(
        "Ulyanov et al. 2017; Dumoulin et al. 2017, section 2",
        "One style, trained with conditional instance norm, batch norm and none: curves and pastiches",
    ),
    "embedding-space": Claim(
        "Ghiasi et al. 2017, section 3.4",
        "Neighbours with the same artist, movement or texture, a map, and the variance that components explain",
    ),
    "components": Claim(
        "Ghiasi et al. 2017, section 3.4",
        "The effect of the principal components of the embeddings, and the quality with the first k of them",
    ),
    "identity-walk": Claim(
        "Ghiasi et al. 2017, section 3.5",
        "Pastiches and losses on the way from a content's own style to another",
    ),
    "number-of-styles": Claim(
        "Ghiasi et al. 2017, section 3.3",
        "Style loss on unseen styles against the number of training styles, and against the nearest of them",
    ),
    "unseen-styles": Claim(
        "Ghiasi et al. 2017, section 3.2",
        "Distributions of the losses on training styles, unseen paintings and unseen textures",
    ),
    "weighting": Claim(
        "Dumoulin et al. 2017, section 3; Ghiasi et al. 2017, section 3.2",
        "Style loss by style: networks of one style, a network of N styles and one of any, with the same weights",
    ),
    "n-styles": Claim(
        "Dumoulin et al. 2017, sections 2 to 4",
        "N styles in one network, blends of them, and one more style by one column",
    ),
    "predictors": Claim(
        "Ghiasi et al. 2017, section 2.2",
        "Backbones of the style prediction network, pooling of one or all levels, sizes of the embedding",
    ),
    "adain": Claim(
        "Huang and Belongie 2017",
        "AdaIN and this network after equal steps, compared with the photo and with optimised pixels",
    ),
    "speed": Claim(
        "Ghiasi et al. 2017, section 3.1; Dumoulin et al. 2017, section 1",
        "Milliseconds by picture size and batch, separately for prediction and transfer",
    ),
    "augmentation": Claim(
        "Ghiasi et al. 2017, section 6; Jackson et al. 2018",
        "Classifiers trained on one domain with and without random styles, tested on the others",
    ),
}


def run_experiment(name: str, context: Context) -> Result:
    """Run an experiment and write its numbers, figures and page into the context's folder.

    Raises:
        UserError: If there is no such experiment, or an input is missing or cannot be read.
    """
    if name not in EXPERIMENTS:
        raise UserError(unknown("experiment", name, list(EXPERIMENTS)))
    if context.scale not in SCALES:
        raise UserError(unknown("scale", context.scale, SCALES))
    if context.seeds < 1:
        raise UserError(f"the number of seeds is {context.seeds}; it must be at least 1")
    if context.folder.exists() and not context.folder.is_dir():
        raise UserError(f"{context.folder} is a file; --output takes a folder")
    context.folder.mkdir(parents=True, exist_ok=True)
    run: Callable[[Context], Result] = import_module(f"brushwork.analysis.experiments.{name.replace('-', '_')}").run
    start, spent = time.monotonic(), _processor_seconds()
    result = run(context)
    seconds = {"seconds": time.monotonic() - start, "processor seconds": _processor_seconds() - spent}
    write_result(name, EXPERIMENTS[name].section, result, context, seconds)
    return result


def _processor_seconds() -> float:
    times = os.times()
    return times.user + times.system
