"""`brushwork styles learn`: fits an own style to its picture instead of predicting it."""

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from brushwork.cli.groups import Machine, grouped
from brushwork.cli.options import Model, Overwrite, option
from brushwork.cli.own_styles import About, Name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from brushwork.training.learn_style import Learned

import typer

Picture = Annotated[Path, typer.Argument(metavar="PICTURE", hidden=True)]
Photos = Annotated[Path | None, option(None, "--photos", "FOLDER", "Photos to learn on; else seven that are shipped.")]
Minutes = Annotated[float | None, option(None, "--minutes", "0.1..10000", "How long to learn; else 5.")]
Deep = Annotated[bool, option(None, "--deep", "", "Fit all betas and gammas, too: nearer, for this model only.")]


@grouped
def learn(
    name: Name,
    picture: Picture,
    photos: Photos = None,
    minutes: Minutes = None,
    deep: Deep = False,
    about: About = None,
    overwrite: Overwrite = False,
    model: Model = None,
    *,
    machine: Machine,
) -> None:
    """Fit a style to a picture for some minutes, which comes closer than predicting it.

    Ctrl-C keeps the result so far.

    brushwork styles learn barn painting.jpg --deep
    """
    from brushwork import extras, images, model_folder
    from brushwork.cli import progress
    from brushwork.errors import UserError
    from brushwork.rendering.settings import check_range
    from brushwork.styles import own

    extras.require("torch", "styles learn")
    own.check_free(name, overwrite=overwrite)
    check_range("number of minutes", minutes, 0.1, 10_000)
    style = images.open(picture).on_white
    shown = _photos(photos)
    folder = model_folder.find(model)
    stylizer = machine.loader(model)()
    if stylizer.styles:
        raise UserError(f"model {folder.name} has a fixed table of styles")
    from brushwork.training.learn_style import STYLE_SCALE, as_own_style, learn

    start = stylizer.embed(style, painted=STYLE_SCALE)
    network = model_folder.load_network(folder).transfer
    show = progress.percentage()
    learned = learn(
        network, start, style, shown, 60 * (minutes or 5), deep=deep, progress=lambda fraction, _: show(fraction)
    )
    made = as_own_style(learned, style, picture.name, folder, about)
    path = own.save_learned(name, made, overwrite=overwrite)
    print(f"{name}  {_scores(learned)}in {learned.steps} steps  {path}", file=sys.stderr)


def _scores(learned: "Learned") -> str:
    """Return what learning changed; empty if it was not evaluated."""
    (share, better), (content, kept) = learned.share, learned.content
    if math.isnan(share):
        return ""
    return f"style share {share:.3f} -> {better:.3f}, content loss {content:,.0f} -> {kept:,.0f} "


def _photos(folder: Path | None) -> "list[NDArray[np.float32]]":
    """Return the photos of a folder, or the shipped photos. Those that cannot be used are reported."""
    from brushwork import images
    from brushwork.errors import UserError
    from brushwork.training.learn_style import LARGEST, MOST_PHOTOS, PHOTOS, SMALLEST

    found = images.find(folder or PHOTOS)
    if not found:
        raise UserError(f"no pictures in the folder {folder}")
    count = min(len(found), MOST_PHOTOS)
    if count < len(found):
        print(f"note: learning on {count} of {len(found)} photos", file=sys.stderr)
    usable = []
    for path in (found[number * len(found) // count] for number in range(count)):
        try:
            photo = images.open(path).on_white
            if min(photo.shape[:2]) < SMALLEST:
                raise UserError(f"{path} is smaller than {SMALLEST} pixels")
            usable.append(images.fit_short(photo, LARGEST))
        except UserError as error:
            print(f"note: {error}", file=sys.stderr)
    if not usable:
        raise UserError(f"no usable pictures in the folder {folder}")
    return usable
