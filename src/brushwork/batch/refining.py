"""`--refine`: after the network, the pixels of a pastiche are optimised for some seconds."""

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
    """Raises `UserError` where the other options do not go with `Options.refine`."""
    for wrong, name in (
        (options.regions, "--region"),
        (options.protect, "--protect"),
        (options.keep_colors, "--keep-colors"),
        (options.strength < 1, "--strength"),
    ):
        if wrong:
            raise UserError(f"a pastiche is refined as a whole; leave out --refine or {name}")


class Refiner:
    """Refines the pastiches of a run.

    Args:
        options: Of them, the seconds, the weights and the style size.
        gallery: The named styles of the model.
        progress: Called with the completed fraction of a picture.

    Attributes:
        interrupted: Whether Ctrl-C ended a picture early; no other should be begun then.
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
        """Return the pastiche of a content, refined.

        Args:
            styles: The styles, blended.
            content: The content.
            pastiche: What the network made of it.
            notices: Takes a line on what was gained.
            seconds: Takes how long it took.

        Raises:
            UserError: If the content is an animation or a style has no picture.
            MemoryError: If memory does not suffice.
        """
        from brushwork.training.refine import refine

        if content.animated:
            raise UserError("an animation is not refined; leave out --refine")
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
        """The pictures of the styles and the weight of each; of an own style those that were kept."""
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
                raise UserError(f"{style!r} has no picture to refine towards; give the picture itself")
            pictures += [picture for picture, _ in kept]
            weights += [weight * share for _, share in kept]
        return pictures, weights
