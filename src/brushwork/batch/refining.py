"""Implements `--refine`: optimises the pixels of a pastiche for some seconds after the network has rendered it."""

import time
from collections.abc import Callable
from pathlib import Path

from brushwork import images
from brushwork.batch.options import Options
from brushwork.errors import UserError
from brushwork.images import Image, Picture
from brushwork.styles import resolve
from brushwork.styles.gallery import Gallery
from brushwork.styles.own import OwnStyle


def check(options: Options) -> None:
    """Raise `UserError` if another option cannot be combined with `Options.refine`."""
    for wrong, name in (
        (options.regions, "--region"),
        (options.protect, "--protect"),
        (options.keep_colors, "--keep-colors"),
        (options.strength < 1, "--strength"),
    ):
        if wrong:
            raise UserError(f"--refine optimises the whole pastiche; leave out --refine or {name}")


class Refiner:
    """Refines the pastiches of a run.

    Args:
        options: Options; the seconds, the weights and the style size are used.
        gallery: The named styles of the model.
        progress: called with the fraction completed of a picture.

    Attributes:
        interrupted: Whether Ctrl-C ended a picture early; no further picture should be started then.
    """

    def __init__(self, options: Options, gallery: Gallery, progress: Callable[[float], None]) -> None:
        self._options, self._gallery, self._progress = options, gallery, progress
        self.interrupted = False

    def refine(
        self,
        styles: tuple[str, ...],
        content: Picture,
        pastiche: Picture,
        notices: list[str],
        seconds: dict[str, float],
    ) -> Picture:
        """Return the refined pastiche of a content.

        Args:
            styles: The styles of the blend.
            content: The content.
            pastiche: The network's pastiche.
            notices: Receives a line with the improvement.
            seconds: Receives the time taken.

        Raises:
            UserError: If the content is an animation or a style has no picture.
            MemoryError: If memory is insufficient.
        """
        from brushwork.training.refine import refine

        if content.animated:
            raise UserError("animations cannot be refined; leave out --refine")
        assert self._options.refine is not None
        begun = time.perf_counter()
        pictures, weights = self._pictures(styles)
        refined = refine(
            content.filled().image,
            pastiche.filled().image,
            pictures,
            self._options.refine,
            weights,
            progress=self._progress,
        )
        self.interrupted = refined.interrupted
        seconds["refine"] = time.perf_counter() - begun
        notices.append(
            f"refined in {refined.steps} steps: {refined.after:.1%} of the style loss left, before {refined.before:.1%}"
        )
        return pastiche.map_visible(lambda _: refined.image)

    def _pictures(self, styles: tuple[str, ...]) -> tuple[list[Image], list[float]]:
        """Return the pictures of the styles and their weights; for own styles, the stored pictures."""
        given = self._options.weights or [1.0] * len(styles)
        pictures: list[Image] = []
        weights: list[float] = []
        for style, weight in zip(styles, given, strict=True):
            found = resolve(style, self._gallery, files=True)
            if isinstance(found, Path):
                pictures.append(images.open(found).on_white)
                weights.append(weight)
                continue
            origin = found.origin if isinstance(found, OwnStyle) else ()
            kept = [(picture, each.weight) for each in origin for picture in each.opened]
            if len(kept) < max(len(origin), 1):
                raise UserError(f"--refine needs style pictures, and {style!r} has none; give a picture file")
            pictures += [picture for picture, _ in kept]
            weights += [weight * share for _, share in kept]
        return pictures, weights
