"""Prepares what the stages of a run need: styles over time, colours and the frame painter."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from brushwork import images
from brushwork.batch.session import Session
from brushwork.errors import UserError
from brushwork.images import Image, Picture
from brushwork.rendering.regions import Region
from brushwork.runtime import Array
from brushwork.styles import NamedStyle, resolve
from brushwork.styles.embeddings import pad_alike
from brushwork.stylizer import Stylizer
from brushwork.video.frame_painter import FramePainter
from brushwork.video.letterbox import Box, LetterboxPainter, Painter
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import Pixels, as_image
from brushwork.video.settings import Settings
from brushwork.video.shot_colors import ShotColors
from brushwork.video.timeline import Timeline

# Frames rendered concurrently, each on its part of the cores. Larger frames take gigabytes each, so they are rendered
# one at a time.
TOGETHER, LARGEST = 2, 2560 * 1440


@dataclass(frozen=True)
class Stages:
    """What frames are rendered with.

    Attributes:
        timeline: Style embeddings over time.
        painter: Stylises frames.
        colors: Recolours the styles to match each shot; None if styles keep their colours.
    """

    timeline: Timeline
    painter: Painter
    colors: ShotColors | None

    @classmethod
    def of(
        cls, stylizer: Stylizer, settings: Settings, clip: Clip, first: Pixels, box: Box | None, notes: list[str]
    ) -> "Stages":
        """Embed every style once and create the painter.

        Args:
            stylizer: The model.
            settings: Settings of the clip.
            clip: The clip.
            first: First frame to render, (H, W, 3).
            box: Part of the frames to render; None for all.
            notes: Receives a line for each mask that is scaled to the frames, and notices about styles.

        Raises:
            UserError: If a style or a mask cannot be read.
        """
        options = settings.options()
        _check_style_size(stylizer, settings)
        blended, single = Session(stylizer, options), Session(stylizer, replace(options, weights=None))

        def timeline_of(content: Image) -> Timeline:
            picture = Picture.of(content)
            found = [single.blend((style,), picture) for _, style in settings.changes]
            alike = pad_alike([blended.blend(settings.styles, picture), *found], stylizer.gallery.embedding_size)
            first, *rest = [row for row in alike if row is not None]
            changes = [(when, row) for (when, _), row in zip(settings.changes, rest, strict=True)]
            return Timeline(first, changes, settings.fade_seconds)

        def crop(content: Image) -> Image:
            return box.crop(content) if box else content

        together = min(TOGETHER, os.cpu_count() or 1) if first.size <= 3 * LARGEST else 1
        regions, protected = _read_masks(blended, clip, first, box, notes)
        painter: Painter = FramePainter(
            stylizer, strength=settings.strength, settings=options, regions=regions, protect=protected,
            hold=settings.hold, together=together,
        )  # fmt: skip
        painter = LetterboxPainter(painter, box) if box else painter
        recolors = settings.keep_colors == "histogram"
        colors = ShotColors(timeline_of, crop, clip.start, clip.time_base) if recolors else None
        timeline = timeline_of(crop(as_image(first)))
        notes += dict.fromkeys([*blended.take_notices(), *single.take_notices()])
        return cls(timeline, painter, colors)


def _check_style_size(stylizer: Stylizer, settings: Settings) -> None:
    """Raise `UserError` if a style size is given and no style is a picture, whose strokes it could change."""
    styles = [*settings.styles, *(style for _, style in settings.changes), *(each.style for each in settings.regions)]
    if settings.style_size and all(
        isinstance(resolve(each, stylizer.gallery, files=True), NamedStyle) for each in styles
    ):
        raise UserError("--style-size does nothing: it is for style pictures, and all styles are named ones")


def _read_masks(
    session: Session, clip: Clip, first: Pixels, box: Box | None, notes: list[str]
) -> tuple[list[Region], Array | None]:
    """Return the regions and the protect mask of all frames, cropped to the rendered part."""
    size = first.shape[:2]
    content = Picture.of(as_image(box.crop(first) if box else first))
    regions, protected = session.read_regions(content, Path(clip.name), notes, size)
    if box is None:
        return regions, protected
    fitted = [replace(region, mask=box.crop(images.resize(region.mask, size))) for region in regions]
    return fitted, None if protected is None else box.crop(images.resize(protected, size))
