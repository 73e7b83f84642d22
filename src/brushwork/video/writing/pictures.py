"""Writers of pastiches as pictures: numbered files, or one animated picture."""

from pathlib import Path

from brushwork import images
from brushwork.errors import UserError
from brushwork.images import Frame, Image, Picture
from brushwork.images.levels import quantise
from brushwork.images.picture import Frames
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import Pixels, as_image
from brushwork.video.times import TimeRange

UNITS = {".gif": 10}  # unit of a format's durations in milliseconds, if not 1


class ImageSequenceWriter:
    """Writer of numbered pictures.

    Args:
        pattern: Their path, such as ``frames/%05d.png``.
        depth: Bits per channel of the clip; above 8, pictures have 16 bits if their format can hold them.
        overwrite: Whether existing pictures are replaced.
        quality: See `images.save`.
    """

    def __init__(self, pattern: Path, depth: int, *, overwrite: bool, quality: int | None = None) -> None:
        self._pattern, self._depth, self._overwrite, self._quality = pattern, depth, overwrite, quality
        self._number = 0

    def resume(self, pieces: int) -> None:
        """Continue after `pieces` pictures, and replace those that the interrupted run wrote after them."""
        self._number, self._overwrite = pieces, True

    def write(self, pastiche: Image, pts: int, duration: int, alpha: Pixels | None = None) -> None:
        """See `Writer.write`."""
        self._number += 1
        path = self._pattern.with_name(self._pattern.name % self._number)
        deep = 16 if self._depth > 8 and images.FORMATS[images.format_of(path.suffix)].deep else None
        picture = Picture.of(pastiche, None if alpha is None else as_image(alpha))
        images.save(picture.marked(), path, quality=self._quality, depth=deep, overwrite=self._overwrite)

    def end_piece(self) -> int:
        """See `Writer.end_piece`; a piece is a picture."""
        return self._number

    def finish(self, span: TimeRange) -> None:
        """See `Writer.finish`; every picture is already there."""

    def abort(self) -> None:
        """See `Writer.abort`."""


class AnimationWriter:
    """Writer of an animated picture, which holds all frames in memory until the end: for short clips.

    Args:
        clip: The clip that is rendered.
        target: The file.
        overwrite: Whether an existing file is replaced.
        quality: See `images.save`.
    """

    def __init__(self, clip: Clip, target: Path, *, overwrite: bool, quality: int | None = None) -> None:
        self._clip, self._target, self._overwrite, self._quality = clip, target, overwrite, quality
        self._unit = UNITS.get(target.suffix.lower(), 1)
        self._frames: list[Pixels] = []
        self._alphas: list[Pixels | None] = []
        self._ends: list[int] = [0]  # in milliseconds since the first frame, so that rounding does not add up
        self._start: int | None = None

    def resume(self, pieces: int) -> None:
        """Raise `UserError`: an animated picture has no pieces."""
        raise UserError("nothing to resume: an animated picture is written at the end")

    def write(self, pastiche: Image, pts: int, duration: int, alpha: Pixels | None = None) -> None:
        """See `Writer.write`."""
        self._start = pts if self._start is None else self._start
        self._frames.append(quantise(pastiche, 8))
        self._alphas.append(alpha)
        seconds = (pts + duration - self._start) * self._clip.time_base
        self._ends.append(round(seconds * 1000 / self._unit) * self._unit)

    def end_piece(self) -> None:
        """See `Writer.end_piece`."""

    def finish(self, span: TimeRange) -> None:
        """See `Writer.finish`."""

        def make(number: int) -> Frame:
            alpha = self._alphas[number]
            shown = None if alpha is None else as_image(alpha)
            return Frame(as_image(self._frames[number]), shown, self._ends[number + 1] - self._ends[number])

        picture = Picture(Frames(len(self._frames), make))
        kind = "png" if self._target.suffix.lower() == ".apng" else None
        images.save(picture.marked(), self._target, format=kind, quality=self._quality, overwrite=self._overwrite)

    def abort(self) -> None:
        """See `Writer.abort`."""
        self._frames.clear()
